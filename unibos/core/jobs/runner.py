"""Claims jobs when there is room for them, and sees each attempt to its end.

One thread dispatches. It sleeps until a commit touches a job, an attempt ends, a job becomes due
or a lease is to be renewed; an idle instance does not wake at all.
"""

import logging
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from unibos.base.errors import Conflict, Error, StorageFull, Unavailable
from unibos.core.jobs.attempt import Attempt
from unibos.core.jobs.clock import SteadyClock
from unibos.core.jobs.kind import HeavyKind, JobKind, Kinds, LightKind, PortableKind
from unibos.core.jobs.options import Options
from unibos.core.jobs.outcome import Outcomes
from unibos.core.store import leases
from unibos.core.store.job import Job
from unibos.core.store.store import Store
from unibos.core.store.transaction import Changed

log = logging.getLogger(__name__)

LONGEST_SLEEP = 60.0
"""Seconds; while a job waits for its time, the clock may be set forward under it."""

_KILL_SECONDS = 5.0
_LOST = "job_lost"
_STOPPING = "server_stopping"


@dataclass(frozen=True, slots=True)
class Lane:
    """The kinds that share some slots."""

    kinds: tuple[str, ...]
    slots: int


class Runner:
    """Runs the jobs of a store.

    :param owner: names this instance in leases.
    """

    def __init__(
        self,
        store: Store,
        kinds: Kinds,
        options: Options,
        owner: str,
        clock: SteadyClock,
    ) -> None:
        self._store = store
        self._kinds = kinds
        self._options = options
        self._owner = owner
        self._clock = clock
        self._outcomes = Outcomes(store, kinds, clock, options.retry_seconds)
        self._heavy = Lane(_names(kinds, HeavyKind), options.heavy)
        self._light = Lane(_names(kinds, LightKind, PortableKind), options.light)
        self._attempts: dict[tuple[str, int], Attempt] = {}
        self._woken = False
        self._touched = False
        self._stopping = False
        self._state = threading.Condition()
        self._thread = threading.Thread(target=self._dispatch, name="jobs", daemon=True)
        self._deaf: Callable[[], None] = lambda: None

    def start(self, put: Callable[[str, int], None]) -> None:
        """Take back what an earlier life of the owner held, then begin to claim.

        :param put: has a worker thread call :meth:`run` with a job's id and attempt.
        """
        self._put = put
        self._take_back(self._store.read(lambda view: leases.running(view, self._owner)))
        self._deaf = self._store.listen(self._heard)
        self._thread.start()

    def stop(self, seconds: float) -> None:
        """Claim no more; attempts get some seconds, then their jobs are handed back."""
        with self._state:
            self._stopping = True
            self._state.notify_all()
        self._thread.join()
        self._deaf()
        if self._all_ended(seconds):
            return
        why = Unavailable(_STOPPING, "The server stops.")
        for attempt in self._present():
            attempt.end(why)
        if not self._all_ended(_KILL_SECONDS):
            # A thread that does not report cannot be made to end; the fence keeps it out.
            for attempt in self._present():
                self._settle(attempt, why)

    @property
    def healthy(self) -> bool:
        """Whether jobs are being claimed."""
        return self._thread.is_alive()

    def run(self, job_id: str, number: int) -> None:
        """See an attempt to its end; called on a worker thread."""
        attempt = self._attempts[job_id, number]
        try:
            self._outcomes.done(attempt.job, attempt.work())
        except Error as error:
            self._settle(attempt, error)
        finally:
            with self._state:
                del self._attempts[job_id, number]
                self._woken = True
                self._state.notify_all()

    def expire(self) -> None:
        """Take back jobs whose runner fell silent; writes nothing when there are none."""
        now = self._clock.now()
        self._take_back(self._store.read(lambda view: leases.running(view, overdue=now)))

    def folders(self) -> set[str]:
        """Names of the folders that attempts are using."""
        return {attempt.folder.name for attempt in self._present()}

    def _heard(self, changes: Iterable[Changed]) -> None:
        """Called on the writer thread after a commit."""
        touched = {change.id for change in changes if change.topic == "job"}
        if touched:
            with self._state:
                self._woken = True
                self._touched |= any(job_id in touched for job_id, _ in self._attempts)
                self._state.notify_all()

    def _dispatch(self) -> None:
        sleep: float | None = 0.0
        while True:
            with self._state:
                self._state.wait_for(lambda: self._woken or self._stopping, sleep)
                if self._stopping:
                    return
                touched = self._touched
                self._woken = self._touched = False
            try:
                if touched:
                    self._end_lost()
                sleep = self._round()
            except Exception:
                log.exception("no job could be claimed; the next try is in a minute")
                sleep = LONGEST_SLEEP

    def _round(self) -> float | None:
        """Do what is due; the value is the seconds until something else is."""
        self._renew()
        times = [self._fill(self._heavy), self._fill(self._light)]
        times += [attempt.renew_at for attempt in self._present()]
        due = [time for time in times if time is not None]
        if not due:
            return None
        return min(max(0.0, (min(due) - self._clock.now()) / 1000), LONGEST_SLEEP)

    def _fill(self, lane: Lane) -> int | None:
        """Claim while there is room; the value is when the next job of the lane is due."""
        while self._taken(lane) < lane.slots and not self._stopping:
            # The database may be ahead of the wall clock, and what was added now must be due now.
            self._clock.see(self._store.read(leases.newest_time))
            now = self._clock.now()
            due = self._next_due(lane, now)
            if due is None or due > now:
                return due
            job = self._claim(lane, now)
            if job is not None:
                self._begin(job, now)
        return None

    def _taken(self, lane: Lane) -> int:
        return sum(attempt.kind.name in lane.kinds for attempt in self._present())

    def _next_due(self, lane: Lane, now: int) -> int | None:
        return self._store.read(lambda view: leases.next_due(view, lane.kinds, now))

    def _claim(self, lane: Lane, now: int) -> Job | None:
        until = now + self._lease_ms
        return self._store.write(
            lambda tx: leases.claim(tx, lane.kinds, self._owner, now=now, lease_until=until)
        )

    def _begin(self, job: Job, now: int) -> None:
        attempt = Attempt(self._store, job, self._kinds[job.kind], self._options)
        attempt.renew_at = now + self._lease_ms // 2
        with self._state:
            self._attempts[job.id, job.attempt] = attempt
        self._put(job.id, job.attempt)

    def _renew(self) -> None:
        now = self._clock.now()
        for attempt in self._present():
            if attempt.renew_at <= now and attempt.why is None:
                attempt.renew_at = now + self._lease_ms // 2
                self._renew_one(attempt, now + self._lease_ms)

    def _renew_one(self, attempt: Attempt, until: int) -> None:
        job = attempt.job
        try:
            self._store.write(lambda tx: leases.renew(tx, job, until), job.org)
        except Conflict as error:
            attempt.end(error)

    def _end_lost(self) -> None:
        """End attempts whose jobs were cancelled or taken."""
        present = self._present()
        lost = self._store.read(lambda view: leases.lost(view, [each.job for each in present]))
        for attempt in present:
            if attempt.job in lost:
                attempt.end(Conflict(_LOST, "The job was cancelled, or somebody else has it."))

    def _settle(self, attempt: Attempt, error: Error) -> None:
        """Write how an attempt without a result ends."""
        job = attempt.job
        try:
            if error.code == _LOST:
                return
            if error.code == _STOPPING:
                self._outcomes.handed_back(job)
            elif isinstance(error, StorageFull):
                self._outcomes.postponed(job)
            else:
                self._outcomes.failed(job, error)
        except Conflict:
            # Cancelled or taken in this moment: its end is another's.
            return
        except (StorageFull, Unavailable) as trouble:
            log.warning(
                "the end of job %s could not be written (%s); it is taken back when its lease"
                " is over",
                job.id,
                trouble.code,
            )

    def _take_back(self, jobs: Iterable[Job]) -> None:
        for job in jobs:
            if (job.id, job.attempt) in self._attempts:
                continue
            try:
                self._outcomes.interrupted(job)
            except Conflict:
                continue
            except (StorageFull, Unavailable) as error:
                log.warning("job %s could not be taken back: %s", job.id, error.code)
                return

    def _present(self) -> list[Attempt]:
        with self._state:
            return list(self._attempts.values())

    def _all_ended(self, seconds: float) -> bool:
        with self._state:
            return self._state.wait_for(lambda: not self._attempts, seconds)

    @property
    def _lease_ms(self) -> int:
        return int(self._options.lease_seconds * 1000)


def _names(kinds: Kinds, *sorts: type[JobKind]) -> tuple[str, ...]:
    return tuple(name for name, kind in kinds.items() if isinstance(kind, sorts))
