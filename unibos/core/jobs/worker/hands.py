"""The jobs that a worker has in its hands: each is seen from its lease to its outcome, and the
outcome to the source."""

import asyncio
import logging
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from unibos.base.errors import (
    Conflict,
    Damaged,
    Error,
    StorageFull,
    Unavailable,
)
from unibos.core.jobs.kind import HeavyKind, Kinds, PortableKind
from unibos.core.jobs.leasing.link import LeaseLink
from unibos.core.jobs.leasing.messages import Lease, Report
from unibos.core.jobs.worker import desk as desks
from unibos.core.jobs.worker.assignment import Assignment, back, done, failed
from unibos.core.jobs.worker.contact import Contact
from unibos.core.jobs.worker.desk import Desk
from unibos.core.jobs.worker.lane import Lane
from unibos.core.jobs.worker.options import Options
from unibos.core.jobs.worker.reports import JOB_LOST, Key, Reports, key_of
from unibos.core.jobs.worker.sending import fetched, sent
from unibos.core.jobs.worker.threads import Threads
from unibos.core.jobs.worker.work import Work
from unibos.core.store.job import Progress
from unibos.core.store.system import reach, refused

log = logging.getLogger(__name__)

KEEP_SECONDS = 2.0
"""An outcome that the source did not take in this time is written down."""


