"""What workers report, written down: many reports in few transactions, each for itself."""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from unibos.base.errors import Conflict, Error, StorageFull, Unavailable
from unibos.core.jobs.child import unexpected
from unibos.core.jobs.kind import HeavyKind
from unibos.core.jobs.leasing import held as attempts
from unibos.core.jobs.leasing.held import Held
from unibos.core.jobs.leasing.messages import Report
from unibos.core.jobs.outcome import Outcomes, error_of
from unibos.core.store import leases
from unibos.core.store.job import Job
from unibos.core.store.pieces import each
from unibos.core.store.store import Store
from unibos.core.store.system import reach
from unibos.core.store.transaction import Transaction

log = logging.getLogger(__name__)

LOST = "job_lost"
INTERRUPTED = "job_interrupted"
"""Said of a job that is handed back: its worker died, and is there again."""
_AGAIN = frozenset({"storage_full", "store_closed", "store_overloaded", "database_error"})
"""The end could not be written, which is no fault of the work: it may be reported again."""
_BACKS = 20
"""A job of so many attempts that is handed back is not given away again at once."""

Told = tuple[Report, Held | None]
Piece = Callable[[Transaction], object]


@dataclass(frozen=True, slots=True)
class Reporting:
    """Takes reports.

    :param monotonic: a clock in seconds that never goes back.
    """

    store: Store
    outcomes: Outcomes
    lease_seconds: float
    progress_seconds: float
    monotonic: Callable[[], float]

    async def take(self, told: Sequence[Told]) -> list[str]:
        """Write down what was told; the codes of the verdicts."""
        codes = [LOST if held is None else "" for _, held in told]
        small: dict[str, list[int]] = defaultdict(list)
        others: list[int] = []
        for number, (report, held) in enumerate(told):
            if held is None:
                continue
            heavy = isinstance(held.kind, HeavyKind)
            if report.type == "running" or (report.type == "done" and not heavy):
                small[held.job.org].append(number)
            else:
                others.append(number)
        for numbers in small.values():
            found = await self._together([told[number] for number in numbers])
            for number, code in zip(numbers, found, strict=True):
                codes[number] = code
        ends = await asyncio.gather(*(self._end(*told[number]) for number in others))
        for number, code in zip(others, ends, strict=True):
            codes[number] = code
        return codes

    async def refuse(self, held: Held, error: Error) -> None:
        """An attempt could not be prepared."""
        try:
            await asyncio.to_thread(self._failed, held, error)
        except Error as trouble:
            if trouble.code != LOST:
                log.warning(
                    "the end of job %s could not be written (%s); it is taken back when its lease"
                    " is over",
                    held.job.id,
                    trouble.code,
                )

    async def _together(self, told: Sequence[Told]) -> list[str]:
        """Signs of life, and ends that are one write each, of one org: in one transaction."""
        pieces = [self._piece(report, held) for report, held in told if held is not None]
        ends = [held for report, held in told if held is not None and report.type == "done"]
        org = told[0][0].org
        try:
            for end in ends:
                end.landing = True
            outcomes = await self.store.awrite(lambda tx: each(tx, pieces), org)
        except Error as error:
            return [error.code] * len(told)
        finally:
            for end in ends:
                end.landing = False
        codes = []
        for (report, held), outcome in zip(told, outcomes, strict=True):
            assert held is not None  # noqa: S101 - those were sorted out
            if isinstance(outcome, Exception):
                codes.append(await self._trouble(report, held, outcome))
            else:
                codes.append("")
        return codes

    def _piece(self, report: Report, held: Held) -> Piece:
        if report.type == "done":
            return partial(self._land, report, held)
        return partial(self._renew, report, held)

    def _land(self, report: Report, held: Held, tx: Transaction) -> None:
        leases.hold(tx, held.job)
        leases.finish(tx, held.job, held.kind.complete(tx, held.job, report.result))

    def _renew(self, report: Report, held: Held, tx: Transaction) -> None:
        """Keep the lease; few of these calls come to a write."""
        now = self.monotonic()
        leases.hold(tx, held.job)
        if now - held.renewed >= self.lease_seconds / 4:
            until = self.outcomes.clock.now() + int(self.lease_seconds * 1000)
            leases.renew(tx, held.job, until)
            held.renewed = now
        progress = report.progress
        if progress is None or progress == held.progress:
            return
        if not held.told or now - held.told >= self.progress_seconds:
            leases.progress(tx, held.job, progress)
            held.told, held.progress = now, progress

    async def _trouble(self, report: Report, held: Held, raised: Exception) -> str:
        """The verdict where a piece raised: a ``complete`` that raises fails the attempt."""
        error = raised if isinstance(raised, Error) else unexpected(raised)
        if not isinstance(raised, Error):
            log.error("the end of %s failed unexpectedly", held.kind.name, exc_info=raised)
        if error.code == LOST or error.code in _AGAIN or report.type == "running":
            return error.code
        return await self._fail(held, error)

    async def _end(self, report: Report, held: Held | None) -> str:
        assert held is not None  # noqa: S101 - those were sorted out
        async with held.ending:
            if report.type == "done":
                return await self._done(report, held)
            if report.type == "back":
                return await _code(partial(self._back(report, held), held.job))
            return await self._fail(held, error_of(report.error_kind, report.error))

    def _back(self, report: Report, held: Held) -> Callable[[Job], None]:
        """A worker that died during the job is none of its fault, up to a point. What comes back
        again and again waits each time, or one worker would keep the source at nothing else."""
        died = report.error is not None and report.error.code == INTERRUPTED
        if died:
            return self.outcomes.interrupted
        return self.outcomes.handed_back if held.job.attempt < _BACKS else self.outcomes.postponed

    async def _done(self, report: Report, held: Held) -> str:
        try:
            await asyncio.to_thread(self._collect, report, held)
        except Error as error:
            if error.code == LOST or error.code in _AGAIN:
                return error.code
            return await self._fail(held, error)
        return ""

    def _collect(self, report: Report, held: Held) -> None:
        org = self.store.org(held.job.org)
        org.read(lambda view: leases.hold(view, held.job))
        made = attempts.collect(held, org, report.result)
        reach("leasing.collected")
        self.outcomes.done(held.job, made)
        reach("leasing.ended")

    async def _fail(self, held: Held, error: Error) -> str:
        return await _code(partial(self._failed, held, error))

    def _failed(self, held: Held, error: Error) -> None:
        if isinstance(error, StorageFull):
            self.outcomes.postponed(held.job)
        else:
            self.outcomes.failed(held.job, error)


async def _code(outcome: Callable[[], None]) -> str:
    """The verdict of an end that is one transaction."""
    try:
        await asyncio.to_thread(outcome)
    except (Conflict, StorageFull, Unavailable) as error:
        return error.code
    return ""
