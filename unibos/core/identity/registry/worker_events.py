"""What happens to the workers of an org: kept in memory only, and only the newest."""

from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Literal

from msgspec import Struct

_REMEMBERED = 256


class WorkerEvent(Struct, frozen=True):
    """A worker joined, got another name, was revoked, or left."""

    what: Literal["joined", "renamed", "revoked", "left"]
    worker: str
    name: str


class WorkerEvents:
    """The newest events of all orgs, numbered; told on the writer thread, read in an event loop."""

    def __init__(self) -> None:
        self._kept: deque[tuple[int, str, WorkerEvent]] = deque(maxlen=_REMEMBERED)
        self.newest = 0

    def telling(self, org: str, event: WorkerEvent) -> Callable[[], None]:
        """What is to be done after the commit, before those look who listen to commits."""
        return partial(self._tell, org, event)

    def after(self, num: int, org: str) -> list[tuple[int, WorkerEvent]]:
        """An org's events behind a number, oldest first, as far as they are remembered."""
        if num >= self.newest:
            return []
        return [
            (number, event) for number, of, event in tuple(self._kept) if number > num and of == org
        ]

    def _tell(self, org: str, event: WorkerEvent) -> None:
        self._kept.append((self.newest + 1, org, event))
        self.newest += 1
