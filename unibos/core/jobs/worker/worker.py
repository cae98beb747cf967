"""A worker: takes jobs from one source, works on them, and sees each outcome to its source.

It has no database. What it was given is the source's; what it made is on its disk until the
source took it, so neither a cut line nor a crash of either side loses work. The fence is the
source's: who comes too late is told ``job_lost``.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from contextlib import suppress

from unibos.base.errors import Error, Forbidden, Unauthenticated, Unavailable
from unibos.core.jobs.kind import Kinds
from unibos.core.jobs.leasing.link import LeaseLink
from unibos.core.jobs.leasing.messages import Attempt, Heard, Sign, WorkerFacts
from unibos.core.jobs.worker.contact import Contact
from unibos.core.jobs.worker.hands import Hands
from unibos.core.jobs.worker.lane import Lane
from unibos.core.jobs.worker.options import Options
from unibos.core.jobs.worker.told import WorkerTold, task_told

log = logging.getLogger(__name__)

_LAST_SECONDS = 4.0
"""What handing back gets, once the time of a stop is over."""
_CLAIM_SECONDS = 2.0
"""A claim that is under way at a stop may bring jobs: it gets so long to be answered."""
_PASSING = frozenset({"machine_token_expired", "machine_token_used"})

_Loops = list[asyncio.Task[None]]


class Worker:
    """For one event loop and one source.

    :param kinds: those that this program knows; only heavy and portable ones are taken.
    :param facts: what is told of this machine.
    """

    def __init__(self, link: LeaseLink, kinds: Kinds, options: Options, facts: WorkerFacts) -> None:
        self._link = link
        self._options = options
        self._facts = facts
        self._changed = asyncio.Event()
        self._sign_now = asyncio.Event()
        pauses = options.pause_seconds, options.longest_pause_seconds
        self._contact = Contact(*pauses, self._sign_now)
        self._hands = Hands(link, kinds, options, self._contact, self._changed.set)
        begin = self._hands.begin
        self._lanes = (
            Lane("heavy", options.heavy, link, self._contact, begin),
            Lane("light", options.light, link, self._contact, begin),
        )
        self._heard: Heard | None = None
        self._stops_at: float | None = None

    async def run(self) -> None:
        """Work until :meth:`drain` is done; call once.

        :raises Forbidden: ``worker_revoked``, and whatever else the source refuses the worker
            with.
        :raises Unauthenticated: the source does not know this worker.
        """
        loops = [asyncio.create_task(self._hands.reports.run())]
        lanes: _Loops = []
        try:
            await self._hands.resume()
            loops.append(asyncio.create_task(self._signs()))
            await self._until(lambda: self._heard is not None, loops)
            lanes += [asyncio.create_task(lane.run()) for lane in self._lanes]
            await self._until(lambda: False, [*loops, *lanes])
            await self._wind_down(loops, lanes)
        finally:
            await self._close([*loops, *lanes])

    def drain(self, seconds: float) -> None:
        """Take no more jobs; those in hand get some seconds, then they are handed back. Call it
        again to give them less."""
        at = time.monotonic() + seconds
        self._stops_at = at if self._stops_at is None else min(at, self._stops_at)
        self._hands.full = True
        for lane in self._lanes:
            lane.closed = True
        self._changed.set()
        self._sign_now.set()

    @property
    def stopping(self) -> bool:
        """Whether it takes no more jobs."""
        return self._stops_at is not None

    def told(self) -> WorkerTold:
        """How it is."""
        heard, trouble = self._heard, self._contact.trouble
        state = "working" if heard else "starting"
        if trouble is not None:
            state = "away"
        why = {"code": trouble.code, "detail": trouble.detail} if trouble else None
        return WorkerTold(
            state="stopping" if self.stopping else state,
            source=heard.source if heard else "",
            source_name=heard.name if heard else "",
            trouble=why,
            facts=self._facts,
            heavy=self._options.heavy,
            light=self._options.light,
            tasks=[task_told(each) for each in self._hands.present.values()],
            ended=dict(self._hands.ended),
        )

    async def _signs(self) -> None:
        """Tell that it lives; the one judge of whether the source still knows this worker."""
        facts: WorkerFacts | None = self._facts
        while True:
            self._sign_now.clear()
            present = list(self._hands.present)
            left = None if self._heard else [Attempt(*key) for key in present]
            try:
                heard = await self._link.sign(
                    Sign(facts=facts, running=len(present), stopping=self.stopping, left=left)
                )
            except Error as error:
                if isinstance(error, Forbidden | Unauthenticated) and error.code not in _PASSING:
                    raise
                await self._contact.pause("sign", error)
                continue
            again = heard.facts_wanted and facts is None
            facts = self._facts if again else None
            self._hear(heard)
            if not again:
                with suppress(TimeoutError):
                    async with asyncio.timeout(heard.heartbeat_seconds):
                        await self._sign_now.wait()

    def _hear(self, heard: Heard) -> None:
        if self._heard is None:
            log.info("works for", extra={"source": heard.name, "instance": heard.source})
        self._heard = heard
        self._contact.reached("sign")
        self._changed.set()

    async def _until(self, there: Callable[[], bool], loops: _Loops) -> None:
        """Wait until something is there, a stop is wanted, or a loop raises."""
        while not (self.stopping or there()):
            await self._change(loops)

    async def _change(self, loops: _Loops, seconds: float | None = None) -> None:
        """Wait until anything changes; what a loop raised is raised here."""
        changed = asyncio.ensure_future(self._changed.wait())
        waited = [changed, *(loop for loop in loops if not loop.done())]
        try:
            await asyncio.wait(waited, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            changed.cancel()
        self._changed.clear()
        for loop in loops:
            if loop.done():
                loop.result()

    async def _wind_down(self, loops: _Loops, lanes: _Loops) -> None:
        await self._end_lanes(lanes)
        while self._worth_waiting() and (rest := self._rest()) > 0:
            await self._change(loops, rest)
        why = Unavailable("worker_stopping", "The worker stops.")
        self._hands.end(why)
        for last in (why, None):
            until = time.monotonic() + _LAST_SECONDS / 2
            while self._worth_waiting() and (rest := until - time.monotonic()) > 0:
                await self._change(loops, rest)
            if last is not None:
                self._hands.let_go(last)

    async def _end_lanes(self, lanes: _Loops) -> None:
        """A claim that is cut off may have taken jobs, which then wait for the end of their
        leases; the source, which heard of the stop, answers soon."""
        asking = [task for lane, task in zip(self._lanes, lanes, strict=True) if lane.asking]
        for task in lanes:
            if task not in asking:
                task.cancel()
        until = time.monotonic() + _CLAIM_SECONDS
        while any(lane.asking for lane in self._lanes) and time.monotonic() < until:
            if self._contact.trouble is not None:
                break
            await self._change([], min(0.1, until - time.monotonic()))
        for task in lanes:
            task.cancel()

    def _worth_waiting(self) -> bool:
        """What is finished waits on the disk as well as here while the source is away."""
        away = self._contact.trouble is not None
        return self._hands.working or (bool(self._hands.present) and not away)

    def _rest(self) -> float:
        return (self._stops_at or 0.0) - time.monotonic()

    async def _close(self, loops: _Loops) -> None:
        self._hands.end(Unavailable("worker_stopping", "The worker stops."))
        for task in loops:
            task.cancel()
        await asyncio.gather(*loops, return_exceptions=True)
        await self._hands.close()
        await self._link.close()
