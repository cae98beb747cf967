"""What sync tells while it happens: modes, rounds and how they get on.

Kept in memory only, and only the newest: who comes late asks for the status.
"""

from collections import deque
from collections.abc import Callable
from typing import Literal

from msgspec import Struct

_REMEMBERED = 256


class SyncEvent(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Something that happened.

    ``mode``: online, offline or alone, and which hubs are read from and written to. ``progress``:
    of a round with ``peer``; ``total`` is 0 where it is not known. ``round``: one that exchanged
    something is over. ``failed``: one failed, with the ``code`` of why.
    """

    what: Literal["mode", "progress", "round", "failed"]
    peer: str = ""
    name: str = ""
    mode: str = ""
    reads: str = ""
    writes: str = ""
    step: str = ""
    collection: str = ""
    done: int = 0
    total: int = 0
    pulled: int = 0
    pushed: int = 0
    quarantined: int = 0
    conflicts: int = 0
    code: str = ""


class SyncEvents:
    """The newest events, numbered; for one event loop."""

    def __init__(self) -> None:
        self._kept: deque[tuple[int, SyncEvent]] = deque(maxlen=_REMEMBERED)
        self._listeners: list[Callable[[], object]] = []
        self.newest = 0

    def tell(self, event: SyncEvent) -> None:
        """Add an event and have all who listen look."""
        self.newest += 1
        self._kept.append((self.newest, event))
        for listener in tuple(self._listeners):
            listener()

    def after(self, num: int) -> list[tuple[int, SyncEvent]]:
        """The events behind a number, oldest first, as far as they are remembered."""
        if num >= self.newest:
            return []
        return [told for told in self._kept if told[0] > num]

    def listen(self, listener: Callable[[], object]) -> Callable[[], None]:
        """Have ``listener`` called after each event; the result ends it."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)
