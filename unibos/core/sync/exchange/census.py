"""The census: what a peer deleted so long ago that it has forgotten the deletions.

The peer tells, page by page, the ids that it has. What is here, was there, and is not there now
was deleted there. What the peer may not have, or may not tell of, says nothing by its absence.

Nobody wrote these deletions down, so a peer that is broken could end everything by an empty page.
Few are believed, and stay in the conflict log, from which a person can bring them back. Of many
that are most of what there is, none is: those records are given to the peer again, for what comes
back can be deleted once more, and what is gone is gone.
"""

from collections.abc import Callable, Iterable, Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from itertools import islice
from typing import Final

from unibos.core.store import collections, conflicts, replication, tombstones
from unibos.core.store.checkpoints import Checkpoint
from unibos.core.store.peers import Peer
from unibos.core.store.tombstones import Living
from unibos.core.store.transaction import Transaction

FEW: Final = 500
AT_ONCE: Final = 500

May = Callable[[AbstractSet[str]], bool]
"""Whether what these instances wrote may go to the peer, and may be told here by it."""


def reached(checkpoint: Checkpoint, version: int) -> int:
    """Up to which ``seq`` the peer once had all that may go there.

    In whichever epoch of this replica, because a new one changes no ``seq``; but only in this
    version of the collection: in another one more may go there than then.
    """
    return checkpoint.pushed if checkpoint.own_version == version else 0


@dataclass(slots=True)
class Tally:
    """What a census found.

    :param there: the peer once had so many of the records here, and may tell of them.
    :param gone: so many of them it does not have now.
    """

    there: int = 0
    gone: int = 0

    @property
    def few(self) -> bool:
        """Whether what is gone fits into the conflict log, among all the rest."""
        return self.gone <= FEW

    @property
    def believed(self) -> bool:
        """Whether somebody may well have deleted them."""
        return self.few or 2 * self.gone <= self.there


def count(
    tally: Tally, ids: Iterable[str], own: Iterable[Living], *, reached: int, peer: int, may: May
) -> None:
    """Add what a page of the census finds; see :func:`deleted_there`."""
    there = frozenset(ids)
    for one in _had(own, reached, peer, may):
        tally.there += 1
        tally.gone += one.id not in there


def deleted_there(
    ids: Iterable[str], own: Iterable[Living], *, reached: int, peer: int, may: May
) -> Iterator[Living]:
    """Which of this replica's records the peer has deleted.

    :param ids: a page of those that the peer has.
    :param own: all records here in the range of that page that are not deleted.
    :param reached: the peer once had everything up to this ``seq``.
    :param peer: the ``num`` of this life of it; what it delivered itself it had, too.
    """
    there = frozenset(ids)
    return (one for one in _had(own, reached, peer, may) if one.id not in there)


def settle(
    tx: Transaction, collection: str, gone: Iterable[Living], peer: Peer, tally: Tally
) -> bool:
    """Delete here what was deleted there, or give it to the peer again where that is not believed.

    Of a bounded number; whether there may be more.

    :raises NotFound: ``collection_not_found``.
    """
    some = list(islice(gone, AT_ONCE))
    for one in some:
        if tally.believed:
            _bury(tx, collection, one, peer, log=tally.few)
        else:
            stored = replication.find(tx, collection, one.id)
            if stored is not None:
                replication.send_again(tx, stored.num)
    return len(some) == AT_ONCE


def _had(own: Iterable[Living], reached: int, peer: int, may: May) -> Iterator[Living]:
    for one in own:
        if (one.seq <= reached or one.via == peer) and may(one.authors):
            yield one


def _bury(tx: Transaction, name: str, one: Living, peer: Peer, *, log: bool) -> None:
    found, stored = collections.get(tx, name), replication.find(tx, name, one.id)
    if stored is None or stored.version.fields is None:
        return
    if tombstones.bury(tx, found, one, peer.num) and log:
        conflicts.add(
            tx,
            name,
            one.id,
            found.strategy,
            stored.version.fields,
            stored.version.clock,
            mine=True,
            peer=peer.id,
            copy=None,
            open_=False,
        )
