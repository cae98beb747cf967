"""A peer in the same process: the port by plain calls.

Messages pass through their encoding, as they would on the way, so that both adapters carry the
same.
"""

from collections.abc import AsyncIterator, Callable
from typing import TypeVar

import msgspec

from unibos.core.identity.scope import Scope
from unibos.core.store.peers import PeerKind
from unibos.core.sync.blobs.blobs import BlobAnswer
from unibos.core.sync.exchange.answer import Answer
from unibos.core.sync.exchange.messages import (
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

T = TypeVar("T", bound=msgspec.Struct)


class DirectLink:
    """The :class:`unibos.core.sync.exchange.link.PeerLink` to an answerer in this process.

    :param peer: the answerer's instance id.
    :param scope: proves who asks, anew at each call.
    """

    def __init__(
        self,
        peer: str,
        kind: PeerKind,
        answer: Answer,
        blobs: BlobAnswer,
        scope: Callable[[], Scope],
    ) -> None:
        self.peer = peer
        self.kind = kind
        self.address = ""
        self.sent_bytes = 0
        self.received_bytes = 0
        self._answer = answer
        self._blobs = blobs
        self._scope = scope

    async def hello(self, asked: Hello) -> HelloAnswer:
        """See :class:`PeerLink`."""
        return self._back(await self._answer.hello(self._scope(), self._there(asked)))

    async def pull(self, asked: Pull) -> Pulled:
        """See :class:`PeerLink`."""
        return self._back(await self._answer.pull(self._scope(), self._there(asked)))

    async def push(self, asked: Push) -> Pushed:
        """See :class:`PeerLink`."""
        return self._back(await self._answer.push(self._scope(), self._there(asked)))

    async def ids(self, asked: Ids) -> IdsPage:
        """See :class:`PeerLink`."""
        return self._back(await self._answer.ids(self._scope(), self._there(asked)))

    async def wait(self, asked: Wait) -> News:
        """See :class:`PeerLink`."""
        return self._back(await self._answer.wait(self._scope(), self._there(asked)))

    async def offer(self, asked: BlobsOffered) -> BlobsWanted:
        """See :class:`PeerLink`."""
        return self._back(await self._blobs.offer(self._scope(), self._there(asked)))

    async def put_blob(
        self, sha256: str, offset: int, size: int, chunks: AsyncIterator[bytes]
    ) -> None:
        """See :class:`PeerLink`."""
        await self._blobs.put(self._scope(), sha256, offset, size, chunks)

    async def get_blob(self, sha256: str, offset: int) -> AsyncIterator[bytes]:
        """See :class:`PeerLink`."""
        async for chunk in self._blobs.read(self._scope(), sha256, offset):
            yield chunk

    async def close(self) -> None:
        """There is no connection to let go of."""

    def _there(self, message: T) -> T:
        return msgspec.json.decode(self._sent(message), type=type(message))

    def _back(self, message: T) -> T:
        text = msgspec.json.encode(message)
        self.received_bytes += len(text)
        return msgspec.json.decode(text, type=type(message))

    def _sent(self, message: msgspec.Struct) -> bytes:
        text = msgspec.json.encode(message)
        self.sent_bytes += len(text)
        return text
