"""The room for jobs of one sort, and the asking for them."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from unibos.base.errors import Error
from unibos.core.jobs.leasing.link import LeaseLink
from unibos.core.jobs.leasing.messages import LONGEST_WAIT, MOST_LEASES, Claim, Lease
from unibos.core.jobs.worker.contact import Contact

_AHEAD_SECONDS = 0.25
"""Light work of so long is taken along with what the threads are busy with, or else a round trip
would be most of a short job's time."""
_MOST_AHEAD = 2 * MOST_LEASES
"""While one claim's jobs are worked on, the next one is on its way."""
_LATEST = 0.2
"""How much the newest duration counts in the mean."""
_HASTY_SECONDS = 1.0
"""A claim that came back empty before its time is repeated after so long."""


@dataclass(slots=True)
class Lane:
    """Heavy or light jobs.

    :param slots: of them at the same time.
    :param begin: gets each lease.
    :ivar held: jobs that were begun and have not left.
    :ivar asking: whether a claim is under way.
    :ivar closed: no more is asked for; a claim that is under way is waited for.
    """

    sort: Literal["heavy", "light"]
    slots: int
    link: LeaseLink
    contact: Contact
    begin: Callable[["Lane", Lease], None]
    held: int = 0
    asking: bool = False
    closed: bool = False
    _mean: float = 1.0
    _rests_until: float = 0.0
    _freed: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def room(self) -> int:
        """How many more jobs it would take now."""
        most = self.slots
        if self.sort == "light":
            most = max(most, int(self.slots * _AHEAD_SECONDS / max(self._mean, 1e-6)))
            most = min(most, _MOST_AHEAD)
        return min(most - self.held, MOST_LEASES)

    def free(self, seconds: float) -> None:
        """A job has left, after so long."""
        self.held -= 1
        self._mean += (seconds - self._mean) * _LATEST
        self._freed.set()

    def rest(self, seconds: float) -> None:
        """Ask for nothing for a while."""
        self._rests_until = time.monotonic() + seconds

    async def run(self) -> None:
        """Ask for jobs whenever there is room."""
        if self.slots <= 0:
            return
        while not self.closed:
            await self._wait_for_room()
            asked = time.monotonic()
            claim = Claim(most=self.room, wait_seconds=LONGEST_WAIT, sort=self.sort)
            self.asking = True
            try:
                leases = await self.link.claim(claim)
            except Error as error:
                self.asking = False
                await self.contact.pause(self.sort, error)
                continue
            self.asking = False
            self.contact.reached(self.sort)
            for lease in leases:
                self.held += 1
                self.begin(self, lease)
            # What was given comes first; to ask for more takes as long as a short job.
            await asyncio.sleep(0)
            if not leases and time.monotonic() - asked < LONGEST_WAIT / 2:
                await asyncio.sleep(_HASTY_SECONDS)

    async def _wait_for_room(self) -> None:
        while True:
            rest = self._rests_until - time.monotonic()
            if rest > 0:
                await asyncio.sleep(rest)
                continue
            if self.room > 0:
                return
            self._freed.clear()
            await self._freed.wait()
