"""Who works on a shelf: many who read, or one who writes.

A lock is held as long as its holder is heard of. Only who holds it alone may write, so whoever
lost it, to a pause or to a restart of the server, is refused and has changed nothing since.
"""

import secrets
import threading
from collections.abc import Callable, Hashable
from dataclasses import dataclass

from unibos.base.errors import Conflict

SECONDS = 600
_MOST = 64


@dataclass(slots=True)
class _Lock:
    alone: bool
    until: float


class ShelfLocks:
    """The locks of all shelves, in memory.

    :param now: seconds that never go back.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._held: dict[Hashable, dict[str, _Lock]] = {}
        self._guard = threading.Lock()

    def take(self, shelf: Hashable, *, alone: bool) -> str:
        """A lock for whoever asks, named by chance.

        :raises Conflict: ``backup_repository_busy``.
        """
        name = secrets.token_urlsafe(24)
        with self._guard:
            held = self._of(shelf)
            taken = held and (alone or any(one.alone for one in held.values()))
            if not taken and len(held) < _MOST:
                self._held[shelf] = held | {name: _Lock(alone, self._now() + SECONDS)}
                return name
        raise Conflict(
            "backup_repository_busy",
            "Somebody else works on the shelf.",
            hint=f"Wait for it to end; after a cut it is free within {SECONDS // 60} minutes.",
        )

    def require(self, shelf: Hashable, name: str, *, alone: bool = False) -> None:
        """Make sure that the lock is held, and hold it longer.

        :raises Conflict: ``shelf_lock_lost``.
        """
        with self._guard:
            lock = self._of(shelf).get(name)
            if lock is not None and lock.alone >= alone:
                lock.until = self._now() + SECONDS
                return
        raise Conflict(
            "shelf_lock_lost",
            "The shelf is not held for this any more.",
            hint="Begin again: what arrived whole is there.",
        )

    def give_back(self, shelf: Hashable, name: str) -> None:
        """End a lock; one that has ended is no error."""
        with self._guard:
            self._of(shelf).pop(name, None)

    def _of(self, shelf: Hashable) -> dict[str, _Lock]:
        """The locks that have not run out."""
        now = self._now()
        there = self._held.get(shelf, {})
        for name in [name for name, lock in there.items() if lock.until <= now]:
            del there[name]
        if not there:
            self._held.pop(shelf, None)
        return there
