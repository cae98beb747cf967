"""The bell: tells an event loop that something of an org was committed."""

import asyncio

from unibos.core.store.store import Store
from unibos.core.store.transaction import Changed


class Bell:
    """Rings in the event loop whenever an org's data changed; closing it ends every stream."""

    def __init__(self, store: Store) -> None:
        self._loop = asyncio.get_running_loop()
        self._rung: dict[str, asyncio.Event] = {}
        self.closed = False
        self._unlisten = store.listen(self._changed)

    def _changed(self, changes: list[Changed]) -> None:
        orgs = {change.org for change in changes}
        if orgs & self._rung.keys():
            self._loop.call_soon_threadsafe(self._ring, orgs)

    def ring(self, org: str) -> None:
        """Have who waits for the org look, though nothing was committed; in the event loop."""
        self._ring({org})

    def _ring(self, orgs: set[str]) -> None:
        for org in orgs & self._rung.keys():
            self._rung.pop(org).set()

    def next(self, org: str) -> asyncio.Event:
        """The event that the org's next change rings; ask for it before looking at the data."""
        return self._rung.setdefault(org, asyncio.Event())

    def close(self) -> None:
        """End all streams."""
        self.closed = True
        self._unlisten()
        self._ring(set(self._rung))
