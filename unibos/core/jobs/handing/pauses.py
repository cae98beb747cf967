"""What is not asked of the hub again for a while, since it said no."""

from collections.abc import Hashable
from typing import Final

FIRST_MS: Final = 15_000
LONGEST_MS: Final = 300_000
_MOST: Final = 1000


class Pauses:
    """Each no doubles the pause; a yes ends it."""

    def __init__(self) -> None:
        self._until: dict[Hashable, tuple[int, int]] = {}

    def refused(self, what: Hashable, now: int) -> None:
        """The hub said no."""
        _, before = self._until.get(what, (0, FIRST_MS // 2))
        length = min(before * 2, LONGEST_MS)
        if len(self._until) >= _MOST:
            self._until.clear()
        self._until[what] = now + length, length

    def taken(self, what: Hashable) -> None:
        """The hub said yes."""
        self._until.pop(what, None)

    def stands(self, what: Hashable, now: int) -> bool:
        """Whether it is not the time to ask again."""
        return self._until.get(what, (0, 0))[0] > now

    def next_end(self, now: int) -> int | None:
        """When the next pause ends; None: there is none."""
        return min((until for until, _ in self._until.values() if until > now), default=None)

    def end_all(self) -> None:
        """The hub is another one now, or has been away: ask again."""
        self._until.clear()
