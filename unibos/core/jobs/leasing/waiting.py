"""Who waits for jobs: woken one at a time, by commits and by the time that jobs become due.

Workers that take the same jobs stand in one line, and one look tells for the whole line whether
something is due: several hundred of them cost no more than a few.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace

from unibos.base.errors import Error
from unibos.core.jobs.clock import SteadyClock
from unibos.core.store import leases
from unibos.core.store.claimant import Claimant
from unibos.core.store.store import Store

log = logging.getLogger(__name__)

LONGEST_SLEEP = 60.0
"""Seconds; while a job waits for its time, the clock may be set forward under it."""

Key = tuple[object, ...]


@dataclass(slots=True, eq=False)
class Guest:
    """A claim, from its beginning to its end.

    :param away: whether it was sent away, perhaps before it waited.
    """

    owner: str
    away: bool = False
    turn: asyncio.Future[bool] | None = None


@dataclass(slots=True)
class _Line:
    claimant: Claimant
    kinds: Collection[str]
    waiting: deque[asyncio.Future[bool]] = field(default_factory=deque)


class WaitingRoom:
    """Waiting claims; for one event loop, from :meth:`start` to :meth:`close`."""

    def __init__(self, store: Store, clock: SteadyClock) -> None:
        self._store = store
        self._clock = clock
        self._lines: dict[Key, _Line] = {}
        self._guests: set[Guest] = set()
        self._rung = asyncio.Event()
        self._closed = False
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to look."""
        self._task = asyncio.create_task(self._look_on())

    async def close(self) -> None:
        """Send all away."""
        self._closed = True
        self.send_away(None)
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    @contextmanager
    def guest(self, owner: str) -> Iterator[Guest]:
        """Let a claim of a worker in."""
        guest = Guest(owner, away=self._closed)
        self._guests.add(guest)
        try:
            yield guest
        finally:
            self._guests.discard(guest)

    def send_away(self, owner: str | None) -> None:
        """End the claims of one worker, or (None) of all, that have found nothing yet."""
        for guest in self._guests:
            if owner in (None, guest.owner):
                guest.away = True
                if guest.turn is not None:
                    _wake(guest.turn, to_claim=False)

    def ring(self) -> None:
        """Have who waits be woken where there is something to take."""
        if self._lines:
            self._rung.set()

    def due(self, claimant: Claimant, kinds: Collection[str]) -> int | None:
        """When the next job for somebody is due, in milliseconds since 1970 (the past is now);
        None: none waits."""
        # The database may be ahead of the wall clock, and what was added now must be due now.
        self._clock.see(self._store.read(leases.newest_time))
        now = self._clock.now()
        return self._store.read(lambda view: leases.next_due(view, claimant, now, kinds))

    async def wait(
        self, guest: Guest, claimant: Claimant, kinds: Collection[str], seconds: float
    ) -> bool:
        """Wait for one's turn to claim; False when the time was over first, or on being sent
        away."""
        if guest.away or seconds <= 0:
            return False
        key = _key(claimant, kinds)
        line = self._lines.setdefault(key, _Line(replace(claimant, owner=""), kinds))
        turn: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        line.waiting.append(turn)
        guest.turn = turn
        # Something may have come between the last look and the entry.
        self._rung.set()
        try:
            return await asyncio.wait_for(turn, seconds)
        except TimeoutError:
            return False
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self.ring()
            raise
        finally:
            guest.turn = None
            if turn in line.waiting:
                line.waiting.remove(turn)
            if not line.waiting and self._lines.get(key) is line:
                del self._lines[key]

    async def _look_on(self) -> None:
        sleep: float | None = None
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._rung.wait(), sleep)
            self._rung.clear()
            try:
                sleep = self._look()
            except Error as error:
                log.warning("nobody could be told of jobs", extra={"code": error.code})
                sleep = LONGEST_SLEEP
            # Commits that follow each other closely are one look.
            await asyncio.sleep(0)

    def _look(self) -> float | None:
        """Wake the first of each line that has something to take; the value is the seconds until
        that may be so of another one."""
        earliest: int | None = None
        for line in tuple(self._lines.values()):
            due = self.due(line.claimant, line.kinds) if line.waiting else None
            if due is None:
                continue
            if due > self._clock.now():
                earliest = due if earliest is None else min(earliest, due)
            elif line.waiting:
                _wake(line.waiting.popleft(), to_claim=True)
        if earliest is None:
            return None
        return min((earliest - self._clock.now()) / 1000, LONGEST_SLEEP)


def _wake(turn: asyncio.Future[bool], *, to_claim: bool) -> None:
    if not turn.done():
        turn.set_result(to_claim)


def _key(claimant: Claimant, kinds: Collection[str]) -> Key:
    """The same for all that take the same jobs."""
    return (
        frozenset((name, claimant.kinds[name]) for name in kinds),
        claimant.place,
        claimant.queues,
        claimant.capabilities,
        claimant.memory_mb,
        claimant.max_size,
        claimant.org,
    )
