"""Batches of changes for a peer: what is new, as far as it may go there."""

from dataclasses import dataclass

import msgspec

from unibos.core.store import export_log, replication
from unibos.core.store.replication import Outgoing
from unibos.core.store.transaction import Transaction, View
from unibos.core.sync.exchange.messages import BATCH_BYTES, BATCH_RECORDS, Change
from unibos.core.sync.export import Terms

_DELETED = msgspec.Raw(b"null")
_SCAN = 4 * BATCH_RECORDS
"""So many records are looked at for one batch; what may not go there costs a look, too."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Changes, oldest first.

    :param upto: the ``seq`` that is reached by them; ``more`` says whether others follow.
    :param size: about how many bytes they take.
    :param blocked: how many were held back by a policy.
    :param scanned: records that were looked at; 0: there is nothing new for this peer.
    """

    changes: list[Change]
    upto: int
    more: bool
    size: int
    blocked: int
    scanned: int


def batch(
    view: View,
    terms: Terms,
    collection: str,
    after: int,
    *,
    had: int,
    peer: int,
    everything: bool = False,
) -> Batch:
    """What changed after ``after``, up to 500 records or 1 MiB.

    :param had: the highest ``seq`` of ours that the peer ever had: deletions of younger records
        that it did not bring are none of its business.
    :param peer: its ``num``; what it delivered itself is left out, but for ``everything``.
    """
    head = replication.head(view, collection)
    changes: list[Change] = []
    size = blocked = scanned = 0
    upto = after
    for record in replication.outgoing(
        view, collection, after, _SCAN, None if everything else peer
    ):
        scanned += 1
        upto = record.seq
        if not terms.allows(collection, record.authors()):
            blocked += 1
        elif not is_news(record, had, peer):
            continue
        else:
            changes.append(_change(record))
            size += record.size
            if len(changes) >= BATCH_RECORDS or size >= BATCH_BYTES:
                break
    else:
        if scanned < _SCAN:
            upto = max(head, after)
    return Batch(changes, upto, upto < head, size, blocked, scanned)


def is_news(record: Outgoing, had: int, peer: int) -> bool:
    """Whether a peer has to hear of a record; of a deletion only if it may have it.

    :param had: and ``peer``, as in :func:`batch`.
    """
    return record.data is not None or record.first_seq <= had or record.first_via == peer


def log(
    tx: Transaction, peer: str, collection: str, way: export_log.Way, after: int, done: Batch
) -> None:
    """Write down what a batch gave to a peer, and how much it held back.

    :param peer: its instance id.
    :param after: where the batch begins.
    """
    if done.changes:
        count = len(done.changes)
        export_log.add(tx, peer, collection, way, count, done.size, after + 1, done.upto)
    if done.blocked:
        export_log.add(tx, peer, collection, way, done.blocked, 0, after + 1, done.upto, "policy")


def _change(record: Outgoing) -> Change:
    hlc, origin = record.clock
    return Change(
        record.id,
        hlc,
        origin,
        msgspec.Raw(record.data.encode()) if record.data is not None else _DELETED,
        msgspec.json.decode(record.clocks) if record.clocks else None,
        msgspec.json.decode(record.seen) if record.seen else None,
    )
