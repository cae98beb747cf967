"""What the registry is given: what a role decides, and where news for nodes come from."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from unibos.core.identity.link import OrgFacts
from unibos.core.identity.registry.presence import Pace


class Keys(Protocol):
    """The hub's signing keys, as nodes hear of them."""

    @property
    def version(self) -> str:
        """Changes when the set does."""
        ...

    def jwks(self) -> str:
        """All public keys, as JSON text."""
        ...


class Lists(Protocol):
    """The orgs' lists of revocations."""

    def version(self, org: str) -> str:
        """Changes when the org's list does."""
        ...

    def signed(self, org: str) -> str:
        """The org's signed list."""
        ...


@dataclass(frozen=True, slots=True)
class Options:
    """What a role decides.

    :param name: what the hub is called.
    :param urls: where it is reached, best first.
    :param tls: the SHA-256 of its own certificate as 64 hexadecimal digits; None where a public
        authority vouches for it, or where there is none.
    """

    name: str
    urls: Callable[[], Sequence[str]]
    tls: str | None = None
    pace: Pace = Pace()


@dataclass(frozen=True, slots=True)
class News:
    """Where the registry learns what it tells nodes."""

    keys: Keys
    lists: Lists
    facts: Callable[[str], OrgFacts]
