"""How an event loop waits for the writer thread: one wake-up for a whole group commit."""

import asyncio
from collections import deque
from typing import Any

Outcome = tuple[asyncio.Future[Any], Any, BaseException | None]


class Mailbox:
    """Carries outcomes from the writer thread into one event loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._outcomes: deque[Outcome] = deque()
        self._woken = False

    def post(self, future: asyncio.Future[Any], value: object, error: BaseException | None) -> None:
        """Called on the writer thread."""
        self._outcomes.append((future, value, error))
        if not self._woken:
            self._woken = True
            try:
                self._loop.call_soon_threadsafe(self._deliver)
            except RuntimeError:
                # The loop is closed: nobody is left to be answered.
                self._outcomes.clear()

    def _deliver(self) -> None:
        self._woken = False
        while self._outcomes:
            future, value, error = self._outcomes.popleft()
            if future.done():
                continue
            if error is None:
                future.set_result(value)
            else:
                future.set_exception(error)
