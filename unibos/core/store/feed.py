"""The change feed: the newest state of each record, in the order of ``seq``, deletions included."""

from heapq import merge
from itertools import islice

from unibos.core.store import collections
from unibos.core.store.records import COLUMNS, Record, from_row
from unibos.core.store.transaction import View


def changes(view: View, collection: str, after: int = 0, limit: int = 500) -> list[Record]:
    """What changed in one collection since ``after``, oldest first."""
    rows = view.connection.execute(
        f"SELECT {COLUMNS} FROM records"  # noqa: S608 - a constant
        " WHERE org = ? AND collection = ? AND seq > ? ORDER BY seq LIMIT ?",
        (view.org, collection, after, limit),
    )
    return [from_row(row) for row in rows]


def all_changes(view: View, after: int = 0, limit: int = 500) -> list[Record]:
    """What changed in any collection of the org since ``after``, oldest first."""
    each = [changes(view, collection.name, after, limit) for collection in collections.every(view)]
    return list(islice(merge(*each, key=lambda record: record.seq), limit))


def newest_seq(view: View) -> int:
    """The ``seq`` of the org's newest change; 0 when there is none."""
    return max(
        (
            view.connection.execute(
                "SELECT coalesce(max(seq), 0) FROM records WHERE org = ? AND collection = ?",
                (view.org, collection.name),
            ).fetchone()[0]
            for collection in collections.every(view)
        ),
        default=0,
    )
