"""Fetching what is waited for here: the peer says what of it there is, the smallest comes first."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from unibos.base.errors import Error
from unibos.core.store import blob_troubles, blobs, pending_blobs
from unibos.core.store.peers import Peer
from unibos.core.store.transaction import Transaction, View
from unibos.core.sync import export
from unibos.core.sync.blobs import taking
from unibos.core.sync.blobs.taking import OF_ONE_BLOB, BlobRules
from unibos.core.sync.exchange.link import PeerLink
from unibos.core.sync.exchange.messages import PAGE_BLOBS, BlobsOffered
from unibos.core.sync.local import Local

_SOON_MS = 2_000
_QUARTER_MS = 15 * 60_000
_HOUR_MS = 3_600_000

Told = Callable[[int, int], None]
"""Gets how many bytes of how many have travelled, as far as the sizes are known yet."""


class Fetching:
    """From one peer, once."""

    def __init__(
        self, local: Local, org: str, link: PeerLink, peer: Peer, told: Told, rules: BlobRules
    ) -> None:
        self._local = local
        self._store = local.store.org(org)
        self._link = link
        self._peer = peer
        self._told = told
        self._rules = rules
        self._done = self._total = 0

    async def run(self) -> None:
        """Fetch all that is due and that the peer has.

        :raises Unavailable: ``export_stopped``, and what the link raises when the peer is gone.
        """
        while page := await self._store.aread(self._due):
            answer = await self._link.offer(BlobsOffered(asked=page))
            there = {sha256: answer.there[sha256] for sha256 in page if sha256 in answer.there}
            wanted = await self._store.awrite(partial(self._note, page=page, there=there))
            self._total += sum(wanted.values())
            for sha256 in sorted(wanted, key=wanted.__getitem__):
                await self._take(sha256, wanted[sha256])
                self._done += wanted[sha256]
                self._told(self._done, self._total)

    def _due(self, view: View) -> list[str]:
        now, largest = self._local.now(), self._rules.largest
        return pending_blobs.due(view, self._peer.num, now, largest, PAGE_BLOBS)

    def _note(
        self, tx: Transaction, page: Sequence[str], there: Mapping[str, int]
    ) -> dict[str, int]:
        """Write down what the peer said; what is to be fetched of it, with the sizes."""
        pending_blobs.sized(tx, there)
        wanted = {}
        for sha256 in page:
            if sha256 not in there:
                self._trouble(tx, sha256, "blob_not_there", _SOON_MS, _QUARTER_MS)
            elif self._rules.largest is None or there[sha256] <= self._rules.largest:
                wanted[sha256] = there[sha256]
            else:
                blob_troubles.forget(tx, "fetch", sha256, self._peer.num)
        return wanted

    async def _take(self, sha256: str, size: int) -> None:
        self._store.read(export.require_open)
        try:
            await fetch_blob(self._local, self._store.org, self._link, sha256, size, self._rules)
        except Error as error:
            code = error.code
            if code not in OF_ONE_BLOB:
                raise
            soon = _SOON_MS if code == "upload_in_progress" else _QUARTER_MS
            await self._store.awrite(lambda tx: self._trouble(tx, sha256, code, soon, _HOUR_MS))

    def _trouble(self, tx: Transaction, sha256: str, why: str, first: int, longest: int) -> None:
        if blobs.waited_for(tx, sha256):
            now = self._local.now()
            blob_troubles.add(tx, "fetch", sha256, self._peer.num, why, now, first, longest)


async def fetch_blob(
    local: Local, org: str, link: PeerLink, sha256: str, size: int, rules: BlobRules
) -> None:
    """Fetch one blob; after a cut it goes on where it ended.

    :param size: as the peer told it.
    :raises Error: what :mod:`blob_taking` and the link raise.
    """
    store = local.store.org(org)
    store.read(lambda view: taking.require_takable(view, store, sha256, size, rules))
    upload = await taking.begin(store, sha256, size)
    chunks = link.get_blob(sha256, upload.size)
    await taking.receive(
        store, upload, sha256, size, chunks, lambda: store.read(export.require_open)
    )
