"""Jobs of one instance: claimed from the table, run on threads and in child processes."""

from collections.abc import Iterable

from unibos.core.jobs.clock import SteadyClock
from unibos.core.jobs.housekeeping import Housekeeping
from unibos.core.jobs.kind import JobKind, by_name
from unibos.core.jobs.options import Options
from unibos.core.jobs.queue import Chore, TaskQueue
from unibos.core.jobs.runner import Runner
from unibos.core.store import jobs, leases
from unibos.core.store.job import Job, JobError
from unibos.core.store.store import Store
from unibos.core.store.transaction import Transaction

_THREADS_SECONDS = 2.0


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
        options: Options,
        *,
        owner: str,
        chores: Iterable[Chore] = (),
    ) -> None:
        self.kinds = by_name(kinds)
        self._store = store
        clock = SteadyClock()
        self._runner = Runner(store, self.kinds, options, owner, clock)
        self._house = Housekeeping(store, options, clock, self._runner.folders)
        self._queue = TaskQueue(
            options.heavy + options.light, self._runner.run, (*chores, *self._chores())
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

    def states(self) -> dict[str, int]:
        """How many jobs, of all orgs, are in each state."""
        return self._store.read(leases.states)

    @property
    def healthy(self) -> bool:
        """Whether every thread that it needs is alive."""
        return self._runner.healthy and self._queue.healthy

    def _chores(self) -> list[Chore]:
        return [
            Chore("expire leases", "*/5", self._runner.expire),
            Chore("remove old jobs", "7", self._house.old_jobs),
            Chore("remove folders", "17", self._house.folders),
            Chore("remove orphaned blobs", "27", self._house.orphaned_blobs),
        ]
