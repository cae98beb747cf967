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


def person(scope: Scope) -> Person:
    """The person behind a scope, for ``GET /me``."""
    asker = scope.principal
    return Person(id=asker.id, email=asker.email, name=asker.name, role=scope.role, org=scope.org)
