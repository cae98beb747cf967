"""Time: the wall clock as a port, the hybrid logical clock, and ISO 8601 in UTC.

A hybrid logical clock (Kulkarni et al. 2014, "Logical Physical Clocks") is here one integer:
48 bits of milliseconds since 1970, then a 16-bit counter. It never goes back, even when the wall
clock does, and orders causally related writes of different replicas.
"""

import functools
import threading
import time
from collections.abc import Callable

Wall = Callable[[], int]
"""Milliseconds since 1970; tests pass their own."""

COUNTER_BITS = 16


def wall_ms() -> int:
    """The system's wall clock in milliseconds since 1970."""
    return time.time_ns() // 1_000_000


def hlc_ms(hlc: int) -> int:
    """The physical part of a hybrid clock's reading, in milliseconds since 1970."""
    return hlc >> COUNTER_BITS


def iso(ms: int) -> str:
    """Milliseconds since 1970 as ISO 8601 in UTC, such as ``2026-01-02T03:04:05.678Z``."""
    seconds, rest = divmod(ms, 1000)
    return f"{_second(seconds)}.{rest:03d}Z"


@functools.lru_cache(maxsize=1024)
def _second(seconds: int) -> str:
    """Lists hold many times of few seconds, and the formatting is most of what a list costs."""
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))


class HybridClock:
    """A replica's hybrid logical clock; safe to share between threads.

    :param wall: the wall clock it leans on.
    :param floor: the highest reading that this replica ever gave or saw; the next one is above.
    """

    def __init__(self, wall: Wall = wall_ms, floor: int = 0) -> None:
        self._wall = wall
        self._last = floor
        self._lock = threading.Lock()

    @property
    def last(self) -> int:
        """The highest reading given or seen."""
        return self._last

    def tick(self) -> int:
        """A new reading for a local event, above every earlier one."""
        with self._lock:
            self._last = max(self._last + 1, self._wall() << COUNTER_BITS)
            return self._last

    def see(self, hlc: int) -> None:
        """Take note of a remote reading: later ticks are above it."""
        with self._lock:
            self._last = max(self._last, hlc)
