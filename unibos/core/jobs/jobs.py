"""Jobs of one instance: claimed from the table, run on threads and in child processes."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial

from unibos.core.jobs.clock import SteadyClock
from unibos.core.jobs.housekeeping import Housekeeping
from unibos.core.jobs.kind import JobKind, Kinds, by_name
from unibos.core.jobs.options import Options
from unibos.core.jobs.outcome import Outcomes, tell
from unibos.core.jobs.queue import Chore, TaskQueue
from unibos.core.jobs.routing.rules import NO_RULES, Rules
from unibos.core.jobs.runner import Runner
from unibos.core.store import batches, chains, jobs, leases
from unibos.core.store.batches import Batch
from unibos.core.store.claimant import Claimant
from unibos.core.store.job import Job, JobError
from unibos.core.store.store import Store
from unibos.core.store.transaction import Transaction

_THREADS_SECONDS = 2.0
_CANCELLED = JobError("job_cancelled", "The job was cancelled.")


class Jobs:
    """Runs the jobs of a store from :meth:`start` to :meth:`stop`.

    Adding, reading and listing jobs is done by the verbs in ``store.jobs``.

    :param owner: names this instance in leases; the same in each of its lives.
    :param chores: what else is to be done again and again.
    :param claimant: what this instance takes of its own jobs; its owner and kinds are filled in
        here. Light kinds can run nowhere else, so for them neither queues nor limits hold. None
        takes everything.
    :param rules: where jobs run, beyond what their kinds say.
    """

    def __init__(
        self,
        store: Store,
        kinds: Iterable[JobKind],
        options: Options,
        *,
        owner: str,
        chores: Iterable[Chore] = (),
        claimant: Claimant | None = None,
        rules: Rules = NO_RULES,
    ) -> None:
        self.kinds = by_name(kinds)
        self.rules = rules
        self._store = store
        store.ruled = rules.applied
        clock = SteadyClock()
        self.outcomes = Outcomes(store, self.kinds, clock, options.retry_seconds)
        self.claimant = _claimant(claimant, owner, self.kinds)
        self._runner = Runner(store, self.outcomes, options, self.claimant)
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
        """End a job as ``cancelled``, and all that need it, and tell their kinds; children are
        killed after the commit.

        A verb: ``await store.awrite(lambda tx: jobs.cancel(tx, id_))``.

        :raises NotFound: ``job_not_found``.
        :raises Conflict: ``job_finished``.
        """
        following = chains.following(tx, id_)
        job = jobs.cancel(tx, id_)
        for ended in (job, *(jobs.get(tx, each) for each in following)):
            tell(tx, self.kinds, ended, _CANCELLED)
        return job

    def cancel_batch(self, tx: Transaction, id_: str) -> Batch:
        """End all jobs of a batch that have not ended; a verb like :meth:`cancel`.

        :raises NotFound: ``batch_not_found``.
        """
        batches.get(tx, id_)
        for job_id in batches.open_jobs(tx, id_):
            # One that needs another of the batch may have ended with it.
            if not jobs.get(tx, job_id).state.final:
                self.cancel(tx, job_id)
        return batches.get(tx, id_)

    def states(self) -> dict[str, int]:
        """How many jobs, of all orgs, are in each state."""
        return self._store.read(leases.states)

    @property
    def tidying(self) -> dict[str, Callable[[], int]]:
        """What removes, at once, what nobody needs any more; each tells how much that was."""
        return {
            "old_jobs": partial(self._house.old_jobs, at_once=True),
            "folders": self._house.folders,
            "orphaned_blobs": partial(self._house.orphaned_blobs, at_once=True),
        }

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


def _claimant(claimant: Claimant | None, owner: str, kinds: Kinds) -> Claimant:
    versions = {name: kind.version for name, kind in kinds.items()}
    if claimant is None:
        return Claimant(owner=owner, place="node_only", kinds=versions)
    return replace(claimant, owner=owner, kinds=versions)
