"""Files whose last row has gone are removed within a minute or two, not at the next daily look."""

import asyncio
import logging
from collections.abc import Iterable
from contextlib import suppress
from functools import partial
from typing import Final

from unibos.base.errors import Error
from unibos.core.store.store import Store

log = logging.getLogger(__name__)

SETTLED_SECONDS: Final = 60.0
"""A file that was put in place so long ago waits for no row any more."""


class Sweep:
    """Removes files that handovers had; for one event loop. What a stop leaves is an orphan like
    any other, which the housekeeping finds."""

    def __init__(self, store: Store, seconds: float = SETTLED_SECONDS) -> None:
        self._store = store
        self._seconds = seconds
        self._names: set[str] = set()
        self._task: asyncio.Task[None] | None = None
        self._stopped = False

    def add(self, org: str, names: Iterable[str]) -> None:
        """Have the files of these blobs removed where no org has them any more, and what arrived
        of them for this one."""
        found = set(names)
        for name in found:
            self._forget_part(org, name)
        self._names |= found
        if self._names and self._task is None and not self._stopped:
            self._task = asyncio.create_task(self._later())

    async def stop(self) -> None:
        """Leave the rest to the housekeeping, and what is added from now on."""
        self._stopped = True
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    def _forget_part(self, org: str, name: str) -> None:
        files = self._store.blobs
        if files.received(org, name):
            # While somebody else sends the same bytes, the part is theirs.
            with suppress(Error):
                files.resume(org, name, 0, afresh=True).abort()

    async def _later(self) -> None:
        try:
            while self._names:
                await asyncio.sleep(self._seconds)
                names, self._names = self._names, set()
                paths = [self._store.blobs.path(name) for name in sorted(names)]
                collect = partial(
                    self._store.blobs.collect, paths=paths, grace_seconds=self._seconds
                )
                await self._store.awrite(collect)
        except Error as error:
            log.warning("files could not be removed: %s", error.code)
        finally:
            self._task = None
