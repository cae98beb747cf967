"""A line to another instance: which address answers, and whether it is the one that is meant.

An instance is known by its id, not by a certificate: it signs a statement which certificate it
shows, and who holds another one has no such statement. So the first request over a connection that
nobody vouches for asks for nothing but the statement, and sends nothing that is secret. The same
happens when the certificate has changed.

Plain HTTP goes to this machine only: what is said there, nobody on the way could hear.
"""

import hashlib
import logging
import ssl
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlsplit

import msgspec

from unibos import __version__
from unibos.base.errors import Error, Unauthenticated, Unavailable
from unibos.base.problems import error_of
from unibos.base.trust import unchecked
from unibos.transports.http.connections import (
    CONNECT_S,
    SILENT_S,
    Connections,
    certificate_of,
    client_of,
    is_about_certificates,
)
from unibos.transports.http.proxies import is_loopback

if TYPE_CHECKING:
    import httpx2

log = logging.getLogger(__name__)

ANSWER_BYTES = 1024 * 1024
WELL_KNOWN = "/.well-known/unibos"
_STATEMENT_BYTES = 64 * 1024
_PROBLEM = "application/problem+json"
_HEADERS = {
    "accept": "application/json",
    "accept-encoding": "identity",
    "user-agent": f"unibos/{__version__}",
}


@dataclass(frozen=True, slots=True)
class Question:
    """One request.

    :param body: JSON, but for a ``content-type`` of its own among the headers; in pieces, it goes
        out but once.
    :param token: makes the bearer token when it is sent; None: the other need not know who asks.
    :param limit: the most bytes of the answer, as it comes over the line.
    :param silent_s: so many seconds may pass with nothing coming.
    """

    method: str
    path: str
    body: bytes | AsyncIterator[bytes] | None = None
    token: Callable[[], str] | None = None
    limit: int = ANSWER_BYTES
    headers: Mapping[str, str] = field(default_factory=dict)
    silent_s: float = SILENT_S


class OtherEnd(Protocol):
    """Whom a line leads to: how they prove it, and what is said where they do not."""

    def proved(self, said: bytes) -> str | None:
        """The SHA-256 of the certificate that the other vouches for; None where a public
        authority does, or where there is none.

        :param said: what it answered when asked who it is.
        :raises Unauthenticated: it is somebody else.
        :raises Unavailable: with a ``reason``: this is no answer of an instance.
        """
        ...

    def found(self, url: str) -> None:
        """The other answered at this address."""
        ...

    def vouched(self, certificate: str) -> None:
        """The other vouched for this certificate (PEM; empty: a public one, or none)."""
        ...

    def lost(self, reason: str) -> Unavailable:
        """The error where nobody answers; ``reason`` is among its facts."""
        ...

    def impostor(self, reasons: str) -> Unavailable:
        """The error where somebody else answers."""
        ...


