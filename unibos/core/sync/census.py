"""The census: what a peer deleted so long ago that it has forgotten the deletions.

The peer tells, page by page, the ids that it has. What is here, was there, and is not there now
was deleted there. What the peer may not have, or may not tell of, says nothing by its absence.
"""

from collections.abc import Callable, Iterable
from collections.abc import Set as AbstractSet

from unibos.core.store import checkpoints, collections, tombstones
from unibos.core.store.checkpoints import Checkpoint
from unibos.core.store.peers import Peer, PeerKind
from unibos.core.store.tombstones import Living
from unibos.core.store.transaction import Transaction
from unibos.core.sync.export import Terms, may_hold, needed
from unibos.core.sync.messages import IdsPage

Page = IdsPage
May = Callable[[AbstractSet[str]], bool]
"""Whether what these instances wrote may go to the peer, and may be told here by it."""


def reached(checkpoint: Checkpoint, version: int) -> int:
    """Up to which ``seq`` the peer once had all that may go there.

    In whichever epoch of this replica, because a new one changes no ``seq``; but only in this
    version of the collection: in another one more may go there than then.
    """
    return checkpoint.pushed if checkpoint.own_version == version else 0


def deleted_there(
    ids: Iterable[str], own: Iterable[Living], *, reached: int, peer: int, may: May
) -> list[Living]:
    """Which of this replica's records the peer has deleted.

    :param ids: a page of those that the peer has.
    :param own: all records here in the range of that page that are not deleted.
    :param reached: the peer once had everything up to this ``seq``.
    :param peer: the ``num`` of this life of it; what it delivered itself it had, too.
    """
    there = frozenset(ids)
    return [
        one
        for one in own
        if one.id not in there and (one.seq <= reached or one.via == peer) and may(one.origins)
    ]


def compare(
    tx: Transaction,
    terms: Terms,
    peer: Peer,
    collection: str,
    after: str,
    page: Page,
    *,
    kind: PeerKind = "node",
) -> int:
    """Delete here what was deleted there, in the range of one page; the count of it.

    :param terms: what may go to the peer.
    :param after: behind which id the page begins.
    :param kind: what this replica is.
    :raises NotFound: ``collection_not_found``.
    """
    found = collections.get(tx, collection)
    known = checkpoints.get(tx, peer.num, collection)
    least = needed(kind).reach
    tells = peer.kind == "hub" or terms.known.of(collection, peer.id).reach >= least

    def may(origins: AbstractSet[str]) -> bool:
        told = tells and may_hold(kind, terms.known, collection, origins)
        return told and terms.allows(collection, origins)

    gone = deleted_there(
        page.ids,
        tombstones.living(tx, collection, after, page.last),
        reached=reached(known, collections.version(tx, collection)),
        peer=peer.num,
        may=may,
    )
    return sum(tombstones.bury(tx, found, one, peer.num) for one in gone)
