"""The programs that an org's people may log in to through the hub, registered by its admins."""

import asyncio
import ipaddress
import re
from urllib.parse import urlsplit

from msgspec import Struct

from unibos.base.clock import iso
from unibos.base.errors import Invalid
from unibos.core.identity import secret
from unibos.core.identity.scope import Role, Scope
from unibos.core.identity.signing.keys import SigningKeys
from unibos.core.identity.users import check_name
from unibos.core.store import clients
from unibos.core.store.signing_keys import Algorithm

MAX_URIS = 10
MAX_URI = 500
# What RFC 3986 lets a URI be made of, and one scheme; a fragment is for the browser alone.
_URI = re.compile(r"[a-z][a-z0-9+.-]*:[A-Za-z0-9._~:/?@!$&'()*+,;=%\[\]-]+")
_HOST = re.compile(r"[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\]")
_IN_HOUSE = (".local", ".lan", ".home.arpa", ".internal")


class Client(Struct, frozen=True, kw_only=True):
    """A registered program; `public` ones have no secret. Times are ISO 8601 in UTC."""

    id: str
    name: str
    redirect_uris: list[str]
    public: bool
    id_token_alg: Algorithm
    created_at: str


class ClientList(Struct, frozen=True, kw_only=True):
    """All clients of the org, in the order of their making."""

    items: list[Client]
    next: None = None


class ClientMade(Struct, frozen=True, kw_only=True):
    """A new client and its secret, which is shown now and never again."""

    client: Client
    secret: str | None


class Clients:
    """Registers clients; every verb needs the role ``admin`` (``Forbidden role_required``).

    :param keys: what ID tokens are signed with.
    """

    def __init__(self, keys: SigningKeys) -> None:
        self._keys = keys

    def listing(self, scope: Scope) -> ClientList:
        """All clients of the org; at most 100."""
        scope.require(Role.ADMIN)
        return ClientList(items=[_shown(one) for one in scope.store.read(clients.listing)])

    async def add(
        self,
        scope: Scope,
        name: str,
        redirect_uris: list[str],
        *,
        public: bool = False,
        algorithm: Algorithm = "RS256",
    ) -> ClientMade:
        """Register a program.

        :param redirect_uris: where people may be sent back to after the login: https addresses,
            http ones within the house, or those of an app (``org.example.app:/back``).
        :param public: it cannot keep a secret, such as an app on a phone.
        :param algorithm: how its ID tokens are signed; ``RS256`` is what every program knows
            (OpenID Connect Core, section 15.1).
        :raises Invalid: ``name_invalid``, ``redirect_uri_invalid``.
        :raises Conflict: ``too_many_clients``.
        """
        scope.require(Role.ADMIN)
        uris = _checked(redirect_uris)
        called = check_name(name)
        own = None if public else secret.make()
        hashed = None if own is None else secret.digest(own)
        if algorithm == "RS256":
            await asyncio.to_thread(self._keys.make_rsa)
        made = await scope.store.awrite(
            lambda tx: clients.create(tx, called, hashed, uris, algorithm)
        )
        return ClientMade(client=_shown(made), secret=own)

    async def remove(self, scope: Scope, id_: str) -> None:
        """Forget a program; nobody can log in to it any more.

        :raises NotFound: ``client_not_found``.
        """
        scope.require(Role.ADMIN)
        await scope.store.awrite(lambda tx: clients.remove(tx, id_))


def secret_matches(client: clients.Client, told: str) -> bool:
    """Whether this is the client's secret; a public client has none that could match."""
    return client.secret_hash is not None and secret.matches(told, client.secret_hash)


def _checked(uris: list[str]) -> tuple[str, ...]:
    if not 1 <= len(uris) <= MAX_URIS:
        raise _invalid(f"A client has 1 to {MAX_URIS} addresses to be sent back to.")
    for uri in uris:
        if len(uri) > MAX_URI or not _URI.fullmatch(uri):
            raise _invalid(f"{uri[:60]!r} is no address without a fragment.")
        _check_place(uri)
    return tuple(dict.fromkeys(uris))


def _check_place(uri: str) -> None:
    """Codes go over https, stay in the house, or within the device (RFC 8252, section 7)."""
    try:
        parts = urlsplit(uri)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        raise _invalid(f"{uri[:60]!r} is no address.") from None
    if parts.scheme not in ("http", "https"):
        if "." not in parts.scheme:
            raise _invalid(f"An app's own scheme is a domain turned round, not {parts.scheme!r}.")
        return
    bracketed = f"[{host}]" if ":" in host else host
    if not _HOST.fullmatch(bracketed) or parts.username is not None:
        raise _invalid(f"{uri[:60]!r} names no host.")
    if parts.scheme == "http" and not _in_house(host):
        raise _invalid(f"{host} is not in the house, so it has to be https.")


def _in_house(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_private
    except ValueError:
        return "." not in host or host.endswith(_IN_HOUSE)


def _invalid(detail: str) -> Invalid:
    return Invalid("redirect_uri_invalid", detail, field="redirect_uris")


def _shown(client: clients.Client) -> Client:
    return Client(
        id=client.id,
        name=client.name,
        redirect_uris=list(client.redirect_uris),
        public=client.secret_hash is None,
        id_token_alg=client.algorithm,
        created_at=iso(client.created_at),
    )
