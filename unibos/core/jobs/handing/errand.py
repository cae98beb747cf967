"""One job at the hub, from the moment that this node answers for it there until it does no more."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from unibos.base.errors import Conflict, Error, Invalid, NotFound, StorageFull
from unibos.core.jobs.handing.giving import Giving, Parcel
from unibos.core.jobs.handing.landing import Landing
from unibos.core.jobs.handing.messages import Handover
from unibos.core.jobs.outcome import Outcomes
from unibos.core.store import leases
from unibos.core.store.job import Job, Progress
from unibos.core.store.transaction import Transaction

log = logging.getLogger(__name__)

PATIENCE: Final = 10
"""A job that can be done nowhere else waits so many times longer at the hub."""
HERE_MS: Final = 600_000
"""A job that came back from there is this node's own for so long."""
_TROUBLE_MS: Final = 15_000
_FULL_MS: Final = 300_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """When jobs go, and when they come back.

    :param folder: where results wait until they land; what is in it is removed.
    :param hand_over_seconds: a job that could be done here goes after so long.
    :param take_back_seconds: a job that no worker of the hub began comes back after so long.
    :param lease_seconds: a hub that was not heard of for so long has lost the jobs that can be
        done here.
    :param progress_seconds: at least so long between two writes of a job's progress.
    :param waiting: so many jobs may wait at the hub for a worker; others follow as they begin.
    """

    folder: Path
    hand_over_seconds: float = 10
    take_back_seconds: float = 120
    lease_seconds: float = 600
    progress_seconds: float = 5
    waiting: int = 8


@dataclass(frozen=True, slots=True)
class Tools:
    """What all errands of a node have in common.

    :param can_here: whether a job could be done without the hub.
    """

    giving: Giving
    landing: Landing
    outcomes: Outcomes
    options: Options
    can_here: Callable[[Job], bool]

    def now(self) -> int:
        """The time of the jobs' clock."""
        return self.outcomes.clock.now()


