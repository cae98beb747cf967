"""Claims jobs when there is room for them, and sees each attempt to its end.

One thread dispatches. It sleeps until a commit touches a job, an attempt ends, a job becomes due
or a lease is to be renewed; an idle instance does not wake at all.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterable
from functools import partial

from unibos.base.errors import Conflict, Error, StorageFull, Unavailable
from unibos.core.jobs.attempt import Attempt
from unibos.core.jobs.kind import HeavyKind
from unibos.core.jobs.lane import Key, Lane, lanes
from unibos.core.jobs.options import Options
from unibos.core.jobs.outcome import Outcomes
from unibos.core.store import leases
from unibos.core.store.claimant import Claimant
from unibos.core.store.job import Job
from unibos.core.store.store import Store
from unibos.core.store.transaction import Changed, View

log = logging.getLogger(__name__)

LONGEST_SLEEP = 60.0
"""Seconds; while a job waits for its time, the clock may be set forward under it."""

_KILL_SECONDS = 5.0
_LOST = "job_lost"
_STOPPING = "server_stopping"


class Runner:
    """Runs the jobs of a store.

    :param outcomes: writes the ends of attempts.
    :param claimant: what it takes, and the name that it has in leases.
    """

    def __init__(
        self, store: Store, outcomes: Outcomes, options: Options, claimant: Claimant
    ) -> None:
        self._store = store
        self._outcomes = outcomes
        self._kinds = outcomes.kinds
        self._clock = outcomes.clock
        self._options = options
        self._owner = claimant.owner
        self._lanes = lanes(self._kinds, claimant, options.heavy, options.light)
        self._all_lanes = tuple(set(self._lanes.values()))
        self._attempts: dict[Key, Attempt] = {}
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
        why = Unavailable(_STOPPING, "The server stops.")
        for key in [key for lane in self._all_lanes for key in lane.waiting]:
            self._end(key, why)
        if self._all_ended(seconds):
            return
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
        """See an attempt to its end, and then those that wait for its slot; called on a worker
        thread."""
        key: Key | None = (job_id, number)
        if self._attempts[job_id, number].trouble is not None:
            self._mend((job_id, number))
            return
        while key is not None:
            began = time.monotonic()
            lane = self._lanes[self._attempts[key].kind.name]
            try:
                self._run_one(key)
            finally:
                key = lane.leave(time.monotonic() - began)
                self._wake()

    def _run_one(self, key: Key) -> None:
        attempt = self._attempts[key]
        try:
            result = attempt.work()
            attempt.ending = True
            if isinstance(attempt.kind, HeavyKind):
                self._outcomes.done(attempt.job, result)
            else:
                # The thread goes on with the next job, so that one commit holds many ends.
                self._outcomes.done_soon(attempt.job, result, partial(self._landed, key))
                return
        except Error as error:
            self._settle(attempt, error)
        except BaseException:
            self._forget(key)
            raise
        self._forget(key)

    def _landed(self, key: Key, error: Error | None) -> None:
        """The end of an attempt was written, or not; called on the writer thread."""
        if error is None:
            self._forget(key)
        else:
            # This thread cannot wait for another write.
            self._attempts[key].trouble = error
            self._put(*key)

    def _mend(self, key: Key) -> None:
        attempt = self._attempts[key]
        assert attempt.trouble is not None  # noqa: S101 - the caller looked
        try:
            self._settle(attempt, attempt.trouble)
        finally:
            self._forget(key)

    def _forget(self, key: Key) -> None:
        with self._state:
            del self._attempts[key]
        self._wake()

    def _wake(self) -> None:
        """Have the dispatcher look where there is room, and who waits for all to end."""
        with self._state:
            self._woken |= any(lane.room for lane in self._all_lanes)
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
        jobs = [change for change in changes if change.topic == "job"]
        if not jobs:
            return
        ids = {change.id for change in jobs}
        with self._state:
            touched = any(
                key[0] in ids and not attempt.ending for key, attempt in self._attempts.items()
            )
            self._touched |= touched
            if touched or any(change.queued for change in jobs):
                self._woken = True
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
        times = [self._fill(lane) for lane in self._all_lanes]
        times += [attempt.renew_at for attempt in self._present()]
        due = [time for time in times if time is not None]
        if not due:
            return None
        return min(max(0.0, (min(due) - self._clock.now()) / 1000), LONGEST_SLEEP)

    def _fill(self, lane: Lane) -> int | None:
        """Claim while there is room; the value is when the next job of the lane is due."""
        while lane.room and not self._stopping:
            # The database may be ahead of the wall clock, and what was added now must be due now.
            self._clock.see(self._store.read(leases.newest_time))
            now = self._clock.now()
            times = self._store.read(partial(_due, lane=lane, now=now))
            if not times or min(times.values()) > now:
                return min(times.values(), default=None)
            for place, due in times.items():
                if due <= now:
                    self._claim(lane, lane.claimants[place], now)
            # Whoever was asked for first comes last the next time.
            lane.claimants.append(lane.claimants.pop(0))
        return None

    def _claim(self, lane: Lane, claimant: Claimant, now: int) -> None:
        room = lane.room
        if not room:
            return
        until = now + self._lease_ms
        for job in self._store.write(
            lambda tx: leases.claim(tx, claimant, now=now, lease_until=until, most=room)
        ):
            self._begin(lane, job, now)

    def _begin(self, lane: Lane, job: Job, now: int) -> None:
        attempt = Attempt(self._store, job, self._kinds[job.kind], self._options)
        attempt.renew_at = now + self._lease_ms // 2
        with self._state:
            self._attempts[job.id, job.attempt] = attempt
        if lane.enter((job.id, job.attempt)):
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

    def _end(self, key: Key, why: Error) -> None:
        with self._state:
            attempt = self._attempts.get(key)
        if attempt is not None:
            attempt.end(why)

    def _present(self) -> list[Attempt]:
        with self._state:
            return list(self._attempts.values())

    def _all_ended(self, seconds: float) -> bool:
        with self._state:
            return self._state.wait_for(lambda: not self._attempts, seconds)

    @property
    def _lease_ms(self) -> int:
        return int(self._options.lease_seconds * 1000)


def _due(view: View, lane: Lane, now: int) -> dict[int, int]:
    """When there may be a job for which of the lane's claimants."""
    times = {
        place: leases.next_due(view, claimant, now) if claimant.kinds else None
        for place, claimant in enumerate(lane.claimants)
    }
    return {place: due for place, due in times.items() if due is not None}
