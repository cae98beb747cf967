"""The line to a hub: which address answers, and whether it is the hub that answers there.

A hub is known by its instance id, not by a certificate: it signs a statement which certificate it
shows, and who holds another one has no such statement. So the first request over a connection that
nobody vouches for asks for nothing but the statement, and sends nothing that is secret. The same
happens when the hub's certificate has changed.

Plain HTTP goes to this machine only: what is said there, nobody on the way could hear.
"""

import asyncio
import hashlib
import logging
import ssl
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

import msgspec

from unibos import __version__
from unibos.base.errors import Error, Unauthenticated, Unavailable
from unibos.base.problems import error_of
from unibos.base.trust import only, unchecked
from unibos.core.identity.federation.contact import Contact
from unibos.core.identity.federation.joining import HubAddress
from unibos.core.identity.registry.hub_statement import Statement, verify_statement
from unibos.transports.http.proxies import is_loopback

if TYPE_CHECKING:
    import httpx2

log = logging.getLogger(__name__)

# It would tell of every heartbeat.
logging.getLogger("httpx2").setLevel(logging.WARNING)

CONNECT_S = 3.0
TOTAL_S = 10.0
IDLE_S = 1.0
ANSWER_BYTES = 1024 * 1024
_STATEMENT = "/.well-known/unibos"
_STATEMENT_BYTES = 64 * 1024
_PROBLEM = "application/problem+json"
_HEADERS = {
    "accept": "application/json",
    "accept-encoding": "identity",
    "user-agent": f"unibos/{__version__}",
}

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Question:
    """One request.

    :param token: makes the bearer token when it is sent; None: the hub need not know who asks.
    :param limit: the most bytes of the answer.
    """

    method: str
    path: str
    body: msgspec.Struct | None = None
    token: Callable[[], str] | None = None
    limit: int = ANSWER_BYTES


class HubLine:
    """The connections of one node to one hub, kept only while they are used.

    :param contact: learns where the hub answers, and a certificate that it newly vouches for.
    """

    def __init__(self, address: HubAddress, contact: Contact) -> None:
        self._hub = address.hub
        self._urls = [url.rstrip("/") for url in address.urls]
        self._certificate = address.certificate
        self._contact = contact
        self._context: ssl.SSLContext | None = None
        self._client: httpx2.AsyncClient | None = None
        self._outdated: list[httpx2.AsyncClient] = []
        self._busy = 0
        self._rest: asyncio.TimerHandle | None = None
        self._closing: set[asyncio.Task[None]] = set()

    async def ask(self, question: Question) -> bytes:
        """The answer's body, from the first address where the hub is.

        An address that answered before comes first. What has gone out once is asked nowhere else:
        the hub may have done it.

        :raises Unavailable: ``hub_unreachable``, ``hub_not_genuine``.
        """
        if not self._urls:
            raise lost("this node is set to talk to nobody")
        urls = sorted(self._urls, key=lambda url: url != self._contact.url)
        reasons, impostor = [], False
        with self._in_use():
            for url in urls:
                try:
                    answer = await self._at(url, question)
                except _NotThere as error:
                    impostor = impostor or isinstance(error, _NotGenuine)
                    reasons.append(f"{url}: {error}")
                    continue
                self._contact.url = url
                return answer
        if impostor:
            raise Unavailable(
                "hub_not_genuine",
                f"What answers is not the hub that this node knows ({'; '.join(reasons)}).",
                hint="Somebody may be between this node and its hub; nothing was sent to them.",
            )
        raise lost("; ".join(reasons))

    async def close(self) -> None:
        """Close the connections."""
        if self._rest is not None:
            self._rest.cancel()
        for client in self._taken():
            await client.aclose()
        if self._closing:
            await asyncio.gather(*self._closing)

    async def _at(self, url: str, question: Question) -> bytes:
        if reason := _why_not(url):
            raise _NotThere(reason)
        if self._certificate is not None:
            try:
                return await self._send(url, question)
            except _Untrusted:
                log.info("the hub shows another certificate", extra={"url": url})
        await self._pin(url)
        try:
            return await self._send(url, question)
        except _Untrusted as error:
            raise _NotGenuine(str(error)) from None

    async def _send(self, url: str, question: Question) -> bytes:
        headers, body = dict(_HEADERS), None
        if question.token is not None:
            headers["authorization"] = f"Bearer {question.token()}"
        if question.body is not None:
            headers["content-type"] = "application/json"
            body = msgspec.json.encode(question.body)
        client = self._opened()
        asked = client.build_request(
            question.method, url + question.path, headers=headers, content=body
        )
        async with _answer(client, asked) as response:
            data = await _read(response, question.limit)
        if response.is_success:
            return data
        raise _refusal(response, data)

    async def _pin(self, url: str) -> None:
        """Have the hub vouch for the certificate that it shows at this address."""
        said, shown = await self._said_and_shown(url)
        pem = ""
        if said.tls is not None and url.startswith("https:"):
            if shown is None or hashlib.sha256(shown).hexdigest() != said.tls:
                raise _NotGenuine("the hub does not vouch for this certificate")
            pem = ssl.DER_cert_to_PEM_cert(shown)
        if pem != self._certificate:
            self._certificate = self._contact.certificate = pem
            self._context = None
            if self._client is not None:
                # Others may be waiting for its answers.
                self._outdated.append(self._client)
                self._client = None

    async def _said_and_shown(self, url: str) -> tuple[Statement, bytes | None]:
        """The hub's statement, and the certificate that the same connection showed."""
        async with _client(unchecked()) as client:
            asked = client.build_request("GET", url + _STATEMENT, headers=_HEADERS)
            try:
                async with _answer(client, asked) as response:
                    shown = _certificate(response)
                    data = await _read(response, _STATEMENT_BYTES)
                told = decoded(data, _Said)
                said = verify_statement(told.statement, self._hub)
            except Unavailable as error:
                raise _NotThere(error.facts["reason"]) from None
            except Unauthenticated:
                raise _NotGenuine("it does not prove to be the hub") from None
        self._contact.hub_name = told.name[:200]
        return said, shown

    def _opened(self) -> "httpx2.AsyncClient":
        if self._client is None:
            if self._context is None:
                pinned = self._certificate
                self._context = only(pinned) if pinned else ssl.create_default_context()
            self._client = _client(self._context)
        return self._client

    @contextmanager
    def _in_use(self) -> Iterator[None]:
        """Keep connections while they are used; who is asked twice a minute needs none between."""
        self._busy += 1
        if self._rest is not None:
            self._rest.cancel()
        try:
            yield
        finally:
            self._busy -= 1
            if not self._busy:
                self._rest = asyncio.get_running_loop().call_later(IDLE_S, self._let_go)

    def _let_go(self) -> None:
        for client in self._taken():
            task = asyncio.create_task(client.aclose())
            self._closing.add(task)
            task.add_done_callback(self._closing.discard)

    def _taken(self) -> "list[httpx2.AsyncClient]":
        taken = [*self._outdated, *([self._client] if self._client is not None else [])]
        self._outdated, self._client = [], None
        return taken


