"""Jobs of one instance: claimed from the table, run on threads and in child processes."""

import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from unibos.core.jobs.kind import JobKind
from unibos.core.store.jobs import Job
from unibos.core.store.store import Store
from unibos.core.store.transaction import Transaction


def child_command() -> tuple[str, ...]:
    """How a child of this program is started."""
    if getattr(sys, "frozen", False):
        return (sys.executable, "run-job")
    return (sys.executable, "-m", "unibos", "run-job")


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What an instance may take for its jobs.

    :param folder: where each child gets an empty folder; cleared at the start.
    :param heavy: children at the same time.
    :param light: light jobs at the same time.
    :param memory_mb: memory of one child, in MiB.
    :param keep_days: days that a finished job is kept.
    :param grace_hours: hours that bytes without a record are kept.
    :param command: how a child is started.
    """

    folder: Path
    heavy: int = 1
    light: int = 2
    memory_mb: int = 320
    keep_days: int = 30
    grace_hours: int = 24
    command: tuple[str, ...] = child_command()


@dataclass(frozen=True, slots=True)
class Stats:
    """For metrics and status: ``states`` counts the jobs of all orgs by state."""

    states: dict[str, int]
    heavy: int
    heavy_slots: int
    light: int
    light_slots: int
    healthy: bool


class Jobs:
    """Runs the jobs of a store from :meth:`start` to :meth:`stop`.

    Adding, reading and listing jobs is done by the verbs in ``store.jobs``.

    :param owner: names this instance in leases; the same in each of its lives.
    """

    def __init__(
        self, store: Store, kinds: Iterable[JobKind], settings: Settings, *, owner: str
    ) -> None:
        raise NotImplementedError

    def start(self) -> None:
        """Take back what an earlier life of this instance held, and begin to run jobs."""
        raise NotImplementedError

    def stop(self, seconds: float) -> None:
        """Take no more jobs; those that run get some seconds, then go back to their queues."""
        raise NotImplementedError

    def cancel(self, tx: Transaction, id_: str) -> Job:
        """End a job as ``cancelled`` and tell its kind; its child is killed after the commit.

        A verb: ``await store.awrite(lambda tx: jobs.cancel(tx, id_))``.

        :raises NotFound: ``job_not_found``.
        :raises Conflict: ``job_finished``.
        """
        raise NotImplementedError

    def stats(self) -> Stats:
        """How it stands."""
        raise NotImplementedError
