"""A node's way to its hub: the port, and what goes over it.

Two adapters: HTTP (``transports/http/hub_client.py``), and a call in the same process where both
roles live in one. Each method raises what the hub raises, by the same kinds and codes of
:mod:`unibos.base.errors`; where no hub answers, ``Unavailable hub_unreachable``.
"""

from typing import Annotated, Protocol

from msgspec import Meta, Struct

from unibos.core.identity.login import Login

Text = Annotated[str, Meta(max_length=200)]


class Report(Struct, frozen=True, kw_only=True):
    """How a node is; ``clock`` is its own time in milliseconds since 1970."""

    version: Text
    board: Text
    profile: Text
    clock: int
    uptime_seconds: Annotated[int, Meta(ge=0)] = 0
    disk_free: Annotated[int, Meta(ge=0)] = 0
    disk_total: Annotated[int, Meta(ge=0)] = 0
    temperature_c: float | None = None
    queue_length: Annotated[int, Meta(ge=0)] = 0


class OrgFacts(Struct, frozen=True, kw_only=True):
    """The org as its nodes know it; a limit that is None does not bind, nor does
    ``enabled_modules``."""

    id: str
    name: str
    slug: str
    type: str
    plan: str
    max_users: int | None = None
    max_nodes: int | None = None
    max_storage_gb: int | None = None
    enabled_modules: list[str] | None = None


class Enrollment(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a node asks to join with.

    :param secret: the join token's own, ``<token id>.<secret>``.
    :param public_key: the raw Ed25519 key, base64url without padding.
    :param proof: a JWT signed with that key (typ ``join+jwt``, ``aud`` the hub's id, ``jti`` the
        SHA-256 of ``secret`` in hexadecimal): who joins holds the key.
    """

    secret: Annotated[str, Meta(max_length=200)]
    public_key: Annotated[str, Meta(max_length=64)]
    proof: Annotated[str, Meta(max_length=2048)]
    name: Text
    report: Report


class Pulse(Struct, frozen=True, kw_only=True):
    """What the hub answers to a heartbeat.

    :param time: the hub's, in milliseconds since 1970.
    :param interval_seconds: when it expects the next one.
    :param keys_version: changes when the JWKS does.
    :param revocations_version: changes when the org's list of revocations does.
    :param membership: a new credential to keep; None while the present one lasts.
    :param urls: where the hub is reached, best first.
    """

    time: int
    interval_seconds: int
    name: str
    org: OrgFacts
    keys_version: str
    revocations_version: str
    membership: str | None = None
    urls: list[str] = []


class Enrolled(Struct, frozen=True, kw_only=True):
    """What a node gets when it joins.

    :param hub: the hub's instance id.
    :param membership: the credential (typ ``membership+jwt``).
    :param keys: the hub's JWKS (RFC 7517), as JSON text.
    :param revocations: the org's signed list (typ ``revocations+jwt``).
    """

    hub: str
    hub_name: str
    membership: str
    keys: str
    revocations: str
    pulse: Pulse


class FederatedLogin(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A user's login, passed on by a node; ``address`` is the client's, for the slowing down."""

    email: Annotated[str, Meta(max_length=254)]
    password: Annotated[str, Meta(max_length=1024)]
    address: Text


class FederatedRefresh(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A refresh token of the hub's, passed on by a node; good for once."""

    refresh_token: Annotated[str, Meta(max_length=1024)]


class FederatedLogout(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The end of a hub's session, or of all that its user has in the org, passed on by a node."""

    session: Text
    everywhere: bool = False


class FederatedPassword(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A user's change of their password, passed on by a node; ``address`` is the client's."""

    email: Annotated[str, Meta(max_length=254)]
    current_password: Annotated[str, Meta(max_length=1024)]
    new_password: Annotated[str, Meta(max_length=1024)]
    address: Text


class Link(Protocol):
    """One hub, as one node asks it."""

    async def enroll(self, asked: Enrollment) -> Enrolled:
        """Join an org; the token is used up by it."""
        ...

    async def heartbeat(self, report: Report) -> Pulse:
        """Tell how the node is, hear what has changed."""
        ...

    async def keys(self) -> str:
        """The hub's JWKS, as JSON text."""
        ...

    async def revocations(self) -> str:
        """The org's signed list of revocations."""
        ...

    async def login(self, asked: FederatedLogin) -> Login:
        """Log a user of the org in; the tokens are the hub's."""
        ...

    async def refresh(self, asked: FederatedRefresh) -> Login:
        """Exchange a refresh token of the hub's."""
        ...

    async def logout(self, asked: FederatedLogout) -> None:
        """End sessions of the hub's."""
        ...

    async def password(self, asked: FederatedPassword) -> Login:
        """Change a password; all sessions of the user end, and a new one begins."""
        ...

    async def leave(self) -> None:
        """Be a member no longer."""
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...