@dataclass(slots=True)
class Hands:
    """For one event loop.

    :param changed: called when a job has left, or has no more work to do.
    :ivar full: whether no more jobs are wanted; those that come are handed back.
    :ivar ended: attempts by outcome.
    """

    link: LeaseLink
    kinds: Kinds
    options: Options
    contact: Contact
    changed: Callable[[], None]
    full: bool = False
    present: dict[Key, Assignment] = field(default_factory=dict)
    ended: dict[str, int] = field(
        default_factory=lambda: {"done": 0, "failed": 0, "back": 0, "lost": 0}
    )
    reports: Reports = field(init=False)
    _heavy: Threads = field(init=False)
    _light: Threads = field(init=False)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.reports = Reports(self.link, self.contact, self._lost)
        self._heavy = Threads(self.options.heavy, "heavy")
        self._light = Threads(self.options.light, "light")

    @property
    def working(self) -> bool:
        """Whether a job has no outcome yet."""
        return any(each.working for each in self.present.values())

    async def resume(self) -> None:
        """Go on where an earlier life ended: hand in what it finished, hand back the rest."""
        left = await asyncio.to_thread(desks.left, self.options.folder)
        interrupted = Unavailable("job_interrupted", "The worker ended while the job ran.")
        for desk, report in left:
            there = Assignment(desk, None, on_disk=True)
            self._take(there, report or back(desk.lease, interrupted))

    def begin(self, lane: Lane, lease: Lease) -> None:
        """Take up a job, or hand it back where it cannot be worked on."""
        try:
            desk = Desk(self.options.folder, lease)
        except ValueError as error:
            log.warning("%s", error, extra={"kind": lease.kind})
            lane.free(0)
            lane.rest(self.options.spare_seconds)
            return
        kind = self.kinds.get(lease.kind)
        if self.full:
            self._refuse(lane, desk, Unavailable("worker_stopping", "The worker stops."))
        elif not isinstance(kind, HeavyKind | PortableKind):
            lane.rest(self.options.spare_seconds)
            unknown = Unavailable("job_kind_unknown", f"This worker does not know {lease.kind}.")
            self._refuse(lane, desk, unknown)
        else:
            work = Work(desk, kind, self.options, self._teller(key_of(lease)))
            self._take(Assignment(desk, work, on_disk=lane.sort == "heavy"), None, lane)

    def end(self, why: Error) -> None:
        """Make all work end."""
        for assignment in tuple(self.present.values()):
            if assignment.working:
                assignment.end(why)

    def let_go(self, why: Error) -> None:
        """Hand back what does not end: a thread that does not report cannot be made to. The fence
        keeps it out."""
        for assignment in self.present.values():
            if assignment.working:
                self.reports.hand_in(back(assignment.lease, why))

    async def close(self) -> None:
        """Leave everything as it is; outcomes that are here alone are written down."""
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._heavy.close()
        self._light.close()

    def _refuse(self, lane: Lane, desk: Desk, why: Error) -> None:
        log.warning("a job is handed back: %s", why.detail, extra={"job": desk.lease.job})
        lane.free(0)
        self._take(Assignment(desk, None, on_disk=False), back(desk.lease, why))

    def _take(
        self, assignment: Assignment, report: Report | None, lane: Lane | None = None
    ) -> None:
        key = key_of(assignment.lease)
        self.present[key] = assignment
        self.reports.hold(assignment.lease)
        task = asyncio.create_task(self._see_through(key, assignment, report, lane))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _see_through(
        self, key: Key, assignment: Assignment, report: Report | None, lane: Lane | None
    ) -> None:
        try:
            if report is None and lane is not None:
                report = await self._outcome(assignment, lane)
            if report is not None:
                await self._hand_in(assignment, report)
        except Exception:
            log.exception("a job was not seen through", extra={"job": assignment.lease.job})
        finally:
            self.reports.release(key)
            del self.present[key]
            self.changed()

    async def _outcome(self, assignment: Assignment, lane: Lane) -> Report | None:
        """Do the work; None where nobody waits for its outcome any more."""
        lease, began = assignment.lease, time.monotonic()
        try:
            return done(lease, await self._worked(assignment, lane))
        except OSError as error:
            return self._spare(lane, lease, refused(error))
        except StorageFull as error:
            return self._spare(lane, lease, error)
        except Error as error:
            if error.code == JOB_LOST:
                self.ended["lost"] += 1
                await self._clear(assignment)
                return None
            if error is assignment.why:
                return back(lease, error)
            return failed(lease, error)
        finally:
            lane.free(time.monotonic() - began)

    async def _worked(self, assignment: Assignment, lane: Lane) -> Any:
        desk, work = assignment.desk, assignment.work
        assert work is not None  # noqa: S101 - its caller has work
        if lane.sort == "heavy":
            await asyncio.to_thread(desk.lay)
            reach("worker.laid")
        if desk.lease.input is not None:
            await assignment.unless_ended(fetched(self.link, self.contact, desk))
        assignment.phase = "working"
        result = await (self._heavy if lane.sort == "heavy" else self._light).do(work.do)
        if lane.sort == "heavy":
            reach("worker.worked")
            await _to_the_end(partial(desk.keep, done(desk.lease, result)))
            reach("worker.kept")
            assignment.phase = "sending"
        return result

    def _spare(self, lane: Lane, lease: Lease, error: Error) -> Report:
        """The disk was full, which is not the job's fault."""
        log.warning("a job is handed back: %s", error.detail, extra={"job": lease.job})
        lane.rest(self.options.spare_seconds)
        return back(lease, error)

    async def _hand_in(self, assignment: Assignment, report: Report) -> None:
        """See an outcome to the source, however long that takes."""
        code = ""
        if report.type == "done" and assignment.on_disk:
            assignment.phase = "sending"
            try:
                await assignment.unless_ended(sent(self.link, self.contact, assignment.desk))
            except Error as error:
                report = failed(assignment.lease, error)
                code = JOB_LOST if error.code == JOB_LOST else ""
        assignment.phase = "reporting"
        reach("worker.sent")
        code = code or await self._taken(assignment, report)
        if code and code != JOB_LOST and report.type == "done":
            # The source will never take this result; that it failed, it will.
            refusal = Damaged(code, "The source does not take what the work returned.")
            report = failed(assignment.lease, refusal)
            code = await self._taken(assignment, report)
        reach("worker.taken")
        outcome = "lost" if code else report.type
        self.ended[outcome] += 1
        if assignment.on_disk:
            facts = {"kind": assignment.lease.kind, "job": assignment.lease.job}
            log.info("job ended", extra={**facts, "outcome": outcome})
        await self._clear(assignment)

    async def _taken(self, assignment: Assignment, report: Report) -> str:
        """What the source says of it in the end; a result is written down if that takes long."""
        taken = self.reports.hand_in(report)
        try:
            async with asyncio.timeout(KEEP_SECONDS):
                return await asyncio.shield(taken)
        except TimeoutError:
            await self._keep(assignment, report)
        except asyncio.CancelledError:
            await self._keep(assignment, report)
            raise
        return await taken

    async def _keep(self, assignment: Assignment, report: Report) -> None:
        assignment.on_disk = True
        try:
            await _to_the_end(partial(assignment.desk.keep, report))
        except OSError as error:
            log.warning("an outcome could not be written down: %s", error.strerror)

    async def _clear(self, assignment: Assignment) -> None:
        if assignment.on_disk:
            await asyncio.to_thread(assignment.desk.clear)

    def _teller(self, key: Key) -> Callable[[Progress], None]:
        """Takes progress from the thread of the work."""
        loop = asyncio.get_running_loop()

        def tell(progress: Progress) -> None:
            # The loop may have ended before the thread.
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(self._progress, key, progress)

        return tell

    def _progress(self, key: Key, progress: Progress) -> None:
        assignment = self.present.get(key)
        if assignment is not None:
            assignment.progress = progress
            self.reports.tell(key, progress)

    def _lost(self, key: Key) -> None:
        assignment = self.present.get(key)
        if assignment is not None:
            assignment.end(Conflict(JOB_LOST, "The job was cancelled, or somebody else has it."))


async def _to_the_end(write: Callable[[], None]) -> None:
    """Have something written on a thread, and whole even where nobody waits for it any more."""
    writing = asyncio.ensure_future(asyncio.to_thread(write))
    try:
        await asyncio.shield(writing)
    except asyncio.CancelledError:
        await writing
        raise
