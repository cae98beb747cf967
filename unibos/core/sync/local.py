"""The replica that this process is: what both sides of an exchange need to know of it."""

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Any

from unibos.base.clock import Wall
from unibos.core.store.peers import PeerKind
from unibos.core.store.store import Store
from unibos.core.sync.rebirths import Rebirths

FUTURE_MS = 5 * 60_000
"""What is from further ahead than this is not taken before its time."""


@dataclass(frozen=True, slots=True)
class Local:
    """This replica, for all its orgs.

    :param instance: its instance id.
    :param name: what people call it.
    :param installed: collections that a module here defines, whatever peers say of them.
    :param now: the time by which a change counts as from the future: the hub's where it is known.
    :param wall: the machine's own clock, whose error is told; None: ``now`` is.
    :param rebirths: the new epochs that peers have asked for.
    :param policies_told: what :mod:`introducing` has made of the policies last.
    """

    store: Store
    instance: str
    kind: PeerKind
    name: Callable[[], str]
    installed: frozenset[str]
    now: Wall
    wall: Wall | None = None
    rebirths: Rebirths = field(default_factory=Rebirths, repr=False, compare=False)
    policies_told: dict[Hashable, Any] = field(default_factory=dict, repr=False, compare=False)

    @property
    def epoch(self) -> str:
        """The name of the present life of its counter."""
        return self.store.replica.epoch
