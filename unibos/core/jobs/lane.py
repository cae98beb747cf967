"""Lanes: kinds that share some slots, and the jobs that were claimed ahead for them."""

import threading
from collections import deque
from dataclasses import dataclass, field, replace

from unibos.core.jobs.kind import HeavyKind, Kinds, LightKind, PortableKind
from unibos.core.store.claimant import Claimant

MOST_AHEAD = 128
"""Jobs that are claimed beyond the free slots, at most."""
AHEAD_SECONDS = 0.05
"""The time that such jobs may have to wait here; longer, and another might have begun them."""

Key = tuple[str, int]
"""A job's id and attempt."""


@dataclass(eq=False, slots=True)
class Lane:
    """Slots of some kinds. Claiming one small job at a time would cost a transaction each, so a
    lane whose jobs take only moments claims some more than it has slots for.

    :param claimants: what it asks for, one after the other.
    :param slots: jobs at the same time.
    :param ahead: whether it may claim more than that.
    """

    claimants: list[Claimant]
    slots: int
    ahead: bool = False
    _busy: int = 0
    _waiting: deque[Key] = field(default_factory=deque)
    _seconds: float = AHEAD_SECONDS
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def room(self) -> int:
        """How many jobs are to be claimed now; none while it has enough to do."""
        with self._lock:
            free = self.slots - self._busy
            ahead = self._most_ahead
            if not free and len(self._waiting) * 2 >= ahead:
                return 0
            return free + ahead - len(self._waiting)

    def enter(self, key: Key) -> bool:
        """Take in a claimed job; whether it begins now, in a slot of its own."""
        with self._lock:
            if self._busy < self.slots:
                self._busy += 1
                return True
            self._waiting.append(key)
            return False

    def leave(self, seconds: float) -> Key | None:
        """A job has ended after so long; the one that gets its slot."""
        with self._lock:
            # A mean in which the last few jobs count most.
            self._seconds += (seconds - self._seconds) / 4
            if self._waiting:
                return self._waiting.popleft()
            self._busy -= 1
            return None

    @property
    def waiting(self) -> list[Key]:
        """The jobs that have not begun."""
        with self._lock:
            return list(self._waiting)

    @property
    def _most_ahead(self) -> int:
        if not self.ahead:
            return 0
        return min(MOST_AHEAD, int(self.slots * AHEAD_SECONDS / max(self._seconds, 0.0001)))


def lanes(kinds: Kinds, claimant: Claimant, heavy: int, light: int) -> dict[str, Lane]:
    """The lane of each kind.

    Light kinds can run nowhere else, so neither queues nor limits hold for them.
    """
    own = replace(claimant, queues=None, memory_mb=None, max_size=None)
    quick = Lane(
        [_only(own, kinds, LightKind), _only(claimant, kinds, PortableKind)], light, ahead=True
    )
    slow = Lane([_only(claimant, kinds, HeavyKind)], heavy)
    return {name: slow if isinstance(kind, HeavyKind) else quick for name, kind in kinds.items()}


def _only(
    claimant: Claimant, kinds: Kinds, sort: type[LightKind | PortableKind | HeavyKind]
) -> Claimant:
    known = {
        name: version for name, version in claimant.kinds.items() if isinstance(kinds[name], sort)
    }
    return replace(claimant, kinds=known)
