"""Threads for work: made when they are first needed, kept, and in nobody's way at the end.

A child dies with the thread that started it (prctl(2), PR_SET_PDEATHSIG), so threads stay. Work on
a thread cannot be made to end, so the process must be able to end without it: these are daemons.
"""

import asyncio
import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any

_Item = tuple[Callable[[], Any], "asyncio.Future[Any]"]


class Threads:
    """For one event loop.

    :param most: of them.
    """

    def __init__(self, most: int, name: str) -> None:
        self._most = most
        self._name = name
        self._line: SimpleQueue[_Item | None] = SimpleQueue()
        self._made = 0
        self._busy = 0
        self._loop: asyncio.AbstractEventLoop | None = None

    def do(self, work: Callable[[], Any]) -> "asyncio.Future[Any]":
        """Have it done on a thread; what it returns or raises."""
        self._loop = self._loop or asyncio.get_running_loop()
        future: asyncio.Future[Any] = self._loop.create_future()
        self._busy += 1
        if self._busy > self._made < self._most:
            self._made += 1
            name = f"{self._name}-{self._made}"
            threading.Thread(target=self._serve, args=(self._loop,), name=name, daemon=True).start()
        self._line.put((work, future))
        return future

    def close(self) -> None:
        """Have idle threads end; the others end when they can."""
        for _ in range(self._made):
            self._line.put(None)

    def _serve(self, loop: asyncio.AbstractEventLoop) -> None:
        while (item := self._line.get()) is not None:
            work, future = item
            try:
                result, error = work(), None
            except BaseException as raised:  # noqa: BLE001 - it is raised where it is waited for
                result, error = None, raised
            try:
                loop.call_soon_threadsafe(self._settle, future, result, error)
            except RuntimeError:
                # The loop has ended meanwhile, and with it whoever waited.
                return

    def _settle(
        self, future: "asyncio.Future[Any]", result: Any, error: BaseException | None
    ) -> None:
        self._busy -= 1
        if future.done():
            return
        if error is not None:
            future.set_exception(error)
        else:
            future.set_result(result)
