"""What peers say that they have of this replica, kept now and then.

A peer tells it with every hello, and when it asks for news. It is needed for good only to know
which deletions may be forgotten, so it is written at most once a minute, all of it together: what
is lost in a power cut, the next hello tells again.

Of a collection of which nothing was ever exchanged with a peer, its word counts for nothing: a name
that it guesses is not one that it has heard.
"""

import logging
import time
from collections.abc import Callable, Container, Mapping
from functools import partial

from unibos.base.errors import Error
from unibos.core.store import checkpoints
from unibos.core.store.peers import Peer
from unibos.core.store.transaction import Transaction
from unibos.core.sync.exchange.messages import Hello
from unibos.core.sync.local import Local

log = logging.getLogger(__name__)

EVERY_S = 60.0

_Key = tuple[str, int, str]
_Said = tuple[str, int, int]
_Rows = list[tuple[int, str, _Said]]
_NOTHING: _Said = ("", 0, 0)


class Acknowledged:
    """What peers said last; for one event loop."""

    def __init__(self, local: Local, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._local = local
        self._monotonic = monotonic
        self._kept_at = monotonic()
        self._said: dict[_Key, _Said] = {}
        self._unkept: set[_Key] = set()
        self._heard: set[tuple[str, int]] = set()

    async def hear(self, org: str, peer: Peer, hello: Hello) -> None:
        """Take note of what a peer holds."""
        self._heard.add((org, peer.num))
        if hello.holds == self._local.epoch:
            known = self._local.store.read(lambda view: checkpoints.named_to(view, peer.id), org)
            for head in hello.collections:
                if head.held and head.name in known:
                    said = (hello.holds, head.held_version, head.held)
                    self._note((org, peer.num, head.name), said)
        if self._monotonic() - self._kept_at >= EVERY_S:
            for rows, name in self._taken():
                await self._local.store.awrite(partial(_keep, rows=rows), name)

    def note(
        self,
        org: str,
        peer: Peer,
        pulled: Mapping[str, tuple[int, int]],
        known: Container[str],
    ) -> None:
        """Take note of what a peer has pulled.

        :param pulled: by collection, the version and up to where.
        :param known: the collections that the peer has heard of.
        """
        for name, (version, told) in pulled.items():
            seq = min(told, self._local.store.counter)
            if name in known and seq > self.of(org, peer, name):
                self._note((org, peer.num, name), (self._local.epoch, version, seq))

    def heard(self, org: str, peer: Peer) -> bool:
        """Whether a peer has said anything since this start."""
        return (org, peer.num) in self._heard

    def of(self, org: str, peer: Peer, collection: str) -> int:
        """What a peer said last, since this start."""
        return self._said.get((org, peer.num, collection), _NOTHING)[2]

    def _note(self, key: _Key, said: _Said) -> None:
        if self._said.get(key) != said:
            self._said[key] = said
            self._unkept.add(key)

    def keep(self) -> None:
        """Write it down now; what stands already is not written."""
        for rows, org in self._taken():
            try:
                self._local.store.write(partial(_keep, rows=rows), org)
            except Error as error:
                log.warning("what peers hold is not kept", extra={"code": error.code})

    def _taken(self) -> list[tuple[_Rows, str]]:
        self._kept_at = self._monotonic()
        unkept, self._unkept = self._unkept, set()
        by_org: dict[str, _Rows] = {}
        for key in unkept:
            org, num, name = key
            by_org.setdefault(org, []).append((num, name, self._said[key]))
        return [(rows, org) for org, rows in by_org.items()]


def _keep(tx: Transaction, rows: _Rows) -> None:
    for num, name, (epoch, version, seq) in rows:
        known = checkpoints.get(tx, num, name)
        if known.pushed_for(epoch, version) < seq:
            checkpoints.put(tx, num, name, known.after_push(epoch, version, seq))
