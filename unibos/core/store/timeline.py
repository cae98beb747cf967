"""Records in the order of the time that they tell: counts of months by kind, and likenesses."""

from collections.abc import Iterable
from dataclasses import dataclass

from unibos.core.store.transaction import View


@dataclass(frozen=True, slots=True)
class Month:
    """A month such as ``2026-11``, and how many records of each kind it has."""

    month: str
    kinds: dict[str, int]


def months(view: View, collection: str) -> list[Month]:
    """The months that have something outside the bin, the latest first.

    :param collection: one whose definition names a ``moment``; its records have a ``kind``, and
        ``binned_at`` while they are in the bin.
    """
    rows: Iterable[tuple[str, str, int]] = view.connection.execute(
        "SELECT substr(moment, 1, 7), json_extract(data, '$.kind'), count(*) FROM records"
        " WHERE org = ? AND collection = ? AND moment IS NOT NULL"
        " AND json_extract(data, '$.binned_at') IS NULL GROUP BY 1, 2 ORDER BY 1 DESC",
        (view.org, collection),
    )
    found: dict[str, dict[str, int]] = {}
    for month, kind, count in rows:
        found.setdefault(month, {})[kind] = count
    return [Month(month, kinds) for month, kinds in found.items()]


def head(view: View, collection: str) -> int:
    """The ``seq`` of the collection's newest change; 0 when there never was one."""
    row = view.connection.execute(
        "SELECT max(seq) FROM records WHERE org = ? AND collection = ?", (view.org, collection)
    ).fetchone()
    return int(row[0] or 0)


def likenesses(view: View, collection: str) -> list[tuple[str, str, str | None]]:
    """Of each photo outside the bin its id, its key, and its likeness or None; the oldest first."""
    return view.connection.execute(
        "SELECT id, key, json_extract(data, '$.likeness') FROM records"
        " WHERE org = ? AND collection = ? AND moment IS NOT NULL"
        " AND json_extract(data, '$.kind') = 'photo'"
        " AND json_extract(data, '$.binned_at') IS NULL ORDER BY id",
        (view.org, collection),
    ).fetchall()
