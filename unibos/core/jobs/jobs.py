"""Jobs of one instance: claimed from the table, run on threads and in child processes."""

from collections.abc import Iterable
from dataclasses import dataclass

from unibos.base.clock import Wall, wall_ms
from unibos.core.jobs.clock import SteadyClock
from unibos.core.jobs.housekeeping import Housekeeping
from unibos.core.jobs.kind import JobKind, by_name
from unibos.core.jobs.queue import Chore, TaskQueue
from unibos.core.jobs.runner import Runner
from unibos.core.jobs.settings import Settings
from unibos.core.store import jobs, leases
from unibos.core.store.job import Job, JobError
from unibos.core.store.store import Store
from unibos.core.store.transaction import Transaction

__all__ = ["Jobs", "Settings", "Stats"]

_THREADS_SECONDS = 2.0


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
    :param chores: what else is to be done again and again.
    """

    def __init__(
        self,
        store: Store,
        kinds: Iterable[JobKind],
        settings: Settings,
        *,
        owner: str,
        chores: Iterable[Chore] = (),
        wall: Wall = wall_ms,
    ) -> None:
        self.kinds = by_name(kinds)
        self._store = store
        self._settings = settings
        clock = SteadyClock(wall)
        self._runner = Runner(store, self.kinds, settings, owner, clock)
        self._house = Housekeeping(store, settings, clock, self._runner.folders)
        self._queue = TaskQueue(
            settings.heavy + settings.light, self._runner.run, (*chores, *self._chores())
        )

    def start(self) -> None:
        """Take back what an earlier life of this instance held, and begin to run jobs."""
        self._house.folders()
        self._queue.start()
        self._runner.start(self._queue.put)

    def stop(self, seconds: float) -> None:
        """Take no more jobs; those that run get some seconds, then go back to their queues."""
        self._runner.stop(seconds)
        self._queue.stop(_THREADS_SECONDS)

    def cancel(self, tx: Transaction, id_: str) -> Job:
        """End a job as ``cancelled`` and tell its kind; its child is killed after the commit.

        A verb: ``await store.awrite(lambda tx: jobs.cancel(tx, id_))``.

        :raises NotFound: ``job_not_found``.
        :raises Conflict: ``job_finished``.
        """
        job = jobs.cancel(tx, id_)
        if job.kind in self.kinds:
            why = JobError("job_cancelled", "The job was cancelled.")
            self.kinds[job.kind].failed(tx, job, why)
        return job

    def stats(self) -> Stats:
        """How it stands."""
        runner = self._runner
        return Stats(
            states=self._store.read(leases.states),
            heavy=runner.taken(runner.heavy),
            heavy_slots=runner.heavy.slots,
            light=runner.taken(runner.light),
            light_slots=runner.light.slots,
            healthy=runner.healthy and self._queue.healthy,
        )

    def _chores(self) -> list[Chore]:
        return [
            Chore("expire leases", "*/5", self._runner.expire),
            Chore("remove old jobs", "7", self._house.old_jobs),
            Chore("remove folders", "17", self._house.folders),
            Chore("remove orphaned blobs", "27", self._house.orphaned_blobs),
        ]