class Line:
    """The connections to one instance, kept only while they are used.

    :param urls: where it may be, best first; none: it is not to be asked.
    :param certificate: PEM of the only one that it may show; empty: a public one; None: not known
        yet, so it must vouch for the one that it shows.
    :param socket: see :class:`Connections`; the kernel vouches for who answers there.
    :ivar url: where it answered last.
    :ivar sent_bytes: of all heads and bodies that went out; what TLS adds is not counted.
    :ivar received_bytes: of all heads and bodies that came in.
    """

    def __init__(
        self, urls: Sequence[str], certificate: str | None, other: OtherEnd, socket: str = ""
    ) -> None:
        self._urls = [url.rstrip("/") for url in urls]
        self._certificate = certificate
        self._other = other
        self._connections = Connections(socket)
        self.url = ""
        self.sent_bytes = 0
        self.received_bytes = 0

    async def ask(self, question: Question) -> bytes:
        """The answer's body; raises as :meth:`open`."""
        async with self.open(question) as response:
            return await self.whole(response, question.limit)

    @asynccontextmanager
    async def open(self, question: Question) -> "AsyncIterator[httpx2.Response]":
        """The answer, from the first address where the other is; its body is yet to be read.

        An address that answered before comes first. What has gone out once is asked nowhere else:
        the other may have done it.

        :raises Error: what the other answered with.
        :raises Unavailable: what :class:`OtherEnd` has for who is lost, or an impostor.
        """
        if not self._urls:
            raise self._other.lost("this node is set to talk to nobody")
        with self._connections.in_use():
            response = await self._first(question)
            try:
                yield response
            finally:
                await response.aclose()

    async def pieces(self, response: "httpx2.Response") -> AsyncGenerator[bytes]:
        """The body as it comes; whoever takes it counts it.

        :raises Unavailable: the line broke.
        """
        import httpx2

        try:
            async for piece in response.aiter_raw():
                self.received_bytes += len(piece)
                yield piece
        except (httpx2.TransportError, OSError) as error:
            raise self._other.lost(str(error) or type(error).__name__) from None

    async def whole(self, response: "httpx2.Response", limit: int) -> bytes:
        """The whole body, as far as it is no longer than it may be."""
        taken, size = [], 0
        async for piece in self.pieces(response):
            size += len(piece)
            if size > limit:
                raise self._other.lost(f"the answer is larger than {limit} bytes")
            taken.append(piece)
        return b"".join(taken)

    def forget(self) -> None:
        """Have the other prove itself anew at the next question."""
        self._certificate = None
        self._connections.set_aside()

    async def close(self) -> None:
        """Close the connections."""
        await self._connections.close()

    async def _first(self, question: Question) -> "httpx2.Response":
        reasons, impostor = [], False
        for url in sorted(self._urls, key=lambda url: url != self.url):
            try:
                response = await self._at(url, question)
            except _NotThere as error:
                impostor = impostor or isinstance(error, _NotGenuine)
                reasons.append(f"{url}: {error}")
                continue
            self.url = url
            self._other.found(url)
            return response
        if impostor:
            raise self._other.impostor("; ".join(reasons))
        raise self._other.lost("; ".join(reasons))

    async def _at(self, url: str, question: Question) -> "httpx2.Response":
        if reason := _why_not(url):
            raise _NotThere(reason)
        if self._certificate is not None:
            try:
                return await self._send(url, question)
            except _Untrusted:
                log.info("another certificate is shown", extra={"url": url})
        await self._pin(url)
        try:
            return await self._send(url, question)
        except _Untrusted as error:
            raise _NotGenuine(str(error)) from None

    async def _send(self, url: str, question: Question) -> "httpx2.Response":
        """An answer that is none of the other's errors."""
        import httpx2

        headers = dict(_HEADERS)
        if question.token is not None:
            headers["authorization"] = f"Bearer {question.token()}"
        if question.body is not None:
            headers["content-type"] = "application/json"
        client = self._connections.opened(self._certificate or "")
        asked = client.build_request(
            question.method,
            url + question.path,
            headers={**headers, **question.headers},
            content=self._counted(question.body),
            timeout=httpx2.Timeout(question.silent_s, connect=CONNECT_S),
        )
        response = await self._answer(client, asked)
        try:
            if response.is_success:
                self._refuse_packed(response, asked)
                return response
            refusal = self._refusal(response, await self.whole(response, question.limit))
        except BaseException:
            await response.aclose()
            raise
        await response.aclose()
        raise refusal

    async def _answer(
        self, client: "httpx2.AsyncClient", asked: "httpx2.Request"
    ) -> "httpx2.Response":
        """An answer's head. What failed before the question was out may be asked elsewhere."""
        import httpx2

        self.sent_bytes += _size(asked.headers.raw, asked.method, asked.url.raw_path.decode())
        try:
            response = await client.send(asked, stream=True)
        except (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout) as error:
            if is_about_certificates(error):
                raise _Untrusted(str(error)) from None
            raise _NotThere(str(error) or type(error).__name__) from None
        except (httpx2.TransportError, OSError) as error:
            raise self._other.lost(str(error) or type(error).__name__) from None
        self.received_bytes += _size(response.headers.raw, "200", response.reason_phrase)
        return response

    def _counted(
        self, body: bytes | AsyncIterator[bytes] | None
    ) -> bytes | AsyncIterator[bytes] | None:
        if body is None or isinstance(body, bytes):
            self.sent_bytes += len(body or b"")
            return body
        return self._counted_pieces(body)

    async def _counted_pieces(self, body: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        async for piece in body:
            self.sent_bytes += len(piece)
            yield piece

    def _refuse_packed(self, response: "httpx2.Response", asked: "httpx2.Request") -> None:
        encoding = response.headers.get("content-encoding", "identity")
        if encoding not in ("identity", asked.headers["accept-encoding"]):
            raise self._other.lost("the answer is packed, which was not asked for")

    def _refusal(self, response: "httpx2.Response", data: bytes) -> Error:
        """The error that was answered; what is no error of ours, no instance has said."""
        status = response.status_code
        kind = response.headers.get("content-type", "").partition(";")[0]
        if kind != _PROBLEM:
            return self._other.lost(f"what answered is no UNIBOS (status {status})")
        try:
            return error_of(status, msgspec.json.decode(data, type=dict[str, Any]))
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return self._other.lost("what came is no answer of a UNIBOS")

    async def _pin(self, url: str) -> None:
        """Have the other vouch for the certificate that is shown at this address."""
        vouched, shown = await self._vouched_and_shown(url)
        pem = ""
        if vouched is not None and url.startswith("https:"):
            if shown is None or hashlib.sha256(shown).hexdigest() != vouched:
                raise _NotGenuine("nobody that is meant here vouches for this certificate")
            pem = ssl.DER_cert_to_PEM_cert(shown)
        if pem != self._certificate:
            self._certificate = pem
            self._other.vouched(pem)
            self._connections.set_aside()

    async def _vouched_and_shown(self, url: str) -> tuple[str | None, bytes | None]:
        """Which certificate the other vouches for, and what the same connection showed."""
        async with client_of(unchecked()) as client:
            asked = client.build_request("GET", url + WELL_KNOWN, headers=_HEADERS)
            try:
                response = await self._answer(client, asked)
                shown = certificate_of(response)
                data = await self.whole(response, _STATEMENT_BYTES)
                if not response.is_success:
                    raise _NotThere(self._refusal(response, data).detail)
                return self._other.proved(data), shown
            except Unavailable as error:
                raise _NotThere(error.facts["reason"]) from None
            except Unauthenticated as error:
                raise _NotGenuine(error.detail) from None


class _NotThere(Exception):
    """This address does not lead to the other; nothing was asked of anybody."""


class _NotGenuine(_NotThere):
    """Somebody else answers at this address."""


class _Untrusted(Exception):
    """The certificate that was shown is not the one to be shown."""


def _size(headers: list[tuple[bytes, bytes]], *first: str) -> int:
    """Bytes of a head, as HTTP/1.1 writes it."""
    line = sum(len(part) + 1 for part in first) + len("HTTP/1.1") + 2
    return line + sum(len(name) + len(value) + 4 for name, value in headers) + 2


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
