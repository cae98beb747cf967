"""The blobs of one peer beside its rounds: a large one holds no record up.

Each round begins the exchange, which then goes on by itself. What made trouble is tried again when
it is due. Where the peer is gone it ends, and the round that finds the peer again begins it anew.
"""

import asyncio
import contextlib
import logging

from unibos.base.errors import Error
from unibos.core.store.peers import Peer
from unibos.core.sync.blobs import blobs
from unibos.core.sync.blobs.fetching import Told
from unibos.core.sync.blobs.taking import BlobRules
from unibos.core.sync.exchange.link import PeerLink
from unibos.core.sync.local import Local

log = logging.getLogger(__name__)

_LEAST_S = 1.0


class BlobSchedule:
    """The exchange of blobs with one peer; a round's step for blobs, for one event loop."""

    def __init__(self, local: Local, org: str, rules: BlobRules) -> None:
        self._local = local
        self._org = org
        self._rules = rules
        self._task: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._again = False

    async def __call__(self, link: PeerLink, peer: Peer, told: Told) -> None:
        """Have an exchange begin now, or right after the one that is under way."""
        self._begin(link, peer, told)

    async def stop(self) -> None:
        """End the exchange; what has arrived is kept."""
        self._again = False
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def settled(self) -> None:
        """Return when no exchange is under way."""
        if self._task is not None:
            await asyncio.wait([self._task])

    def _begin(self, link: PeerLink, peer: Peer, told: Told) -> None:
        self._again = True
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run(link, peer, told), name="blobs")

    async def _run(self, link: PeerLink, peer: Peer, told: Told) -> None:
        try:
            while self._again:
                self._again = False
                await blobs.exchange(self._local, self._org, link, peer, told, self._rules)
        except Error as error:
            # Trouble with the peer as a whole, which its rounds meet and tell, too.
            self._again = False
            facts = {"peer": peer.id, "code": error.code, "detail": error.detail}
            log.debug("the exchange of blobs ended", extra=facts)
        except Exception:
            self._again = False
            log.exception("the exchange of blobs failed", extra={"peer": peer.id})
        else:
            self._wait(link, peer, told)

    def _wait(self, link: PeerLink, peer: Peer, told: Told) -> None:
        """Begin again when the next trouble is due."""
        due = self._local.store.read(lambda view: blobs.next_due(view, peer), self._org)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if due is not None:
            seconds = max(_LEAST_S, (due - self._local.now()) / 1000)
            again = asyncio.get_running_loop().call_later
            self._timer = again(seconds, self._begin, link, peer, told)
