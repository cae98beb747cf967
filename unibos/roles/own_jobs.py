"""What a node does of its own jobs."""

from collections.abc import Sequence

from unibos.base.config import Config
from unibos.core.jobs.kind import JobKind
from unibos.core.jobs.routing.board import max_size_mb_for, queues_for
from unibos.core.jobs.routing.rules import Rules
from unibos.core.jobs.worker.capabilities import capabilities
from unibos.core.store.claimant import Claimant

_MIB = 1024 * 1024


def rules_of(config: Config, kinds: Sequence[JobKind]) -> Rules:
    """The rules of the configuration.

    :raises Misconfigured: ``rule_invalid``.
    """
    return Rules.parse(config.jobs.rules, (kind.name for kind in kinds))


def own_claimant(config: Config, owner: str, kinds: Sequence[JobKind], rules: Rules) -> Claimant:
    """What the node takes; starts programs where a kind asks for what they can, so call it on a
    thread."""
    machine, wanted = config.machine, config.worker
    ruled = [rules.applied(kind) for kind in kinds]
    asked = any(kind.requires or kind.prefer for kind in ruled)
    most = wanted.max_size_mb or max_size_mb_for(machine.model)
    return Claimant(
        owner=owner,
        place="node_only",
        kinds={},
        queues=frozenset(wanted.queues) or queues_for(machine.model, wanted.type),
        capabilities=frozenset(capabilities(gpu=wanted.gpu).names) if asked else frozenset(),
        memory_mb=config.jobs.memory_mb,
        max_size=most * _MIB,
    )
