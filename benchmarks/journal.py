"""What clients know of their writes: acknowledged, or sent with the answer lost.

A key has one writer at a time. Its state is a number (the version written last) or ``None``
(deleted, or never there). Writes sent together are atomic: all visible, or none.
"""

import threading
from collections.abc import Mapping
from dataclasses import dataclass

State = int | None
Changes = Mapping[str, State]


@dataclass(frozen=True)
class Verdict:
    """What is wrong in a server's data; all empty when nothing is.

    :param lost: keys whose acknowledged state is gone.
    :param half: keys of writes that are visible in part.
    :param strange: keys with a state that nobody wrote.
    """

    lost: list[str]
    half: list[str]
    strange: list[str]


class Journal:
    """Remembers every write of a run; safe to share between threads."""

    def __init__(self) -> None:
        self.acknowledged_writes = 0
        self.unknown_writes = 0
        self._lock = threading.Lock()
        self._settled: dict[str, State] = {}
        self._possible: dict[str, set[State]] = {}
        self._groups: dict[str, dict[str, State]] = {}

    def acknowledge(self, changes: Changes) -> None:
        """The server said that these writes are done."""
        with self._lock:
            self.acknowledged_writes += len(changes)
            for key, state in changes.items():
                self._settled[key] = state
                self._possible.pop(key, None)
                self._leave_group(key)

    def doubt(self, changes: Changes) -> None:
        """These writes were sent together and never answered: done or not, nobody knows.

        A write that changes nothing cannot show whether its group was done, so it is left out.
        """
        with self._lock:
            self.unknown_writes += len(changes)
            group: dict[str, State] = {}
            for key, state in changes.items():
                earlier = self._possible.setdefault(key, set())
                self._leave_group(key)
                if state not in earlier and state != self._settled.get(key):
                    group[key] = state
                    self._groups[key] = group
                earlier.add(state)

    def verdict(self, found: Changes) -> Verdict:
        """Judge the states that a server holds in the end; no key is writing any more."""
        lost: list[str] = []
        strange: list[str] = []
        for key in self._settled.keys() | self._possible.keys() | found.keys():
            state = found.get(key)
            if state in self._possible.get(key, ()) or state == self._settled.get(key):
                continue
            (lost if key in self._settled else strange).append(key)
        half: list[str] = []
        for group in {id(group): group for group in self._groups.values()}.values():
            visible = [key for key, state in group.items() if found.get(key) == state]
            if 0 < len(visible) < len(group):
                half += list(group)
        return Verdict(sorted(lost), sorted(half), sorted(strange))

    def _leave_group(self, key: str) -> None:
        """A later write to ``key`` hides what became of the group's write to it."""
        group = self._groups.pop(key, None)
        if group is not None:
            del group[key]
