"""Tombstones: what is left of a deleted record, until everybody has heard of the deletion."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import msgspec

from unibos.base.clock import COUNTER_BITS
from unibos.core.store import collections, pending_blobs, records
from unibos.core.store.clocks import authors_of
from unibos.core.store.definitions import Collection
from unibos.core.store.transaction import Transaction, View


@dataclass(frozen=True, slots=True)
class Tombstone:
    """One of them: its record's number in this database, and its ``seq``."""

    num: int
    seq: int


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """How far the peers that are waited for have got, in one collection.

    :param all: up to here every one of them has everything; None: nobody is waited for.
    :param last: the ``num`` of the one that is furthest behind.
    :param others: up to here all the others have everything; None: there are none.
    """

    all: int | None = None
    last: int | None = None
    others: int | None = None


@dataclass(frozen=True, slots=True)
class Living:
    """A record that is not deleted, without its data.

    :param via: the life of a peer that delivered its present state.
    :param authors: all instances that wrote something that is present in it.
    """

    id: str
    seq: int
    via: int | None
    authors: frozenset[str]


def orgs(view: View) -> list[str]:
    """All orgs that may have tombstones; looks across orgs."""
    return [org for (org,) in view.connection.execute("SELECT DISTINCT org FROM collections")]


def old(
    view: View, collection: str, known: Acknowledged, before: int, limit: int
) -> list[Tombstone]:
    """Tombstones that may go, in the order of ``seq``; who delivered one knows of it.

    :param before: in milliseconds since 1970; only of records that were deleted earlier.
    """
    rows = view.connection.execute(
        "SELECT num, seq FROM records WHERE org = ?1 AND collection = ?2 AND deleted = 1"
        " AND hlc < ?3 AND (?4 IS NULL OR seq <= ?4 OR"
        " (via = ?5 AND (?6 IS NULL OR seq <= ?6))) ORDER BY seq LIMIT ?7",
        (
            view.org,
            collection,
            before << COUNTER_BITS,
            known.all,
            known.last,
            known.others,
            limit,
        ),
    )
    return [Tombstone(num, seq) for num, seq in rows]


def remove(tx: Transaction, collection: str, gone: Sequence[Tombstone]) -> None:
    """Forget deletions; who comes later than that learns from the horizon that some are missing."""
    if not gone:
        return
    tx.connection.executemany(
        "DELETE FROM records WHERE org = ? AND num = ? AND deleted = 1",
        [(tx.org, one.num) for one in gone],
    )
    collections.raise_horizon(tx, collection, max(one.seq for one in gone))


def living(view: View, collection: str, after: str, last: str) -> Iterator[Living]:
    """Records that are not deleted, in the order of their ids.

    :param after: only ids behind this one.
    :param last: only ids up to this one; empty: to the end.
    """
    rows = view.connection.execute(
        "SELECT id, seq, via, hlc, origin, field_clocks FROM records WHERE org = ?1"
        " AND collection = ?2 AND id > ?3 AND (?4 = '' OR id <= ?4) AND deleted = 0 ORDER BY id",
        (view.org, collection, after, last),
    )
    for id_, seq, via, hlc, origin, clocks in rows:
        stamps = msgspec.json.decode(clocks).values() if clocks else ()
        yield Living(id_, seq, via, frozenset(authors_of(((hlc, origin), *stamps))))


def bury(tx: Transaction, collection: Collection, one: Living, peer: int) -> bool:
    """Delete a record because a peer deleted it, and tell that peer nothing of it.

    False, and nothing is written, when it is not what it was any more.

    :param peer: the ``num`` of the peer's life.
    """
    row = tx.connection.execute(
        "SELECT num, data FROM records WHERE org = ? AND collection = ? AND id = ? AND seq = ?"
        " AND deleted = 0",
        (tx.org, collection.name, one.id, one.seq),
    ).fetchone()
    if row is None:
        return False
    num, data = row
    records.delete(tx, collection.name, one.id)
    tx.connection.execute("UPDATE records SET via = ? WHERE num = ?", (peer, num))
    pending_blobs.follow(tx, collection, one.id, msgspec.json.decode(data), None)
    return True
