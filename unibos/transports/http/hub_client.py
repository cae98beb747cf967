"""A node's questions to its hub over HTTP, each signed with the node's key."""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import TypeVar

import msgspec
from msgspec import Struct

from unibos.base.errors import Error, Unauthenticated, Unavailable
from unibos.core.identity.federation.contact import Contact
from unibos.core.identity.federation.joining import HubAddress, Links
from unibos.core.identity.keys import InstanceKey
from unibos.core.identity.link import (
    Enrolled,
    Enrollment,
    FederatedLogin,
    FederatedLogout,
    FederatedPassword,
    FederatedRefresh,
    Pulse,
    Report,
)
from unibos.core.identity.login import Login
from unibos.core.identity.registry.machine_tokens import MachineTokens
from unibos.core.identity.signing.revocations import MAX_LENGTH as REVOCATIONS_BYTES
from unibos.transports.http.hub_line import HubEnd, decoded, lost
from unibos.transports.http.line import Line, Question

TOTAL_S = 10.0

_API = "/api/v1"
_KEYS = "/.well-known/jwks.json"
_OUT_OF_REACH = frozenset({"hub_unreachable", "hub_not_genuine"})

T = TypeVar("T")


class HubClient:
    """The HTTP :class:`unibos.core.identity.link.Link` of one node to one hub.

    Each call takes ten seconds at most.

    :param key: the node's, which signs its requests.
    :param contact: told what is seen of the hub; it also knows the hub's time.
    """

    def __init__(self, address: HubAddress, key: InstanceKey, contact: Contact) -> None:
        self._line = Line(address.urls, address.certificate, HubEnd(address.hub, contact))
        self._tokens = MachineTokens(key, address.hub)
        self._contact = contact

    async def enroll(self, asked: Enrollment) -> Enrolled:
        """See :class:`Link`."""
        return await self._ask(
            Question("POST", f"{_API}/enroll", msgspec.json.encode(asked)), _as(Enrolled)
        )

    async def heartbeat(self, report: Report) -> Pulse:
        """See :class:`Link`."""
        return await self._post("heartbeat", report, _as(Pulse))

    async def keys(self) -> str:
        """See :class:`Link`."""
        return await self._ask(Question("GET", _KEYS), _text)

    async def revocations(self) -> str:
        """See :class:`Link`."""
        path = f"{_API}/federation/revocations"
        question = Question("GET", path, None, self._token, REVOCATIONS_BYTES)
        return (await self._ask(question, _as(_SignedList))).revocations

    async def login(self, asked: FederatedLogin) -> Login:
        """See :class:`Link`."""
        return await self._post("federation/login", asked, _as(Login))

    async def refresh(self, asked: FederatedRefresh) -> Login:
        """See :class:`Link`."""
        return await self._post("federation/refresh", asked, _as(Login))

    async def logout(self, asked: FederatedLogout) -> None:
        """See :class:`Link`."""
        await self._post("federation/logout", asked, _nothing)

    async def password(self, asked: FederatedPassword) -> Login:
        """See :class:`Link`."""
        return await self._post("federation/password", asked, _as(Login))

    async def leave(self) -> None:
        """See :class:`Link`."""
        await self._post("leave", None, _nothing)

    async def close(self) -> None:
        """See :class:`Link`."""
        await self._line.close()

    def _token(self) -> str:
        return self._tokens.issue(self._contact.now())

    async def _post(self, path: str, body: Struct | None, read: Callable[[bytes], T]) -> T:
        data = None if body is None else msgspec.json.encode(body)
        return await self._ask(Question("POST", f"{_API}/{path}", data, self._token), read)

    async def _ask(self, question: Question, read: Callable[[bytes], T]) -> T:
        try:
            answer = read(await self._in_time(question))
        except Unavailable as error:
            if error.code in _OUT_OF_REACH:
                self._contact.failed(error)
            raise
        self._contact.answered()
        return answer

    async def _in_time(self, question: Question) -> bytes:
        """Ask; a second time where this node had the hub's time wrong."""
        ask = partial(self._line.ask, question)
        try:
            async with asyncio.timeout(TOTAL_S):
                try:
                    return await ask()
                except Unauthenticated as error:
                    self._contact.heard(_time_told(error))
                    return await ask()
        except TimeoutError:
            raise lost(f"no answer within {TOTAL_S:.0f} seconds") from None


def hub_links(key: InstanceKey, urls: tuple[str, ...] = (), *, offline: bool = False) -> Links:
    """What makes the node's way to its hub.

    :param urls: addresses to try before those that the hub told.
    :param offline: talk to nobody.
    """

    def link(address: HubAddress, contact: Contact) -> HubClient:
        own = [url for url in address.urls if url not in urls]
        tried = () if offline else (*urls, *own)
        return HubClient(HubAddress(address.hub, tried, address.certificate), key, contact)

    return link


class _SignedList(Struct, frozen=True):
    """How the hub's list of revocations comes."""

    revocations: str


def _time_told(error: Error) -> int:
    """The hub's time in its refusal of a token that was not of this time; else the refusal."""
    told = error.facts.get("time")
    if error.code != "machine_token_expired" or not isinstance(told, int):
        raise error
    return told


def _as(type_: type[T]) -> Callable[[bytes], T]:
    """Reads an answer as JSON of this shape."""
    return lambda data: decoded(data, type_)


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")


def _nothing(_: bytes) -> None:
    """That it was done is all the answer."""
