"""A replica's way to a peer over HTTP: to a hub that it joined, or to a node of the same org."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

from unibos.base.clock import Wall
from unibos.core.identity.federation.joining import HubAddress
from unibos.core.identity.federation.peers import Peers
from unibos.core.identity.keys import InstanceKey
from unibos.core.sync.messages import (
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
        raise NotImplementedError

    def node(self, url: str) -> "PeerClient":
        """The way to whichever node of the org answers at an address."""
        raise NotImplementedError


class PeerClient:
    """The HTTP :class:`unibos.core.sync.link.PeerLink`.

    :ivar certificate: PEM of the one that the peer showed and vouched for; empty: a public one, or
        none; None: not known yet.
    """

    peer: str
    address: str
    sent_bytes: int
    received_bytes: int
    certificate: str | None

    async def hello(self, asked: Hello) -> HelloAnswer:
        """See :class:`PeerLink`."""
        raise NotImplementedError

    async def pull(self, asked: Pull) -> Pulled:
        """See :class:`PeerLink`."""
        raise NotImplementedError

    async def push(self, asked: Push) -> Pushed:
        """See :class:`PeerLink`."""
        raise NotImplementedError

    async def ids(self, asked: Ids) -> IdsPage:
        """See :class:`PeerLink`."""
        raise NotImplementedError

    async def wait(self, asked: Wait) -> News:
        """See :class:`PeerLink`."""
        raise NotImplementedError

    async def offer(self, asked: BlobsOffered) -> BlobsWanted:
        """See :class:`PeerLink`."""
        raise NotImplementedError

    async def put_blob(
        self, sha256: str, offset: int, size: int, chunks: AsyncIterator[bytes]
    ) -> None:
        """See :class:`PeerLink`."""
        raise NotImplementedError

    def get_blob(self, sha256: str, offset: int) -> AsyncIterator[bytes]:
        """See :class:`PeerLink`."""
        raise NotImplementedError

    async def close(self) -> None:
        """See :class:`PeerLink`."""
