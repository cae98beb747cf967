"""The hub as an OpenID Connect provider: discovery, login with a code, exchange, claims.

What the standards decide is in ``protocol.py``; it is loaded when the first program asks, and runs
on a thread of its own, because a code's exchange writes.
"""

import asyncio
import base64
import binascii
import hashlib
import hmac
import re
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property, partial
from typing import TYPE_CHECKING, ParamSpec, TypeVar
from urllib.parse import urlencode, urlsplit

from unibos.base.errors import Invalid
from unibos.core.identity.oidc import claims
from unibos.core.identity.oidc.codes import Codes
from unibos.core.identity.oidc.grants import Grants
from unibos.core.identity.sessions import Sessions, Tools, login_failed
from unibos.core.identity.signing.keys import SigningKeys
from unibos.core.identity.tokens import (
    session_ended,
    token_expired,
)
from unibos.core.store.accounts import Account
from unibos.core.store.clients import Client

if TYPE_CHECKING:
    from unibos.core.identity.oidc.protocol import Reply, Server

P = ParamSpec("P")
T = TypeVar("T")

_PLAIN = re.compile(r"[\x20\x21\x23-\x5b\x5d-\x7e]*")
_FREE = frozenset({"state", "nonce", "login_hint", "ui_locales"})
"""Parameters that may hold any text: they are passed on or shown, and never part of an error."""


@dataclass(frozen=True, slots=True)
class Form:
    """A login form to show.

    :param client: the name of the program that asks.
    :param org: the name of the org that its people are of.
    :param back: the origin that the browser is sent to afterwards.
    :param cookie: what the browser has to keep for the form.
    :param mark: what the form has to bring back with it.
    """

    client: str
    org: str
    back: str
    cookie: str
    mark: str


@dataclass(frozen=True, slots=True)
class Redirect:
    """Where to send the browser."""

    location: str


@dataclass(frozen=True, slots=True)
class Proof:
    """What a login form brings.

    :param address: the client's IP address.
    """

    email: str
    password: str
    address: str
    cookie: str
    mark: str


