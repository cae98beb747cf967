"""Tells the source of all attempts, several in one call: outcomes at once, signs of life and
progress when they are due."""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

import msgspec

from unibos.base.errors import Error, Invalid, Malformed, TooLarge, Unsupported
from unibos.core.jobs.leasing.link import LeaseLink
from unibos.core.jobs.leasing.messages import MOST_LEASES, Lease, Report, Verdict
from unibos.core.jobs.worker.contact import Contact
from unibos.core.store.job import Progress

Key = tuple[str, str, int]
"""An attempt: the org, the job and which attempt at it."""

JOB_LOST = "job_lost"
_REFUSALS = (Invalid, Malformed, TooLarge, Unsupported)
"""What the source says of a message that it would refuse again."""
_MOST_BYTES = 1024 * 1024
"""Of results in one call; a larger one goes alone."""
_RENEWALS = 3
"""So often a lease is renewed within its time: two calls may be lost."""


def key_of(said: Lease | Report) -> Key:
    """Which attempt is meant."""
    return said.org, said.job, said.attempt


@dataclass(slots=True)
class _Held:
    """A lease that is to be kept."""

    every: float
    due: float
    progress: Progress | None = None


@dataclass(slots=True)
class _Final:
    """An outcome that the source has yet to take."""

    report: Report
    size: int
    taken: "asyncio.Future[str]"
    not_before: float = 0.0
    alone: bool = False


@dataclass(slots=True)
class Reports:
    """For one event loop.

    :param lost: called with an attempt that does not have its job any more.
    """

    link: LeaseLink
    contact: Contact
    lost: Callable[[Key], None]
    _held: dict[Key, _Held] = field(default_factory=dict)
    _finals: deque[_Final] = field(default_factory=deque)
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    def hold(self, lease: Lease) -> None:
        """Keep a lease from now on, until :meth:`release`."""
        every = max(lease.lease_seconds / _RENEWALS, 0.05)
        self._held[key_of(lease)] = _Held(every, _now() + every)
        self._news.set()

    def release(self, key: Key) -> None:
        """Keep a lease no longer."""
        self._held.pop(key, None)

    def tell(self, key: Key, progress: Progress) -> None:
        """Tell how far an attempt has got, with the next call."""
        held = self._held.get(key)
        if held is not None:
            held.progress = progress
            held.due = 0.0
            self._news.set()

    def hand_in(self, report: Report) -> "asyncio.Future[str]":
        """Tell an outcome until the source took it.

        :returns: empty when it was taken; ``job_lost``; or the code of why the source will never
            take it.
        """
        final = _Final(report, _size(report), asyncio.get_running_loop().create_future())
        self._finals.append(final)
        self._news.set()
        return final.taken

    async def run(self) -> None:
        """Call the source whenever something is due."""
        while True:
            now = _now()
            finals = self._next_finals(now)
            running = self._next_running(now, MOST_LEASES - len(finals))
            if not finals and not running:
                await self._wait(now)
                continue
            reports = [final.report for final in finals]
            try:
                verdicts = await self.link.report(reports + running)
            except Error as error:
                await self._failed(finals, error)
                continue
            self.contact.reached("reports")
            self._settle(finals, running, verdicts)

    def _next_finals(self, now: float) -> list[_Final]:
        """Outcomes for one call; they are taken from the line."""
        taken: list[_Final] = []
        size = 0
        for _ in range(len(self._finals)):
            final = self._finals[0]
            if final.taken.done():
                self._finals.popleft()
                continue
            if final.not_before > now:
                self._finals.rotate(-1)
                continue
            full = len(taken) == MOST_LEASES or size + final.size > _MOST_BYTES
            if taken and (full or final.alone):
                break
            taken.append(self._finals.popleft())
            size += final.size
            if final.alone:
                break
        return taken

    def _next_running(self, now: float, most: int) -> list[Report]:
        due = [key for key, held in self._held.items() if held.due <= now][:most]
        told = []
        for key in due:
            held = self._held[key]
            held.due = now + held.every
            told.append(_running(key, held.progress))
            held.progress = None
        return told

    async def _wait(self, now: float) -> None:
        times = [held.due for held in self._held.values()]
        times += [final.not_before for final in self._finals]
        try:
            async with asyncio.timeout(max(0.0, min(times) - now) if times else None):
                await self._news.wait()
        except TimeoutError:
            return
        self._news.clear()

    async def _failed(self, finals: list[_Final], error: Error) -> None:
        """The call did not get through, or was refused as a whole."""
        if isinstance(error, _REFUSALS) and finals:
            if len(finals) == 1 and finals[0].alone:
                _take(finals[0], error.code)
                return
            for final in finals:
                final.alone = True
            self._finals.extendleft(reversed(finals))
            return
        self._finals.extendleft(reversed(finals))
        await self.contact.pause("reports", error)

    def _settle(self, finals: list[_Final], running: list[Report], verdicts: list[Verdict]) -> None:
        by_attempt = {(verdict.job, verdict.attempt): verdict.code for verdict in verdicts}
        for final in finals:
            code = by_attempt.get((final.report.job, final.report.attempt), "")
            if code in ("", JOB_LOST):
                _take(final, code)
            else:
                # Its end could not be written down there; asking again in this moment helps
                # nobody.
                final.not_before = _now() + self.contact.longest / 2
                self._finals.append(final)
        for report in running:
            if by_attempt.get((report.job, report.attempt)) == JOB_LOST:
                self.lost(key_of(report))


def _take(final: _Final, code: str) -> None:
    if not final.taken.done():
        final.taken.set_result(code)


def _running(key: Key, progress: Progress | None) -> Report:
    org, job, attempt = key
    return Report(org=org, job=job, attempt=attempt, type="running", progress=progress)


def _size(report: Report) -> int:
    return len(msgspec.json.encode(report.result)) if report.result is not None else 0


def _now() -> float:
    return asyncio.get_running_loop().time()
