"""Whether the source is within reach, and how long to wait before it is asked again."""

import asyncio
import random
from contextlib import suppress
from dataclasses import dataclass, field

from unibos.base.errors import Error, Forbidden, Unauthenticated


@dataclass(slots=True)
class Contact:
    """Shared by all that speak to the source: who reaches it ends the pauses of the others.

    :param first: seconds of the first pause; each later one is twice as long.
    :param longest: seconds of the longest pause.
    :param doubt: set when the source refuses the worker itself.
    :ivar trouble: why it was not reached last; None while it is.
    """

    first: float
    longest: float
    doubt: asyncio.Event
    trouble: Error | None = None
    _failures: dict[str, int] = field(default_factory=dict)
    _reached: asyncio.Event = field(default_factory=asyncio.Event)

    def reached(self, who: str) -> None:
        """The source answered."""
        self._failures.pop(who, None)
        if self.trouble is not None:
            self.trouble = None
            self._reached.set()

    async def pause(self, who: str, error: Error) -> None:
        """Wait before the next try: longer each time, never in step with others, and no longer
        than until somebody else reached the source."""
        self.trouble = error
        if isinstance(error, Forbidden | Unauthenticated):
            self.doubt.set()
        self._reached.clear()
        failures = self._failures[who] = self._failures.get(who, 0) + 1
        with suppress(TimeoutError):
            async with asyncio.timeout(self.seconds(failures, error)):
                await self._reached.wait()

    def seconds(self, failures: int, error: Error) -> float:
        """How long the pause after so many failures in a row is; the source may ask for more."""
        longest = min(self.first * 2.0 ** min(failures - 1, 20), self.longest)
        wanted = error.facts.get("retry_after")
        least = float(wanted) if isinstance(wanted, int | float) else 0.0
        chance = random.SystemRandom().random()
        return max(longest * (0.5 + chance / 2), min(least, self.longest))
