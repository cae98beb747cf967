"""A replica's way to a peer: the port. Adapters: HTTP, and a call in the same process.

Methods raise what the peer raises, by the kinds and codes of :mod:`unibos.base.errors`; where
nobody answers, ``Unavailable peer_unreachable``.
"""

from collections.abc import AsyncIterator
from typing import Protocol

from unibos.core.store.peers import PeerKind
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


class PeerLink(Protocol):
    """One peer, as this replica asks it."""

    @property
    def peer(self) -> str:
        """The peer's instance id, which the link has proved; empty before the first answer."""
        ...

    @property
    def kind(self) -> PeerKind:
        """What it is."""
        ...

    @property
    def address(self) -> str:
        """Where it is reached, for people."""
        ...

    @property
    def sent_bytes(self) -> int:
        """What went out over the line since the start, as it was packed."""
        ...

    @property
    def received_bytes(self) -> int:
        """What came in over the line since the start."""
        ...

    async def hello(self, asked: Hello) -> HelloAnswer:
        """Begin a round."""
        ...

    async def pull(self, asked: Pull) -> Pulled:
        """Take changes."""
        ...

    async def push(self, asked: Push) -> Pushed:
        """Give changes; they are kept when this returns."""
        ...

    async def ids(self, asked: Ids) -> IdsPage:
        """A page of what there is."""
        ...

    async def wait(self, asked: Wait) -> News:
        """Return as soon as there is something to pull, or after a while."""
        ...

    async def offer(self, asked: BlobsOffered) -> BlobsWanted:
        """Which blobs the peer wants."""
        ...

    async def put_blob(
        self, sha256: str, offset: int, size: int, chunks: AsyncIterator[bytes]
    ) -> None:
        """Give a blob's bytes from ``offset`` on; ``size`` is of the whole."""
        ...

    def get_blob(self, sha256: str, offset: int) -> AsyncIterator[bytes]:
        """A blob's bytes from ``offset`` on."""
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...