class Errand:
    """A job whose row here is leased for the hub; for one event loop.

    Times are in milliseconds since 1970.

    :param job: with the hub's attempt.
    :param parcel: what was handed over, where it is still at hand.
    :param taken_up: whether its lease is of an earlier life.
    :ivar heard_at: when the hub last told of it.
    :ivar renew_at: when the lease is to be renewed here.
    """

    def __init__(
        self, job: Job, tools: Tools, parcel: Parcel | None = None, *, taken_up: bool = False
    ) -> None:
        self.job = job
        self.heard_at = self.renew_at = tools.now()
        if not taken_up:
            self.renew_at += int(tools.options.lease_seconds * 500)
        self._tools = tools
        self._parcel = parcel
        self._said: Handover | None = None
        self._queued_at = 0
        self._told = job.progress
        self._told_at = 0
        self._trouble_ms = _TROUBLE_MS
        self._news = asyncio.Event()

    @property
    def word(self) -> str:
        """What the node knows of it; empty: nothing yet."""
        return self._said.word if self._said is not None else ""

    @property
    def state(self) -> str:
        """How it stands at the hub, as far as is known."""
        return self._said.state if self._said is not None else ""

    @property
    def waits(self) -> bool:
        """Whether no worker has begun."""
        return self.state in ("", "sending", "queued")

    def hear(self, said: Handover) -> None:
        """The hub told of it."""
        now = self._tools.now()
        if said.state == "queued" and self.state != "queued":
            self._queued_at = now
        self._said, self.heard_at, self._trouble_ms = said, now, _TROUBLE_MS
        self._news.set()

    async def run(self) -> None:
        """See it to its end; after that the hub is to forget it."""
        while True:
            self._news.clear()
            try:
                due = await self._step()
            except Error as error:
                if error.code == "job_lost":
                    return
                due = self._tools.now() + self._after(error)
            if due == 0:
                return
            await self._wait(due)

    async def _step(self) -> int | None:
        """Do what the state asks for; the value is when to look again without news, 0: it is
        over."""
        match self.state:
            case "sending":
                await self._send()
            case "queued":
                return await self._take_back_in_time()
            case "running":
                return await self._write_progress()
            case "done" | "failed":
                return await self._land()
            case "gone":
                await self.hand_back()
                return 0
        return None

    async def _send(self) -> None:
        before = said = self._said
        assert said is not None  # noqa: S101 - the state says so
        if self._parcel is None:
            self._parcel = await self._packed()
            said = await self._tools.giving.link.hand(self.job.id, self._parcel.asked)
        try:
            answer = await self._tools.giving.send(self.job, self._parcel, said)
        except Invalid as error:
            # The bytes here are not what their name says, or they changed under their name.
            await asyncio.to_thread(self._tools.outcomes.failed, self.job, error)
            raise _over(self.job) from None
        # What was heard meanwhile is newer than an answer that was on its way.
        if self._said is before:
            self.hear(answer)

    async def _packed(self) -> Parcel:
        job, tools = self.job, self._tools
        pack = partial(
            tools.giving.pack, tools.outcomes.kinds[job.kind], job, job.attempt, tools.now()
        )
        try:
            return await asyncio.to_thread(pack)
        except Error as error:
            await asyncio.to_thread(tools.outcomes.failed, job, error)
            raise _over(job) from None

    async def _take_back_in_time(self) -> int:
        here = self._tools.can_here(self.job)
        seconds = self._tools.options.take_back_seconds * (1 if here else PATIENCE)
        at = self._queued_at + int(seconds * 1000)
        now = self._tools.now()
        if now < at:
            return at
        drop = self._tools.giving.link.drop
        if not await drop(self.job.id, self.job.attempt, unless_running=True):
            # Somebody began just now, of which the hub will tell.
            return now + _TROUBLE_MS
        log.info("no worker of the hub began a job in time", extra={"job": self.job.id})
        await self.hand_back(here_until=now + (HERE_MS if here else int(seconds * 1000)))
        return 0

    async def _write_progress(self) -> int | None:
        told = self._said.progress if self._said is not None else None
        if told is None or told == self._told:
            return None
        now = self._tools.now()
        at = self._told_at + int(self._tools.options.progress_seconds * 1000)
        if now < at:
            return at
        await self._tools.giving.store.awrite(partial(_progress, job=self.job, told=told))
        self._told, self._told_at = told, now
        return None

    async def _land(self) -> int | None:
        said = await self._tools.giving.link.get(self.job.id, self.job.attempt)
        if said.state not in ("done", "failed"):
            self.hear(said)
            return None
        await self._tools.landing.land(self.job, said)
        return 0

    async def hand_back(self, *, here_until: int = 0) -> None:
        """Queue it here again, for no fault of its own.

        :raises Conflict: ``job_lost``.
        """
        back = partial(self._tools.outcomes.handed_back, self.job, here_until=here_until)
        await asyncio.to_thread(back)

    def _after(self, error: Error) -> int:
        """How long to wait after trouble."""
        if isinstance(error, NotFound) and error.code == "handover_not_found":
            self._said = Handover(job=self.job.id, attempt=self.job.attempt, state="gone")
            return 0
        log.info("a job at the hub waits", extra={"job": self.job.id, "code": error.code})
        if isinstance(error, StorageFull):
            return _FULL_MS
        pause, self._trouble_ms = self._trouble_ms, min(self._trouble_ms * 2, _FULL_MS)
        return pause

    async def _wait(self, due: int | None) -> None:
        seconds = None if due is None else max(0.0, (due - self._tools.now()) / 1000)
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._news.wait()


def _progress(tx: Transaction, job: Job, told: Progress) -> None:
    leases.progress(tx, job, told)


def _over(job: Job) -> Conflict:
    return Conflict("job_lost", f"The job {job.id} has ended here.")
