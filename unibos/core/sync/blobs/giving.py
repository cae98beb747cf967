"""Giving what the peer waits for: it says so, gets an offer with sizes, and takes what it can."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from itertools import groupby
from operator import attrgetter
from pathlib import Path

from unibos.base.errors import Conflict, Error
from unibos.core.store import blob_cursors, blob_troubles, blobs, export_log
from unibos.core.store.blob_cursors import Cursor
from unibos.core.store.peers import Peer
from unibos.core.store.store import OrgStore
from unibos.core.store.system import reach
from unibos.core.store.transaction import Transaction, View
from unibos.core.sync import export
from unibos.core.sync.blobs.fetching import Told
from unibos.core.sync.blobs.reach import Named, Reach
from unibos.core.sync.blobs.taking import CHUNK, OF_ONE_BLOB
from unibos.core.sync.exchange.link import PeerLink
from unibos.core.sync.exchange.messages import PAGE_BLOBS, BlobsOffered
from unibos.core.sync.local import Local

_HOUR_MS = 3_600_000
_DAY_MS = 24 * _HOUR_MS
_SOON_MS = 2_000


class Giving:
    """To one peer, once."""

    def __init__(self, local: Local, org: str, link: PeerLink, peer: Peer, told: Told) -> None:
        self._local = local
        self._store = local.store.org(org)
        self._link = link
        self._peer = peer
        self._told = told
        self._done = self._total = 0

    async def run(self) -> None:
        """Give all that the peer waits for, is here and may go there.

        :raises Unavailable: ``export_stopped``, and what the link raises when the peer is gone.
        """
        await self._offer(self._store.read(self._due))
        kept = self._store.read(lambda view: blob_cursors.get(view, self._peer.num))
        now = self._local.now()
        cursor = kept if abs(now - kept.since) < _DAY_MS else Cursor(0, now)
        more = True
        while more:
            self._store.read(export.require_open)
            answer = await self._link.offer(BlobsOffered(after=cursor.upto))
            await self._offer(answer.waiting)
            cursor, more = Cursor(answer.upto, cursor.since), answer.more
            if cursor.upto and cursor != kept and await self._keep(kept, cursor):
                kept = cursor

    async def _keep(self, kept: Cursor, cursor: Cursor) -> bool:
        """Keep how far the peer has told what it waits for; False when it is to begin again."""

        def keep(tx: Transaction) -> bool:
            # Something came here meanwhile, which the peer may have waited for since long.
            if blob_cursors.get(tx, self._peer.num) != kept:
                return False
            blob_cursors.put(tx, self._peer.num, cursor)
            return True

        return await self._store.awrite(keep)

    def _due(self, view: View) -> list[str]:
        return blob_troubles.due(view, "give", self._peer.num, self._local.now(), PAGE_BLOBS)

    async def _offer(self, waiting: Sequence[str]) -> None:
        """Give those of the blobs that are here and may go there; at most a page of them."""
        if not waiting:
            return
        found, gone = await self._store.aread(lambda view: self._look(view, waiting))
        if gone:
            await self._store.awrite(lambda tx: self._forget(tx, gone))
        if not found:
            return
        offered = {sha256: named.size for sha256, named in found.items()}
        answer = await self._link.offer(BlobsOffered(blobs=offered))
        wanted = {sha256: offset for sha256, offset in answer.wanted.items() if sha256 in found}
        await self._store.awrite(lambda tx: self._note(tx, found, wanted, answer.refused))
        self._total += sum(found[sha256].size - offset for sha256, offset in wanted.items())
        for sha256 in sorted(wanted, key=lambda each: found[each].size):
            await self._give(found[sha256], wanted[sha256])

    def _look(self, view: View, waiting: Sequence[str]) -> tuple[dict[str, Named], list[str]]:
        """What can be offered, and what made trouble and is no longer to be given."""
        export.require_open(view)
        within = Reach(view, self._local, self._peer.kind)
        looked = {sha256: within.find(sha256) for sha256 in waiting[:PAGE_BLOBS]}
        found = {sha256: named for sha256, named in looked.items() if named is not None}
        gone = [
            sha256
            for sha256, named in looked.items()
            if named is None and blob_troubles.exists(view, "give", sha256, self._peer.num)
        ]
        return found, gone

    def _forget(self, tx: Transaction, blobs_: Iterable[str]) -> None:
        for sha256 in blobs_:
            blob_troubles.forget(tx, "give", sha256, self._peer.num)

    def _note(
        self,
        tx: Transaction,
        found: Mapping[str, Named],
        wanted: Mapping[str, int],
        refused: Mapping[str, str],
    ) -> None:
        """Write down what goes out, before it does, and what is not taken."""
        for name, each in groupby(sorted(found[one] for one in wanted), attrgetter("collection")):
            named = list(each)
            size = sum(one.size - wanted[one.sha256] for one in named)
            seqs = [one.seq for one in named]
            export_log.add(tx, self._peer.id, name, "blob", len(named), size, min(seqs), max(seqs))
        for sha256 in found:
            if sha256 in refused:
                self._trouble(tx, sha256, refused[sha256])
            elif sha256 not in wanted:
                blob_troubles.forget(tx, "give", sha256, self._peer.num)

    def _trouble(self, tx: Transaction, sha256: str, why: str) -> None:
        first = _SOON_MS if why == "upload_in_progress" else _HOUR_MS
        now = self._local.now()
        blob_troubles.add(tx, "give", sha256, self._peer.num, why, now, first, _HOUR_MS)

    async def _give(self, named: Named, offset: int) -> None:
        sha256 = named.sha256
        try:
            await self._put(named, offset)
        except Error as error:
            code = error.code
            if code not in OF_ONE_BLOB:
                raise
            await self._store.awrite(lambda tx: self._trouble(tx, sha256, code))
        else:
            reach("sync.blob_given")
            if self._store.read(self._troubled(sha256)):
                await self._store.awrite(lambda tx: self._forget(tx, [sha256]))

    def _troubled(self, sha256: str) -> Callable[[View], bool]:
        return lambda view: blob_troubles.exists(view, "give", sha256, self._peer.num)

    async def _put(self, named: Named, offset: int) -> None:
        store, sha256 = self._store, named.sha256
        path = store.read(lambda view: blobs.open_path(view, store.blobs, sha256))
        try:
            await self._link.put_blob(sha256, offset, named.size, self._chunks(path, offset))
        except Conflict as error:
            received = error.facts.get("received")
            if error.code != "upload_offset_wrong" or not isinstance(received, int):
                raise
            await self._link.put_blob(sha256, received, named.size, self._chunks(path, received))

    async def _chunks(self, path: Path, offset: int) -> AsyncIterator[bytes]:
        async for chunk in read_chunks(self._store, path, offset):
            self._done += len(chunk)
            self._told(self._done, max(self._done, self._total))
            yield chunk


async def read_chunks(store: OrgStore, path: Path, offset: int) -> AsyncIterator[bytes]:
    """A file's bytes from ``offset`` on, for as long as the kill switch lets them out.

    :raises Unavailable: ``export_stopped``.
    """
    with path.open("rb") as file:
        file.seek(offset)
        while True:
            store.read(export.require_open)
            chunk = await asyncio.to_thread(file.read, CHUNK)
            if not chunk:
                return
            yield chunk
