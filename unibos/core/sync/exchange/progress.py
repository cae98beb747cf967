"""What a round tells: how far it is, and at its end what it has done."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a round is; ``done`` and ``total`` count changes, or bytes of blobs."""

    step: Literal["hello", "pull", "push", "blobs"]
    collection: str
    done: int
    total: int


@dataclass(frozen=True, slots=True)
class Trouble:
    """One collection that could not be exchanged, by the error's code and detail."""

    collection: str
    code: str
    detail: str


@dataclass(slots=True)
class Outcome:
    """What a round has done; ``skew_ms`` is how far this clock is ahead of the peer's.

    :param troubles: collections that stay behind, while all the others went on.
    """

    peer: str = ""
    peer_name: str = ""
    pulled: int = 0
    pushed: int = 0
    quarantined: int = 0
    conflicts: int = 0
    skew_ms: int = 0
    troubles: list[Trouble] = field(default_factory=list)


Told = Callable[[Progress], None]
"""Is told how a round gets on."""
