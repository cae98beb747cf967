"""Feeds the service manager's watchdog for as long as this process is of use.

Of use is a process whose event loop turns, and whose databases answer: the writer commits, a reader
reads. A check changes nothing, so it writes nothing to the disk. What does not answer is not fed
for, and the service manager ends the process and starts it again.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress

from unibos.base import ready
from unibos.base.errors import Damaged, StorageFull
from unibos.core.store.counters import newest
from unibos.core.store.store import Store

log = logging.getLogger(__name__)

_CHECKS = 3
"""So often it looks within the time that it may stay silent."""


class Watchdog:
    """What has to answer."""

    def __init__(self) -> None:
        self._stores: list[Store] = []
        self._trouble = ""

    @contextmanager
    def over(self, store: Store) -> Iterator[None]:
        """Have a store checked for as long as the context lasts."""
        self._stores.append(store)
        try:
            yield
        finally:
            self._stores.remove(store)

    async def check(self) -> bool:
        """Whether all answer; one that hangs is never answered for.

        The first of several failures in a row is logged.
        """
        trouble = ""
        for store in tuple(self._stores):
            try:
                await _ask(store)
            except Exception as error:  # noqa: BLE001 -- whatever it is, it is no answer
                if store in self._stores:
                    trouble = f"{store.path.name}: {error}"
        if trouble and not self._trouble:
            log.error("the database does not answer", extra={"why": trouble})
        self._trouble = trouble
        return not trouble


async def _ask(store: Store) -> None:
    # A full disk or a damaged file is an answer that whoever writes gets, too: what can be read
    # is still read, and starting again mends neither.
    with suppress(StorageFull, Damaged):
        await store.awrite(lambda _: None)
    await store.aread(lambda view: newest(view.connection))


@asynccontextmanager
async def watched(seconds: float | None) -> AsyncIterator[Watchdog]:
    """Feed the watchdog for as long as the context lasts.

    :param seconds: how long it may go unfed; None: there is none.
    """
    watchdog = Watchdog()
    if seconds is None:
        yield watchdog
        return
    task = asyncio.create_task(_feed(watchdog, seconds / _CHECKS))
    try:
        yield watchdog
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _feed(watchdog: Watchdog, pause: float) -> None:
    while True:
        if await watchdog.check():
            ready.alive()
        await asyncio.sleep(pause)
