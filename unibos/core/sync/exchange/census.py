"""The census: what a peer deleted so long ago that it has forgotten the deletions.

The peer tells, page by page, the ids that it has. What is here, was there, and is not there now
was deleted there. What the peer may not have, or may not tell of, says nothing by its absence.
"""

from collections.abc import Callable, Iterable
from collections.abc import Set as AbstractSet

from unibos.core.store import collections, tombstones
from unibos.core.store.checkpoints import Checkpoint
from unibos.core.store.tombstones import Living
from unibos.core.store.transaction import Transaction

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


def bury(tx: Transaction, collection: str, gone: Iterable[Living], peer: int) -> int:
    """Delete here what was deleted there; the count of it.

    What was written since the look stays, and goes to the peer as new.

    :raises NotFound: ``collection_not_found``.
    """
    found = collections.get(tx, collection)
    return sum(tombstones.bury(tx, found, one, peer) for one in gone)
