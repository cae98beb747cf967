"""Tombstones are collected once everybody who may still need them has them.

A tombstone goes when it is old enough, and when each life of each peer that has a checkpoint of
the collection has acknowledged it. Who is not to be waited for is retired: a node that is not of
the org any more, an earlier life of a replica, and a node that was not heard of for half a year. A
retired node that comes back all the same is past the horizon, and finds what was deleted by a
census. A hub takes none, because it only answers, so a node waits for it until a person says that
it does not come back.
"""

from dataclasses import dataclass
from typing import Final

from unibos.base.errors import NotFound
from unibos.core.store import checkpoints, collections, nodes, peers, tombstones
from unibos.core.store.collections import Standing
from unibos.core.store.peers import Peer
from unibos.core.store.store import OrgStore
from unibos.core.store.tombstones import Acknowledged, Tombstone
from unibos.core.store.transaction import Transaction, View
from unibos.core.sync.local import Local

AT_ONCE: Final = 500
_DAY_MS: Final = 24 * 3600 * 1000
EARLIER_LIFE_MS: Final = 7 * _DAY_MS
SILENCE_MS: Final = 180 * _DAY_MS


@dataclass(frozen=True, slots=True)
class Collecting:
    """The chore; it looks first, and writes only when there is something to do.

    :param days: so old must a tombstone at least be.
    """

    local: Local
    days: int = 7

    def __call__(self) -> int:
        """Retire peers and collect tombstones in all orgs; the count of the latter."""
        return sum(self.of_org(org) for org in self.local.store.read(tombstones.orgs))

    def of_org(self, org: str) -> int:
        """Retire peers and collect tombstones in one org; the count of the latter."""
        store = self.local.store.org(org)
        if store.read(self._gone):
            store.write(self._retire)
        names = store.read(collections.names)
        return sum(self._of_collection(store, name) for name in names)

    def _of_collection(self, store: OrgStore, name: str) -> int:
        removed = 0
        while store.read(lambda view: self._old(view, name, 1)):
            removed += store.write(lambda tx: self._collect(tx, name))
        return removed

    def _collect(self, tx: Transaction, name: str) -> int:
        gone = self._old(tx, name, AT_ONCE)
        tombstones.remove(tx, name, gone)
        return len(gone)

    def _old(self, view: View, name: str, limit: int) -> list[Tombstone]:
        standing = collections.standings(view)[name]
        known = acknowledged(view, self.local.epoch, standing)
        before = self.local.now() - self.days * _DAY_MS
        return tombstones.old(view, name, known, before, limit)

    def _gone(self, view: View) -> list[Peer]:
        lives, now = peers.lives(view), self.local.now()
        left = set()
        if self.local.kind == "hub":
            left = {peer.id for peer in lives if peer.kind == "node" and _has_left(view, peer.id)}
        return [peer for peer in lives if peer.id in left or is_gone(peer, lives, now)]

    def _retire(self, tx: Transaction) -> None:
        for peer in self._gone(tx):
            peers.retire_life(tx, peer.num)


def acknowledged(view: View, epoch: str, standing: Standing) -> Acknowledged:
    """How far all have got who are waited for.

    :param epoch: of this replica: what was acknowledged in another one says nothing.
    """
    waiting = checkpoints.of_collection(view, standing.name)
    reached = sorted(
        (checkpoint.pushed_for(epoch, standing.version), num) for num, checkpoint in waiting.items()
    )
    if not reached:
        return Acknowledged()
    (seq, num), *others = reached
    return Acknowledged(seq, num, others[0][0] if others else None)


def is_gone(peer: Peer, lives: list[Peer], now: int) -> bool:
    """Whether nobody waits for this life of a peer any more.

    :param lives: all that are not retired.
    :param now: in milliseconds since 1970.
    """
    silence = now - peer.seen_at
    if any(one.id == peer.id and one.num > peer.num for one in lives):
        return silence > EARLIER_LIFE_MS
    return peer.kind == "node" and silence > SILENCE_MS


def forget(tx: Transaction, id_: str) -> None:
    """Wait for a peer no more, because a person says so; if it comes back, it is a peer again.

    :raises NotFound: ``peer_not_found``.
    """
    if not peers.retire(tx, id_):
        raise NotFound(
            "peer_not_found",
            f"Nothing waits for a peer {id_[:64]!r}.",
            hint="unibos sync status shows the peers.",
        )


def _has_left(view: View, id_: str) -> bool:
    node = nodes.find(view, id_)
    return node is None or node.revoked_at is not None