class _NotThere(Exception):
    """This address does not lead to the hub; nothing was asked of anybody."""


class _NotGenuine(_NotThere):
    """Somebody answers at this address who is not the hub."""


class _Untrusted(Exception):
    """The certificate that was shown is not the one to be shown."""


class _Said(msgspec.Struct, frozen=True):
    """What a hub answers when asked who it is; only the statement is signed."""

    statement: str
    name: str = ""


@asynccontextmanager
async def _answer(
    client: "httpx2.AsyncClient", asked: "httpx2.Request"
) -> AsyncIterator["httpx2.Response"]:
    """An answer's head. What failed before the question was out may be asked elsewhere."""
    import httpx2

    try:
        response = await client.send(asked, stream=True)
    except (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout) as error:
        if _is_about_certificates(error):
            raise _Untrusted(str(error)) from None
        raise _NotThere(str(error) or type(error).__name__) from None
    except (httpx2.TransportError, OSError) as error:
        raise lost(str(error) or type(error).__name__) from None
    try:
        yield response
    finally:
        await response.aclose()


async def _read(response: "httpx2.Response", limit: int) -> bytes:
    """The body, as far as it is no longer than it may be."""
    import httpx2

    if response.headers.get("content-encoding", "identity") != "identity":
        raise lost("the answer is compressed, which was not asked for")
    pieces, size = [], 0
    try:
        async for piece in response.aiter_raw():
            size += len(piece)
            if size > limit:
                raise lost(f"the answer is larger than {limit} bytes")
            pieces.append(piece)
    except (httpx2.TransportError, OSError) as error:
        raise lost(str(error) or type(error).__name__) from None
    return b"".join(pieces)


def _refusal(response: "httpx2.Response", data: bytes) -> Error:
    """The error that the hub answered with; what is no error of ours, no hub has said."""
    if response.headers.get("content-type", "").partition(";")[0] != _PROBLEM:
        return lost(f"what answered is no hub (status {response.status_code})")
    return error_of(response.status_code, decoded(data, dict[str, Any]))


def _client(context: ssl.SSLContext) -> "httpx2.AsyncClient":
    import httpx2

    return httpx2.AsyncClient(
        verify=context,
        trust_env=False,
        follow_redirects=False,
        timeout=httpx2.Timeout(TOTAL_S, connect=CONNECT_S),
        limits=httpx2.Limits(max_connections=8, max_keepalive_connections=2),
    )


def _why_not(url: str) -> str:
    """Why nobody is asked at an address; empty where it may be."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
        host.encode("idna")
    except ValueError:
        return "this is no address"
    if parts.scheme == "https" or is_loopback(host):
        return ""
    return "plain HTTP is for this machine only"


def _certificate(response: "httpx2.Response") -> bytes | None:
    """The certificate (DER) of the connection that an answer came over."""
    stream = response.extensions.get("network_stream")
    secured = stream.get_extra_info("ssl_object") if stream is not None else None
    return secured.getpeercert(binary_form=True) if secured is not None else None


def _is_about_certificates(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            return True
        error = error.__cause__ or error.__context__
    return False


def decoded(data: bytes, type_: type[T]) -> T:
    """The answer as what it should be.

    :raises Unavailable: ``hub_unreachable``: no hub of this kind answers so.
    """
    try:
        return msgspec.json.decode(data, type=type_)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise lost("what came is no answer of a hub") from None


def lost(reason: str) -> Unavailable:
    """The answer where no hub answers."""
    return Unavailable(
        "hub_unreachable",
        f"The hub does not answer: {reason}.",
        hint="This node goes on by itself; unibos status tells when it heard of the hub last.",
        reason=reason,
    )
