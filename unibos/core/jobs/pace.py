"""How often progress is written: the newest one, every few seconds, so that SD cards last."""

import time
from collections.abc import Callable

from unibos.core.store.job import Progress


class Pace:
    """Lets progress through to ``write`` at most once in some seconds; the newest one wins."""

    def __init__(
        self,
        write: Callable[[Progress], None],
        seconds: float,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._write = write
        self._seconds = seconds
        self._monotonic = monotonic
        self._next = monotonic()
        self._latest: Progress | None = None
        self._written: Progress | None = None

    def tell(self, progress: Progress) -> None:
        """Take note of a progress, and write it if it is time."""
        self._latest = progress if progress != self._written else None
        self.flush()

    def flush(self) -> None:
        """Write what was noted, if it is time."""
        if self._latest is None or self._monotonic() < self._next:
            return
        self._written, self._latest = self._latest, None
        self._next = self._monotonic() + self._seconds
        self._write(self._written)

    def wait(self) -> float | None:
        """Seconds until :meth:`flush` has something to do; None when it has not."""
        if self._latest is None:
            return None
        return max(0.0, self._next - self._monotonic())
