"""The end of an org: everything that it has goes, in every table, a bounded batch at a time.

Tables are found by their ``org`` column, so that none is forgotten that is added later. What is to
go is looked for by readers; the writer only removes rows by their keys. Files of blobs that no org
names any more are left to the collector of orphans.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from unibos.base.errors import Conflict
from unibos.core.store import accounts, orgs
from unibos.core.store.transaction import Transaction, View

_TABLES = (
    "SELECT t.name, group_concat(c.name) FROM sqlite_master t JOIN pragma_table_info(t.name) c"
    " WHERE t.type = 'table' AND t.sql NOT LIKE 'CREATE VIRTUAL%' AND c.pk > 0"
    " AND EXISTS (SELECT 1 FROM pragma_table_info(t.name) WHERE name = 'org')"
    " GROUP BY t.name ORDER BY t.name"
)


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows of one table, by their primary keys."""

    table: str
    columns: tuple[str, ...]
    keys: list[tuple[Any, ...]]


def tables(view: View) -> dict[str, tuple[str, ...]]:
    """All tables whose rows belong to orgs, with the columns of their primary keys."""
    rows = view.connection.execute(_TABLES).fetchall()
    return {name: tuple(columns.split(",")) for name, columns in rows}


def some(view: View, limit: int) -> Batch | None:
    """Up to ``limit`` rows of the org in one table; None when nothing is left of it."""
    for table, columns in tables(view).items():
        keys = view.connection.execute(
            f"SELECT {', '.join(columns)} FROM {table} WHERE org = ? LIMIT ?",  # noqa: S608 - names from our own schema
            (view.org, limit),
        ).fetchall()
        if keys:
            return Batch(table, columns, keys)
    return None


def remove(tx: Transaction, batch: Batch, now: int) -> None:
    """Remove rows of an org whose time of grace is over; users who have no other org go with it.

    :raises Conflict: ``org_not_due``.
    """
    _require_due(tx, now)
    same = " AND ".join(f"{column} = ?" for column in batch.columns)
    tx.connection.executemany(
        f"DELETE FROM {batch.table} WHERE {same} AND org = ?",  # noqa: S608 - names from our own schema
        [(*key, tx.org) for key in batch.keys],
    )
    after = _AFTER.get(batch.table)
    if after is not None:
        for key in batch.keys:
            after(tx, dict(zip(batch.columns, key, strict=True)))


def finish(tx: Transaction, now: int) -> bool:
    """Remove the org itself; False when somebody has written in it meanwhile.

    :raises Conflict: ``org_not_due``.
    """
    _require_due(tx, now)
    if some(tx, 1) is not None:
        return False
    tx.connection.execute("DELETE FROM meta WHERE key >= ?1 || '/' AND key < ?1 || '0'", (tx.org,))
    tx.connection.execute("DELETE FROM orgs WHERE id = ?", (tx.org,))
    tx.changed(orgs.TOPIC, tx.org)
    return True


def begin(tx: Transaction, now: int) -> None:
    """Have everybody who is logged in refused from here on.

    :raises Conflict: ``org_not_due``.
    """
    _require_due(tx, now)
    tx.changed(orgs.TOPIC, tx.org)


def _require_due(view: View, now: int) -> None:
    org = orgs.get(view)
    if org.delete_after is None or org.delete_after > now:
        raise Conflict("org_not_due", f"The org {org.slug} is not to be deleted now.")


def _without_words(tx: Transaction, key: dict[str, Any]) -> None:
    tx.connection.execute("DELETE FROM search WHERE rowid = ?", (key["num"],))


def _without_user(tx: Transaction, key: dict[str, Any]) -> None:
    accounts.forget_homeless(tx, key["user"])


def _without_definition(tx: Transaction, key: dict[str, Any]) -> None:
    known, name = tx.definitions, (tx.org, key["name"])
    tx.after_commit.append(lambda: known.pop(name, None))


_AFTER: dict[str, Callable[[Transaction, dict[str, Any]], None]] = {
    "records": _without_words,
    "members": _without_user,
    "collections": _without_definition,
}
