"""The clock that decides when a job is due."""

import threading
import time
from collections.abc import Callable

from unibos.base.clock import Wall, wall_ms


class SteadyClock:
    """Milliseconds since 1970 that never go back and never stand still.

    A Pi without a clock battery may start in the past or the future and be set right while jobs
    wait. Set forward, this clock follows; set back, it goes on from where it is, so that a job
    that waits for a second try does not wait for the day that the clock lost.
    """

    def __init__(
        self, wall: Wall = wall_ms, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._wall = wall
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._floor = 0
        self._at = monotonic()

    def now(self) -> int:
        """The time."""
        with self._lock:
            return self._now()

    def see(self, ms: int) -> None:
        """Take note of a time that was given already: this clock is never behind it."""
        with self._lock:
            self._floor = max(self._now(), ms)

    def _now(self) -> int:
        passed = int((self._monotonic() - self._at) * 1000)
        self._at += passed / 1000
        self._floor = max(self._wall(), self._floor + passed)
        return self._floor