class Provider:
    """Logs people in to the programs that their org registered.

    :param secret: marks login forms; see :meth:`InstanceKey.secret`.
    :param addresses: gives where the hub is reached, best first.
    """

    def __init__(
        self,
        tools: Tools,
        sessions: Sessions,
        keys: SigningKeys,
        secret: bytes,
        addresses: Callable[[], Sequence[str]],
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._tools = tools
        self._sessions = sessions
        self._keys = keys
        self._secret = secret
        self._addresses = addresses
        self._grants = Grants(tools, keys, Codes(monotonic))
        self._thread = ThreadPoolExecutor(1, "oidc")

    def close(self) -> None:
        """Stop the thread."""
        self._thread.shutdown()

    @cached_property
    def _server(self) -> "Server":
        from unibos.core.identity.oidc.protocol import Server

        return Server(self._grants)

    def issuer(self, host: str) -> str:
        """The name that the hub has for programs: of its addresses the one that they reached it
        at, or the best. What else a request says the hub is called, nobody has to believe.

        :param host: of the request, with its port.
        """
        known = self._addresses()
        best = known[0] if known else "https://localhost"
        plain = host.lower()
        for address in known:
            if urlsplit(address).netloc.lower() == plain:
                return address
        return best

    async def ask(self, asked: Mapping[str, str], issuer: str) -> Form | Redirect:
        """Begin a login that a program sent the browser for.

        :param asked: the parameters (OpenID Connect Core, section 3.1.2.1).
        :raises Invalid: ``oidc_request_invalid``: the program or its address is not registered,
            so the browser is sent nowhere.
        """
        found = await self._on_thread(self._checked, asked)
        if not isinstance(found, tuple):
            return _sent_back(found, issuer)
        return self._form(asked, *found)

    async def log_in(
        self,
        asked: Mapping[str, str],
        issuer: str,
        proof: Proof,
    ) -> Redirect:
        """Send a person who proves who they are back to the program, with a code.

        :raises Invalid: ``oidc_request_invalid``; ``login_form_stale`` when the form is not the
            one that this browser was given.
        :raises Unauthenticated: ``login_failed``, also to who is no member of the program's org.
        :raises TooMany: ``too_many_attempts``.
        :raises Unavailable: ``login_overloaded``.
        """
        found = await self._on_thread(self._checked, asked)
        if not isinstance(found, tuple):
            return _sent_back(found, issuer)
        if not hmac.compare_digest(self._mark(proof.cookie, asked).encode(), proof.mark.encode()):
            raise Invalid("login_form_stale", "This form is not valid any more. Try again.")
        client, _ = found
        known = await self._sessions.prove(proof.email, proof.password, proof.address)
        user = known and self._grants.member(known.id, client.org)
        if not user:
            raise login_failed()
        return _sent_back(await self._on_thread(self._granted, asked, issuer, user), issuer)

    async def exchange(self, asked: Mapping[str, str], authorization: str) -> "Reply":
        """Give a program tokens for a code (RFC 6749, sections 4.1.3 and 5).

        :param authorization: the header of that name; empty without.
        """
        return await self._on_thread(self._exchanged, asked, authorization)

    def userinfo(self, token: str) -> dict[str, str]:
        """The claims that a token opens.

        :raises Unauthenticated: ``token_invalid``, ``token_expired``, ``session_ended``.
        """
        granted = claims.read_access_token(self._keys, token)
        if granted.expires_at * 1000 <= self._tools.wall():
            raise token_expired()

        user = self._grants.member(granted.user, granted.org)
        if user is None or not self._grants.stands(granted):
            raise session_ended()
        return self._grants.about(user, granted.scope)

    async def _on_thread(self, work: Callable[P, T], *values: P.args, **named: P.kwargs) -> T:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, partial(work, *values, **named))

    def _checked(self, asked: Mapping[str, str]) -> "tuple[Client, str] | Reply":
        from authlib.oauth2.rfc6749 import OAuth2Error

        from unibos.core.identity.oidc.protocol import Asked

        for name, value in asked.items():
            if name not in _FREE and not _PLAIN.fullmatch(value):
                raise _invalid(f"{name} has letters that it cannot have.")
        try:
            return self._server.consent(Asked("GET", asked))
        except OAuth2Error as error:
            raise _invalid(error.description or str(error.error)) from None

    def _granted(self, asked: Mapping[str, str], issuer: str, user: Account) -> "Reply":
        from unibos.core.identity.oidc.protocol import Asked

        return self._server.granted(Asked("POST", asked, issuer=issuer), user)

    def _exchanged(self, asked: Mapping[str, str], authorization: str) -> "Reply":
        from unibos.core.identity.oidc.protocol import Asked, Reply

        fit = all(map(_PLAIN.fullmatch, asked.values())) and _is_basic(authorization)
        if not fit:
            return Reply(400, {"error": "invalid_request"}, {})
        return self._server.exchanged(Asked("POST", asked, authorization))

    def _form(self, asked: Mapping[str, str], client: Client, redirect_uri: str) -> Form:
        cookie = secrets.token_urlsafe(24)
        org = self._grants.org_name(client.org)
        return Form(client.name, org, _origin(redirect_uri), cookie, self._mark(cookie, asked))

    def _mark(self, cookie: str, asked: Mapping[str, str]) -> str:
        """What only a form has that this hub gave to the cookie's browser for this request."""
        text = f"{cookie}?{urlencode(sorted(asked.items()))}"
        return hmac.digest(self._secret, text.encode(), hashlib.sha256).hex()


def _sent_back(reply: "Reply", issuer: str) -> Redirect:
    """A redirect that names its sender (RFC 9207), so that programs of many hubs mix none up."""
    joint = "&" if "?" in reply.location else "?"
    return Redirect(f"{reply.location}{joint}{urlencode({'iss': issuer})}")


def _origin(uri: str) -> str:
    parts = urlsplit(uri)
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else f"{parts.scheme}:"


def _is_basic(authorization: str) -> bool:
    """Whether a header, if there is one, can be read as Basic (RFC 7617)."""
    kind, _, text = authorization.partition(" ")
    try:
        return kind.lower() != "basic" or bool(base64.b64decode(text, validate=True).decode())
    except (ValueError, binascii.Error):
        return False


def _invalid(detail: str) -> Invalid:
    return Invalid(
        "oidc_request_invalid",
        f"The program that sent you here asked in a way that cannot be answered: {detail}",
        hint="An admin of the org registers programs: unibos hub clients add --help.",
    )
