"""A record's whole present state, as replicas give it to each other.

``seen`` is a version vector (Parker et al. 1983): for each origin the newest of its writes that
this state incorporates. The record's own clock is one of its entries and is not repeated there,
so what only one origin ever wrote has none.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from unibos.core.store.clocks import Clock, authors_of, same


@dataclass(frozen=True, slots=True)
class Version:
    """One state of a record.

    :param fields: the data; None: deleted.
    :param clocks: of fields whose clock is not the record's, and of removed fields.
    :param seen: origin to the highest reading known, without what ``clock`` says itself.
    """

    clock: Clock
    fields: Mapping[str, Any] | None
    clocks: Mapping[str, Clock]
    seen: Mapping[str, int]

    def knows(self, clock: Clock) -> bool:
        """Whether the write with this clock was incorporated, be it overruled since."""
        hlc, origin = clock
        if origin == self.clock[1] and hlc <= self.clock[0]:
            return True
        return hlc <= self.seen.get(origin, -1)

    def authors(self) -> set[str]:
        """All instances that wrote something that is present; a removal counts as present."""
        return authors_of((self.clock, *self.clocks.values()))

    def equals(self, other: "Version") -> bool:
        """Whether both are one state; as JSON, where ``1``, ``1.0`` and ``true`` are three."""
        return (
            self.clock == other.clock
            and self.clocks == other.clocks
            and self.seen == other.seen
            and same(self.fields, other.fields)
        )

    def normal(self) -> Self:
        """The one way to write this state: without clocks that say what ``clock`` says already."""
        if not self.clocks and not self.seen:
            return self
        present = self.fields
        clocks = {
            field: clock
            for field, clock in self.clocks.items()
            if present is not None and (field not in present or clock != self.clock)
        }
        hlc, writer = self.clock
        seen = {origin: at for origin, at in self.seen.items() if origin != writer or at > hlc}
        if len(clocks) == len(self.clocks) and len(seen) == len(self.seen):
            return self
        return type(self)(self.clock, present, clocks, seen)
