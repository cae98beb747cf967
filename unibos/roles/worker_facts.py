"""What this machine can do for jobs: found at the start, the same for a worker and for the
instance that does its own jobs."""

from collections.abc import Iterable

from unibos import __version__
from unibos.base.config import Config
from unibos.base.errors import Misconfigured
from unibos.core.jobs.kind import HeavyKind, JobKind, PortableKind
from unibos.core.jobs.leasing.messages import WorkerFacts
from unibos.core.jobs.routing.board import max_size_mb_for, queues_for
from unibos.core.jobs.worker.capabilities import capabilities


def found(config: Config, kinds: Iterable[JobKind]) -> WorkerFacts:
    """Look at the machine; starts programs, so call it on a thread.

    :param kinds: those that this program knows; light ones are not told, for they are done where
        their store is.
    :raises Misconfigured: ``worker_queues_none``.
    """
    machine, wanted = config.machine, config.worker
    queues = wanted.queues or queues_for(machine.model, wanted.type)
    if not queues:
        raise Misconfigured(
            "worker_queues_none",
            f"No queue of the type {wanted.type} fits this board ({machine.model}).",
            hint="Set another worker.type, or name the queues themselves: worker.queues.",
        )
    there = capabilities(gpu=wanted.gpu)
    known = {
        kind.name: kind.version for kind in kinds if isinstance(kind, HeavyKind | PortableKind)
    }
    return WorkerFacts(
        type=wanted.type,
        version=__version__,
        board=machine.name[:200],
        cores=machine.cores,
        slots=config.jobs.heavy,
        memory_mb=config.jobs.memory_mb,
        max_size_mb=wanted.max_size_mb or max_size_mb_for(machine.model),
        queues=tuple(sorted(queues)),
        kinds=known,
        capabilities=there.names,
        versions=there.versions,
    )
