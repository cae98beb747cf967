"""The time as another instance told it: good for the tokens that it reads, and for nothing else."""

import time
from collections.abc import Callable

from unibos.base.clock import Wall, wall_ms
from unibos.base.errors import Error


class ToldTime:
    """Its clock, as far as it was told; until then, this machine's."""

    def __init__(self, now: Wall = wall_ms, steady: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._steady = steady
        self._told: tuple[int, float] | None = None

    def heard(self, time_ms: int) -> None:
        """It told the time, in milliseconds since 1970."""
        self._told = time_ms, self._steady()

    def learn(self, refusal: Error) -> None:
        """Take the time from its refusal of a token that was not of this time.

        :raises Error: the refusal, where it is about something else.
        """
        told = refusal.facts.get("time")
        if refusal.code != "machine_token_expired" or not isinstance(told, int):
            raise refusal
        self.heard(told)

    def now(self) -> int:
        """In milliseconds since 1970."""
        if self._told is None:
            return self._now()
        told, at = self._told
        return told + round((self._steady() - at) * 1000)
