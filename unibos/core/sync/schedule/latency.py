"""How fast a peer answers, measured where every round begins: at its hello."""

import time
from collections.abc import AsyncIterator, Callable

from unibos.core.store.peers import PeerKind
from unibos.core.sync.exchange.link import PeerLink
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
from unibos.core.sync.schedule.hubs import smoothed


class Timed:
    """A :class:`PeerLink` that measures the time of each answered hello.

    :ivar latency_s: smoothed; None: there was no answer yet.
    """

    def __init__(self, link: PeerLink, steady: Callable[[], float] = time.monotonic) -> None:
        self._link = link
        self._steady = steady
        self.latency_s: float | None = None

    @property
    def peer(self) -> str:
        """See :class:`PeerLink`."""
        return self._link.peer

    @property
    def kind(self) -> PeerKind:
        """See :class:`PeerLink`."""
        return self._link.kind

    @property
    def address(self) -> str:
        """See :class:`PeerLink`."""
        return self._link.address

    @property
    def sent_bytes(self) -> int:
        """See :class:`PeerLink`."""
        return self._link.sent_bytes

    @property
    def received_bytes(self) -> int:
        """See :class:`PeerLink`."""
        return self._link.received_bytes

    async def hello(self, asked: Hello) -> HelloAnswer:
        """See :class:`PeerLink`."""
        began = self._steady()
        answer = await self._link.hello(asked)
        self.latency_s = smoothed(self.latency_s, self._steady() - began)
        return answer

    async def pull(self, asked: Pull) -> Pulled:
        """See :class:`PeerLink`."""
        return await self._link.pull(asked)

    async def push(self, asked: Push) -> Pushed:
        """See :class:`PeerLink`."""
        return await self._link.push(asked)

    async def ids(self, asked: Ids) -> IdsPage:
        """See :class:`PeerLink`."""
        return await self._link.ids(asked)

    async def wait(self, asked: Wait) -> News:
        """See :class:`PeerLink`."""
        return await self._link.wait(asked)

    async def offer(self, asked: BlobsOffered) -> BlobsWanted:
        """See :class:`PeerLink`."""
        return await self._link.offer(asked)

    async def put_blob(
        self, sha256: str, offset: int, size: int, chunks: AsyncIterator[bytes]
    ) -> None:
        """See :class:`PeerLink`."""
        await self._link.put_blob(sha256, offset, size, chunks)

    def get_blob(self, sha256: str, offset: int) -> AsyncIterator[bytes]:
        """See :class:`PeerLink`."""
        return self._link.get_blob(sha256, offset)

    async def close(self) -> None:
        """See :class:`PeerLink`."""
        await self._link.close()
