"""The change feed: the newest state of each record, in the order of ``seq``, deletions included."""

from collections.abc import Iterator
from contextlib import closing
from heapq import merge

from unibos.core.store import collections
from unibos.core.store.records import COLUMNS, PAGE_BYTES, Record, from_row
from unibos.core.store.transaction import View


def all_changes(view: View, after: int = 0, limit: int = 500) -> list[Record]:
    """What changed in any collection of the org since ``after``, oldest first.

    Fewer than ``limit`` does not mean all: large records make it shorter.
    """
    each = [_changes(view, name, after, limit) for name in collections.names(view)]
    told: list[Record] = []
    size = 0
    for record in merge(*each, key=lambda record: record.seq):
        told.append(record)
        size += len(record.text)
        if len(told) >= limit or size >= PAGE_BYTES:
            break
    return told


def newest_seq(view: View) -> int:
    """The ``seq`` of the org's newest change; 0 when there is none."""
    return max(
        (
            view.connection.execute(
                "SELECT coalesce(max(seq), 0) FROM records WHERE org = ? AND collection = ?",
                (view.org, name),
            ).fetchone()[0]
            for name in collections.names(view)
        ),
        default=0,
    )


def _changes(view: View, collection: str, after: int, limit: int) -> Iterator[Record]:
    found = view.connection.execute(
        f"SELECT {COLUMNS} FROM records"  # noqa: S608 - a constant
        " WHERE org = ? AND collection = ? AND seq > ? ORDER BY seq LIMIT ?",
        (view.org, collection, after, limit),
    )
    with closing(found) as rows:
        yield from map(from_row, rows)
