"""What a successful login, refresh or setup answers."""

from typing import Literal

from msgspec import Struct

from unibos.core.identity.scope import Role, Scope
from unibos.core.store.accounts import Account


class Person(Struct, frozen=True, kw_only=True):
    """Who is logged in, and where."""

    id: str
    email: str
    name: str
    role: Role
    org: str


class Me(Person, frozen=True, kw_only=True):
    """Who asks, and how far that leans on a hub."""

    origin: Literal["local", "hub"]
    """Where the account is."""
    linked: bool
    """Whether an account of the node and one of the hub are the same person."""
    online: bool
    """Whether the hub is within reach."""
    offline: bool
    """Whether this login was made without the hub."""
    offline_until: str | None
    """Until when a hub's user may log in without the hub; null: not at all, or no end."""


class Login(Struct, frozen=True, kw_only=True):
    """A pair of tokens and their owner (RFC 6749, section 5.1, plus ``user`` and ``offline``)."""

    access_token: str
    refresh_token: str
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105 - a scheme, not a secret
    expires_in: int
    """Seconds that the access token lives."""
    user: Person
    offline: bool = False
    """True when a node vouched for a hub's user while the hub was away."""


def person_of(account: Account) -> Person:
    """The person behind an account."""
    return Person(
        id=account.id,
        email=account.email,
        name=account.name,
        role=Role(account.role),
        org=account.org,
    )


def me_of(
    scope: Scope, *, online: bool, linked: bool = False, offline_until: str | None = None
) -> Me:
    """What ``GET /me`` answers."""
    asker = scope.principal
    return Me(
        id=asker.id,
        email=asker.email,
        name=asker.name,
        role=scope.role,
        org=scope.org,
        origin="hub" if scope.hub_user else "local",
        linked=linked,
        online=online,
        offline=scope.offline,
        offline_until=offline_until,
    )
