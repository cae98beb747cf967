"""The blobs of a round: what is waited for here is fetched, what the peer waits for is given.

Records travel first, and name blobs whose bytes are not there yet (:mod:`pending_blobs`). Which
bytes are to travel is never looked for among the records: each side asks the other what it waits
for, and is told only what is new in it. The asker does all the work, because an answerer can often
not reach the asker.
"""

from collections.abc import AsyncIterator, Mapping
from pathlib import Path

from unibos.base.errors import Conflict, Error, NotFound
from unibos.core.identity.scope import Scope
from unibos.core.store import blob_troubles, blobs, export_log, orgs, peers, pending_blobs
from unibos.core.store.peers import Peer
from unibos.core.store.transaction import View
from unibos.core.sync import export
from unibos.core.sync.blobs.fetching import Fetching, Told
from unibos.core.sync.blobs.giving import Giving, read_chunks
from unibos.core.sync.blobs.reach import Named, Reach
from unibos.core.sync.blobs.taking import BlobRules, begin, receive, require_takable
from unibos.core.sync.exchange.link import PeerLink
from unibos.core.sync.exchange.messages import PAGE_BLOBS, BlobsOffered, BlobsWanted
from unibos.core.sync.local import Local


async def exchange(
    local: Local,
    org: str,
    link: PeerLink,
    peer: Peer,
    told: Told,
    rules: BlobRules | None = None,
) -> None:
    """The blob step of a round: fetch what is pending here, give what is pending there.

    Trouble with one blob does not end it: that is kept, shown in the status, and tried again;
    :func:`next_due` says when.

    :raises Unavailable: ``export_stopped``, and what the link raises when the peer is gone. What
        has arrived until then is kept.
    """
    store = local.store.org(org)
    if store.read(lambda view: blob_troubles.has_former(view, peer)):
        await store.awrite(lambda tx: blob_troubles.forget_former(tx, peer))
    await Fetching(local, org, link, peer, told, rules or BlobRules()).run()
    await Giving(local, org, link, peer, told).run()


def next_due(view: View, peer: Peer) -> int | None:
    """When a blob that made trouble is to be tried again with this peer, in milliseconds since
    1970: a round is worth while then, even where nothing has changed. None: there is none."""
    return blob_troubles.next_due(view, peer.num)


class BlobAnswer:
    """The answerer's side: what a peer may read and give; ``scope.principal`` is the peer.

    :param rules: what this replica takes.
    """

    def __init__(self, local: Local, rules: BlobRules | None = None) -> None:
        self._local = local
        self._rules = rules or BlobRules()

    async def offer(self, scope: Scope, asked: BlobsOffered) -> BlobsWanted:
        """Tell which of the offered blobs can be taken, which of the asked ones are here, and what
        is waited for here; nothing of what the peer may not have.

        :raises Conflict: ``hello_first``.
        :raises Unavailable: ``export_stopped``.
        """
        return await scope.store.aread(lambda view: self._look(view, scope, asked))

    async def put(
        self, scope: Scope, sha256: str, offset: int, size: int, chunks: AsyncIterator[bytes]
    ) -> None:
        """Take a blob's bytes from ``offset`` on; after a cut, what arrived stays for the next.

        :param size: of the whole.
        :raises NotFound: ``blob_not_wanted``.
        :raises Conflict: ``upload_offset_wrong`` with ``received``; ``upload_in_progress``;
            ``hello_first``.
        :raises Invalid: ``blob_hash_mismatch``.
        :raises Forbidden: ``limit_reached``.
        :raises TooLarge: ``blob_too_large``.
        :raises StorageFull: ``storage_full``.
        :raises Unavailable: ``export_stopped``; ``transfer_cut`` when fewer bytes came.
        """
        store = scope.store

        def still(view: View) -> None:
            self._peer(view, scope)
            if not blobs.waited_for(view, sha256):
                raise _not_wanted(sha256)

        def admit(view: View) -> None:
            still(view)
            require_takable(view, store, sha256, size, self._rules)
            # Many that are begun and never ended take room, too.
            begun = store.blobs.unfinished(store.org, but=sha256)
            orgs.require_room_for_bytes(view, begun + size)

        await store.aread(admit)
        upload = await begin(store, sha256, size)
        if upload.size != offset:
            upload.pause()
            raise Conflict(
                "upload_offset_wrong",
                f"{upload.size} bytes were received; the rest must begin there.",
                received=upload.size,
            )
        await receive(store, upload, sha256, size, chunks, lambda: store.read(still))

    async def get(self, scope: Scope, sha256: str, offset: int = 0) -> Path:
        """Where the bytes are of a blob that the peer may have; doors that stream it themselves
        cannot be stopped any more, so :meth:`read` is better.

        :param offset: from where on it is asked for, for the export log.
        :raises Conflict: ``hello_first``.
        :raises NotFound: ``blob_not_found``; also where it may not have it, or it is not here yet.
        :raises Unavailable: ``export_stopped``.
        :raises Damaged: ``blob_missing``.
        """

        def find(view: View) -> tuple[Peer, Named, Path]:
            peer = self._peer(view, scope)
            found = Reach(view, self._local, peer.kind).find(sha256)
            if found is None:
                raise blobs.not_found(sha256)
            return peer, found, blobs.open_path(view, scope.store.blobs, sha256)

        peer, found, path = await scope.store.aread(find)
        name, seq, more = found.collection, found.seq, max(0, found.size - offset)
        await scope.store.awrite(
            lambda tx: export_log.add(tx, peer.id, name, "blob", 1, more, seq, seq)
        )
        return path

    async def read(self, scope: Scope, sha256: str, offset: int) -> AsyncIterator[bytes]:
        """The bytes that :meth:`get` finds, from ``offset`` on, in chunks of 256 KiB; the kill
        switch ends it before the next one."""
        path = await self.get(scope, sha256, offset)
        async for chunk in read_chunks(scope.store, path, offset):
            yield chunk

    def _peer(self, view: View, scope: Scope) -> Peer:
        export.require_open(view)
        peer = peers.latest(view).get(scope.principal.id)
        if peer is None:
            raise Conflict("hello_first", "A round begins with a hello.")
        return peer

    def _look(self, view: View, scope: Scope, asked: BlobsOffered) -> BlobsWanted:
        within = Reach(view, self._local, self._peer(view, scope).kind)
        wanted, refused = self._judge(view, scope, asked.blobs)
        found = (within.find(sha256) for sha256 in asked.asked)
        there = {named.sha256: named.size for named in found if named is not None}
        if asked.after is None:
            return BlobsWanted(wanted, refused, there)
        page = pending_blobs.page(view, asked.after, PAGE_BLOBS)
        upto = page[-1].num if page else asked.after
        return BlobsWanted(
            wanted, refused, there, within.waiting(page), upto, len(page) == PAGE_BLOBS
        )

    def _judge(
        self, view: View, scope: Scope, offered: Mapping[str, int]
    ) -> tuple[dict[str, int], dict[str, str]]:
        wanted: dict[str, int] = {}
        refused: dict[str, str] = {}
        largest = self._rules.largest
        for sha256, size in offered.items():
            if not blobs.waited_for(view, sha256) or (largest is not None and size > largest):
                continue
            try:
                require_takable(view, scope.store, sha256, size, self._rules)
            except Error as error:
                refused[sha256] = error.code
            else:
                here = scope.store.blobs.received(scope.org, sha256)
                wanted[sha256] = here if here <= size else 0
        return wanted, refused


def _not_wanted(sha256: str) -> NotFound:
    return NotFound("blob_not_wanted", f"Nothing here waits for the blob {sha256[:64]!r}.")
