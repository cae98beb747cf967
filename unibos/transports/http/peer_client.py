"""A replica's way to a peer over HTTP: to a hub that it joined, or to a node of the same org."""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import quote

import msgspec

from unibos.base.clock import Wall
from unibos.base.errors import Error, Malformed, TooLarge, Unauthenticated
from unibos.core.identity.federation.joining import HubAddress
from unibos.core.identity.federation.peers import Peers
from unibos.core.identity.keys import InstanceKey
from unibos.core.identity.registry.machine_tokens import MachineTokens
from unibos.core.store.peers import PeerKind
from unibos.core.sync.exchange.messages import (
    MESSAGE_BYTES,
    WAIT_S,
    BlobsOffered,
    BlobsWanted,
    Hello,
    HelloAnswer,
    Ids,
    IdsPage,
    News,
    Pull,
    Pulled,
    Push,
    Pushed,
    Wait,
)
from unibos.transports.http.line import Line, Question
from unibos.transports.http.packing import ENCODING, WORTH_BYTES, pack, understood
from unibos.transports.http.parts import Part
from unibos.transports.http.peer_ends import HubPeer, NodePeer, PeerEnd

if TYPE_CHECKING:
    import httpx2

HELLO_S = 20.0
SILENT_S = 60.0
"""A small board may take its time with a batch, and so may a slow line."""
TOTAL_S = 600.0
LONG_POLL_S = WAIT_S + 15.0
PART_BYTES = 8 * 1024 * 1024
"""The first part of a blob. Each further one may double what is there: the peer reads again what it
has when a part begins, and a refusal is heard only at the end of one."""

_API = "/api/v1/sync"
_PACKED = {"accept-encoding": ENCODING}

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class PeerLinks:
    """Makes ways to peers.

    :param key: this instance's, which signs its requests.
    :param now: the hub's time as well as it is known, in milliseconds since 1970.
    :param peers: what the hub's word says of other nodes.
    """

    key: InstanceKey
    now: Wall
    peers: Peers

    def hub(self, address: HubAddress) -> "PeerClient":
        """The way to a hub that this instance is a member of."""
        line = address.urls, address.certificate
        return PeerClient(*line, HubPeer(address.hub), self.key, self.now)

    def node(self, url: str) -> "PeerClient":
        """The way to whichever node of the org answers at an address."""
        return PeerClient((url,), None, NodePeer(self.peers), self.key, self.now)


