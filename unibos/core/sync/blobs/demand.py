"""Blobs on demand: somebody reads one that is not here yet, so it is fetched now."""

import asyncio
import logging
from collections.abc import Callable, Iterable

from unibos.base.errors import Error
from unibos.core.store import blobs
from unibos.core.sync.blobs.fetching import fetch_blob
from unibos.core.sync.blobs.taking import BlobRules
from unibos.core.sync.exchange.link import PeerLink
from unibos.core.sync.exchange.messages import BlobsOffered
from unibos.core.sync.local import Local

log = logging.getLogger(__name__)

PATIENCE_S = 20.0


class BlobDemand:
    """Fetches single blobs of one org from whichever peer has them; for one event loop.

    :param links: the ways to the peers that are within reach, best first.
    :param patience_s: how long somebody waits for a blob; the fetching itself goes on.
    """

    def __init__(
        self,
        local: Local,
        org: str,
        links: Callable[[], Iterable[PeerLink]],
        rules: BlobRules,
        *,
        patience_s: float = PATIENCE_S,
    ) -> None:
        self._local = local
        self._org = org
        self._links = links
        self._rules = rules
        self._patience_s = patience_s
        self._under_way: dict[str, asyncio.Task[None]] = {}

    async def fetch(self, sha256: str) -> bool:
        """Have a blob that is waited for come now; whether it is here."""
        task = self._under_way.get(sha256)
        if task is None:
            task = asyncio.create_task(self._fetch(sha256), name="blob on demand")
            self._under_way[sha256] = task
            task.add_done_callback(lambda _: self._under_way.pop(sha256, None))
        await asyncio.wait([task], timeout=self._patience_s)
        return not self._waited_for(sha256)

    async def stop(self) -> None:
        """End all fetching; what has arrived is kept."""
        tasks = list(self._under_way.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _waited_for(self, sha256: str) -> bool:
        return self._local.store.read(lambda view: blobs.waited_for(view, sha256), self._org)

    async def _fetch(self, sha256: str) -> None:
        for link in self._links():
            if not self._waited_for(sha256):
                return
            try:
                answer = await link.offer(BlobsOffered(asked=[sha256]))
                size = answer.there.get(sha256)
                if size is not None:
                    await fetch_blob(self._local, self._org, link, sha256, size, self._rules)
            except Error as error:
                # The next one may have it; if none has, it stays pending and is told as such.
                facts = {"blob": sha256, "code": error.code, "detail": error.detail}
                log.info("a blob did not come on demand", extra=facts)
