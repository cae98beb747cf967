"""The time that a node goes by for everything its hub issued: it never runs backwards unnoticed.

A board without a clock battery boots with a wrong time, and who holds the box can set its clock
back; neither may revive an expired credential. So the node goes by the hub's time once it heard
it since its start, and otherwise by the later of its wall clock and the last time that it knew to
be good, which it keeps in its database.
"""

import time
from collections.abc import Callable

from unibos.base.clock import Wall, wall_ms
from unibos.core.store import meta
from unibos.core.store.store import Store
from unibos.core.store.transaction import Transaction

STEP_MS = 60_000
"""What is kept may lag behind by so much; a busy node writes no more often than that."""

_KEY = "trusted_time"


def boot_seconds() -> float:
    """Seconds since the machine started, with those that it slept where the system counts them."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


class TrustedTime:
    """Milliseconds since 1970, as well as this node can know them.

    :param wall: the machine's clock, believed only where it is ahead of what is known.
    :param monotonic: seconds that pass, whatever happens to the wall clock.
    """

    def __init__(
        self,
        store: Store,
        wall: Wall = wall_ms,
        monotonic: Callable[[], float] = boot_seconds,
    ) -> None:
        self._store = store
        self._wall = wall
        self._monotonic = monotonic
        self._kept = int(store.read(lambda view: meta.get(view, _KEY)) or 0)
        self._base = self._kept, monotonic()
        self._heard = False
        self.now()

    def __call__(self) -> int:
        """:meth:`now`, so that this is a :data:`unibos.base.clock.Wall`."""
        return self.now()

    def now(self) -> int:
        """The time; while no hub was heard, a wall clock that is ahead moves it for good."""
        base, at = self._base
        elapsed = self._monotonic()
        now = base + round((elapsed - at) * 1000)
        if not self._heard and self._wall() > now:
            now = self._wall()
            self._base = now, elapsed
        return now

    def heard(self, hub_ms: int) -> None:
        """Go by the hub's time from now on, also where it is earlier than what was believed.

        :param hub_ms: as the hub told it, over a connection that proved to be the hub's.
        """
        self._base = hub_ms, self._monotonic()
        self._heard = True

    def keep(self, at_least: int = 0) -> None:
        """Keep the time for the next start, if it moved by a minute or back; for threads.

        :param at_least: a time that has to be kept in any case if it is past, such as the end of
            a credential that was asked for; at a stop the present one.
        """
        now = self.now()
        if self._due(now, at_least):
            self._store.write(lambda tx: _put(tx, now))
            self._kept = now

    async def akeep(self, at_least: int = 0) -> None:
        """:meth:`keep` for event loops."""
        now = self.now()
        if self._due(now, at_least):
            await self._store.awrite(lambda tx: _put(tx, now))
            self._kept = now

    def _due(self, now: int, at_least: int) -> bool:
        return now < self._kept or now - self._kept >= STEP_MS or self._kept < at_least <= now


def _put(tx: Transaction, now: int) -> None:
    meta.put(tx, _KEY, str(now))
