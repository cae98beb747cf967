"""The wish that this process ends."""

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from unibos.roles.worker import WorkerRole


class Stop:
    """Wished for by a signal. Who wishes it twice does not want to wait for jobs.

    :param drain_seconds: what the jobs of a worker get to end, the first time.
    :ivar asked: whether it was wished for.
    """

    def __init__(self, drain_seconds: float) -> None:
        self.asked = asyncio.Event()
        self._drain_seconds = drain_seconds
        self._worker: WorkerRole | None = None

    def ask(self) -> None:
        """Wish for it."""
        if self._worker is not None:
            self._worker.drain(0 if self.asked.is_set() else self._drain_seconds)
        self.asked.set()

    def drains(self, worker: "WorkerRole") -> None:
        """Have a worker drained as soon as it is wished for."""
        self._worker = worker
        if self.asked.is_set():
            worker.drain(self._drain_seconds)