class PeerClient:
    """The HTTP :class:`unibos.core.sync.exchange.link.PeerLink`.

    What is counted is what HTTP/1.1 writes: heads, and bodies as they are packed; what TLS adds is
    not counted.

    :param now: the time that machine tokens are signed with, until the peer tells its own.
    """

    def __init__(
        self,
        urls: tuple[str, ...],
        certificate: str | None,
        end: PeerEnd,
        key: InstanceKey,
        now: Wall,
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        self._urls = urls
        self._end = end
        self._line = Line(urls, certificate, end)
        self._key = key
        self._clock = _PeerTime(now, steady)

    @property
    def peer(self) -> str:
        """See :class:`PeerLink`."""
        return self._end.peer

    @property
    def kind(self) -> PeerKind:
        """See :class:`PeerLink`."""
        return self._end.kind

    @property
    def address(self) -> str:
        """See :class:`PeerLink`."""
        return self._line.url or next(iter(self._urls), "")

    @property
    def certificate(self) -> str | None:
        """PEM of the one that the peer newly vouched for; empty: a public one, or none; None: no
        news."""
        return self._end.certificate

    @property
    def sent_bytes(self) -> int:
        """See :class:`PeerLink`."""
        return self._line.sent_bytes

    @property
    def received_bytes(self) -> int:
        """See :class:`PeerLink`."""
        return self._line.received_bytes

    async def hello(self, asked: Hello) -> HelloAnswer:
        """See :class:`PeerLink`. Another node than in the round before may answer here."""
        if isinstance(self._end, NodePeer):
            self._end.open = True
        answer = await self._post("hello", asked, HelloAnswer, HELLO_S)
        if isinstance(self._end, NodePeer):
            self._end.open = False
        return answer

    async def pull(self, asked: Pull) -> Pulled:
        """See :class:`PeerLink`."""
        return await self._post("pull", asked, Pulled)

    async def push(self, asked: Push) -> Pushed:
        """See :class:`PeerLink`."""
        return await self._post("push", asked, Pushed)

    async def ids(self, asked: Ids) -> IdsPage:
        """See :class:`PeerLink`."""
        return await self._post("ids", asked, IdsPage)

    async def wait(self, asked: Wait) -> News:
        """See :class:`PeerLink`."""
        return await self._post("wait", asked, News, LONG_POLL_S, LONG_POLL_S)

    async def offer(self, asked: BlobsOffered) -> BlobsWanted:
        """See :class:`PeerLink`."""
        return await self._post("blobs/offer", asked, BlobsWanted)

    async def put_blob(
        self, sha256: str, offset: int, size: int, chunks: AsyncIterator[bytes]
    ) -> None:
        """See :class:`PeerLink`."""
        rest = _Rest(chunks)
        try:
            while True:
                last = min(size, offset + max(PART_BYTES, offset)) - 1
                await self._put_part(sha256, Part(offset, last, size), rest)
                offset = last + 1
                if offset >= size:
                    return
        finally:
            if isinstance(chunks, AsyncGenerator):
                await chunks.aclose()

    async def get_blob(self, sha256: str, offset: int) -> AsyncIterator[bytes]:
        """See :class:`PeerLink`."""
        headers = {"range": f"bytes={offset}-"} if offset else {}
        async with self._opened(self._question("GET", _blob(sha256), None, headers)) as response:
            if not _begins_at(response, offset):
                raise self._end.lost("it sends another part of the blob than was asked for")
            async with aclosing(self._line.pieces(response)) as pieces:
                async for piece in pieces:
                    yield piece

    async def close(self) -> None:
        """See :class:`PeerLink`."""
        await self._line.close()

    async def _post(
        self,
        path: str,
        asked: msgspec.Struct,
        type_: type[T],
        silent_s: float = SILENT_S,
        total_s: float | None = None,
    ) -> T:
        total_s = TOTAL_S if total_s is None else total_s
        body, headers = msgspec.json.encode(asked), dict(_PACKED)
        if len(body) > WORTH_BYTES:
            body = await pack(body)
            headers["content-encoding"] = ENCODING
        question = self._question("POST", f"{_API}/{path}", body, headers, silent_s)
        try:
            async with asyncio.timeout(total_s), self._opened(question) as response:
                data = await self._line.whole(response, MESSAGE_BYTES)
        except TimeoutError:
            raise self._end.lost(f"no answer within {total_s:.0f} seconds") from None
        packed = response.headers.get("content-encoding") == ENCODING
        read = partial(msgspec.json.decode, type=type_)
        try:
            return await understood(data, MESSAGE_BYTES, read, packed=packed)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, Malformed, TooLarge):
            raise self._end.lost("what came is no answer of a peer") from None

    async def _put_part(self, sha256: str, part: Part, rest: "_Rest") -> None:
        length = part.last + 1 - part.first
        headers = {"content-type": "application/octet-stream", "content-length": str(length)}
        if part.total:
            headers["content-range"] = part.header
        question = self._question("PUT", _blob(sha256), rest.take(length), headers)
        async with self._opened(question) as response:
            await self._line.whole(response, MESSAGE_BYTES)

    def _question(
        self,
        method: str,
        path: str,
        body: bytes | AsyncIterator[bytes] | None,
        headers: Mapping[str, str],
        silent_s: float = SILENT_S,
    ) -> Question:
        shown = {**headers, **self._end.headers()}
        return Question(method, path, body, self._token, MESSAGE_BYTES, shown, silent_s)

    def _token(self) -> str:
        return MachineTokens(self._key, self._end.audience).issue(self._clock.now())

    @asynccontextmanager
    async def _opened(self, question: Question) -> "AsyncIterator[httpx2.Response]":
        """The answer; it is asked a second time where this replica had the peer's time wrong."""
        if isinstance(self._end, NodePeer) and self._end.renewal_due():
            self._line.forget()
        async with AsyncExitStack() as stack:
            try:
                response = await stack.enter_async_context(self._line.open(question))
            except Unauthenticated as error:
                self._learn(error)
                if isinstance(question.body, AsyncIterator):
                    # Some of it is gone.
                    raise
                response = await stack.enter_async_context(self._line.open(question))
            yield response

    def _learn(self, error: Error) -> None:
        """The peer's time from its refusal of a token that was not of this time; else the
        refusal."""
        if error.code == "machine_token_invalid" and isinstance(self._end, NodePeer):
            # Another one may have this address now.
            self._line.forget()
        told = error.facts.get("time")
        if error.code != "machine_token_expired" or not isinstance(told, int):
            raise error
        self._clock.heard(told)


class _PeerTime:
    """What a peer takes for the time. It is believed for nothing but the tokens that it reads."""

    def __init__(self, now: Wall, steady: Callable[[], float]) -> None:
        self._now = now
        self._steady = steady
        self._told: tuple[int, float] | None = None

    def heard(self, time_ms: int) -> None:
        self._told = time_ms, self._steady()

    def now(self) -> int:
        if self._told is None:
            return self._now()
        told, at = self._told
        return told + round((self._steady() - at) * 1000)


class _Rest:
    """Bytes that are given away in parts."""

    def __init__(self, chunks: AsyncIterator[bytes]) -> None:
        self._chunks = chunks
        self._left = b""

    async def take(self, size: int) -> AsyncIterator[bytes]:
        """The next bytes: so many, or what there is."""
        while size:
            chunk = self._left or await anext(self._chunks, b"")
            if not chunk:
                return
            self._left = chunk[size:]
            yield chunk[:size]
            size -= min(size, len(chunk))


def _blob(sha256: str) -> str:
    return f"{_API}/blobs/{quote(sha256, safe='')}"


def _begins_at(response: "httpx2.Response", offset: int) -> bool:
    """Whether the answer is the blob from this byte on."""
    if response.status_code == 200:
        return not offset
    said: str = response.headers.get("content-range", "")
    return response.status_code == 206 and said.startswith(f"bytes {offset}-")
