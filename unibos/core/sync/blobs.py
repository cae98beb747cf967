"""The blobs of a round: what is waited for here is fetched, what the peer waits for is given.

Records travel first, and name blobs whose bytes are not there yet (:mod:`pending_blobs`). Which
bytes are to travel is never looked for among the records: each side asks the other what it waits
for. The asker does all the work, because an answerer behind a router can reach nobody.
"""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path

from unibos.core.identity.scope import Scope
from unibos.core.store.peers import Peer
from unibos.core.sync.link import PeerLink
from unibos.core.sync.local import Local
from unibos.core.sync.messages import BlobsOffered, BlobsWanted

Told = Callable[[int, int], None]
"""Gets how many bytes of how many have travelled, as far as the sizes are known yet."""


@dataclass(frozen=True, slots=True)
class BlobRules:
    """What this replica takes.

    :param eager: fetch everything; else only what is small, and the rest when somebody reads it.
    :param limit: the most bytes of one blob.
    """

    eager: bool = True
    limit: int = 100 * 1024 * 1024


async def exchange(
    local: Local, org: str, link: PeerLink, peer: Peer, told: Told, rules: BlobRules = BlobRules()
) -> None:
    """The blob step of a round: fetch what is pending here, give what is pending there.

    Trouble with one blob does not end it: that is kept, shown in the status, and tried again.

    :raises Unavailable: ``export_stopped``, and what the link raises when the peer is gone.
    :raises StorageFull: ``storage_full``.
    """


async def fetch_one(
    local: Local, org: str, link: PeerLink, sha256: str, rules: BlobRules = BlobRules()
) -> bool:
    """Fetch one blob that is pending here and that somebody waits for; False when the peer does
    not have it either."""
    return False


class BlobAnswer:
    """The answerer's side: what a peer may read and give; ``scope.principal`` is the peer.

    :param rules: what this replica takes.
    """

    def __init__(self, local: Local, rules: BlobRules = BlobRules()) -> None:
        self._local = local
        self._rules = rules

    async def offer(self, scope: Scope, offered: BlobsOffered) -> BlobsWanted:
        """Tell what is waited for here, and which of the offered blobs can be taken.

        :raises Unavailable: ``export_stopped``.
        """
        raise NotImplementedError

    async def put(
        self, scope: Scope, sha256: str, offset: int, size: int, chunks: AsyncIterator[bytes]
    ) -> None:
        """Take a blob's bytes from ``offset`` on; after a cut, what arrived stays for the next.

        :param size: of the whole.
        :raises NotFound: ``blob_not_wanted``.
        :raises Conflict: ``upload_offset_wrong``, ``upload_in_progress``.
        :raises Invalid: ``blob_hash_mismatch``.
        :raises Forbidden: ``limit_reached``.
        :raises TooLarge: ``blob_too_large``.
        :raises StorageFull: ``storage_full``.
        """
        raise NotImplementedError

    async def get(self, scope: Scope, sha256: str) -> Path:
        """Where the bytes are of a blob that the peer may have.

        :raises NotFound: ``blob_not_found``; also where it may not have it.
        :raises Unavailable: ``export_stopped``; ``blob_pending`` where the bytes are not here.
        """
        raise NotImplementedError

    def read(self, scope: Scope, sha256: str, offset: int) -> AsyncIterator[bytes]:
        """The bytes that :meth:`get` finds, from ``offset`` on, in chunks of at most 256 KiB; the
        kill switch ends it before the next one. For doors: it holds the export log to it."""
        raise NotImplementedError
