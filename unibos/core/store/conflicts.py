"""The conflict log: values that lost a merge although the winner did not know them.

It is bounded: the oldest entries that nobody has to decide on make room. An ``open`` one waits for
a person, however long. An entry that was restored or discarded is gone.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from unibos.base.errors import NotFound
from unibos.core.store.clocks import Clock, instance_of
from unibos.core.store.definitions import Strategy
from unibos.core.store.transaction import Transaction, View

MAX_ENTRIES: Final = 10_000
_ROOM: Final = MAX_ENTRIES // 100


@dataclass(frozen=True, slots=True)
class Entry:
    """What lost.

    :param at: when it was found here, in milliseconds since 1970.
    :param names: the fields that lost: some of a record (strategy ``fields``), or all of it.
    :param clock: the losing write's reading, and the instance that gave it.
    :param mine: whether it stood here; otherwise the peer brought it.
    :param peer: the instance that the winner or the loser came from.
    :param copy: the id of the record that keeps it as well (strategy ``both``).
    :param open: it waits for a decision (strategy ``manual``).
    """

    num: int
    collection: str
    record: str
    at: int
    strategy: Strategy
    names: tuple[str, ...]
    clock: Clock
    mine: bool
    peer: str
    copy: str | None
    open: bool


_SELECT = (
    "SELECT num, collection, record, at, strategy, (SELECT json_group_array(key) FROM"
    " json_each(fields)), hlc, origin, mine, peer, copy, open"
    " FROM conflicts WHERE org = ?"
)


def add(  # noqa: PLR0913 - an entry's columns, each of which its one caller has
    tx: Transaction,
    collection: str,
    record: str,
    strategy: Strategy,
    fields: Mapping[str, Any],
    clock: Clock,
    *,
    mine: bool,
    peer: str,
    copy: str | None,
    open_: bool,
) -> None:
    """Write an entry; see :class:`Entry`. The oldest that are not open make room for it."""
    hlc, origin = clock
    tx.connection.execute(
        "INSERT INTO conflicts (org, collection, record, at, strategy, fields, hlc, origin, mine,"
        " peer, copy, open) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            tx.org,
            collection,
            record,
            tx.now(),
            strategy,
            msgspec.json.encode(fields).decode(),
            hlc,
            instance_of(origin),
            mine,
            peer,
            copy,
            open_,
        ),
    )
    _make_room(tx)


def get(view: View, num: int) -> Entry:
    """One entry.

    :raises NotFound: ``conflict_not_found``; it is too when it was restored, discarded or trimmed.
    """
    row = view.connection.execute(_SELECT + " AND num = ?", (view.org, num)).fetchone()
    if row is None:
        raise not_found(str(num))
    return _entry(row)


def fields(view: View, num: int) -> dict[str, Any]:
    """The values that lost; empty when there is no such entry."""
    row = view.connection.execute(
        "SELECT fields FROM conflicts WHERE org = ? AND num = ?", (view.org, num)
    ).fetchone()
    lost: dict[str, Any] = msgspec.json.decode(row[0]) if row else {}
    return lost


def some(
    view: View,
    before: int | None,
    limit: int,
    *,
    collection: str | None = None,
    record: str | None = None,
    open_: bool | None = None,
) -> list[Entry]:
    """Entries, newest first.

    :param before: only entries older than the one with this number.
    :param collection: only of this collection; so do ``record`` and ``open_``.
    """
    rows = view.connection.execute(
        _SELECT + " AND (?2 IS NULL OR num < ?2) AND (?3 IS NULL OR collection = ?3)"
        " AND (?4 IS NULL OR record = ?4) AND (?5 IS NULL OR open = ?5)"
        " ORDER BY num DESC LIMIT ?6",
        (view.org, before, collection, record, open_, limit),
    )
    return [_entry(row) for row in rows]


@dataclass(frozen=True, slots=True)
class Tally:
    """How many entries there are, and how many of them wait for a decision."""

    entries: int
    open: int


def count(view: View) -> Tally:
    """Count the log."""
    entries, open_ = view.connection.execute(
        "SELECT count(*), coalesce(sum(open), 0) FROM conflicts WHERE org = ?", (view.org,)
    ).fetchone()
    return Tally(entries, open_)


def remove(tx: Transaction, num: int) -> None:
    """Take a decided entry out of the log."""
    tx.connection.execute("DELETE FROM conflicts WHERE org = ? AND num = ?", (tx.org, num))


def not_found(name: str) -> NotFound:
    """The answer to who names an entry that is not there."""
    return NotFound(
        "conflict_not_found",
        f"There is no conflict {name[:64]!r}.",
        hint="unibos conflicts list shows those that there are.",
    )


def _make_room(tx: Transaction) -> None:
    first, last = tx.connection.execute(
        "SELECT (SELECT min(num) FROM conflicts WHERE org = ?1),"
        " (SELECT max(num) FROM conflicts WHERE org = ?1)",
        (tx.org,),
    ).fetchone()
    if last - first < MAX_ENTRIES:
        return
    (entries,) = tx.connection.execute(
        "SELECT count(*) FROM conflicts WHERE org = ?", (tx.org,)
    ).fetchone()
    if entries <= MAX_ENTRIES:
        return
    # Some more than needed, so that the next ones need not count.
    tx.connection.execute(
        "DELETE FROM conflicts WHERE num IN (SELECT num FROM conflicts"
        " WHERE org = ? AND open = 0 ORDER BY num LIMIT ?)",
        (tx.org, entries - MAX_ENTRIES + _ROOM),
    )


def _entry(row: tuple[Any, ...]) -> Entry:
    num, collection, record, at, strategy, names, hlc, origin, mine, peer, copy, open_ = row
    return Entry(
        num,
        collection,
        record,
        at,
        Strategy(strategy),
        tuple(msgspec.json.decode(names)),
        (hlc, origin),
        bool(mine),
        peer,
        copy,
        bool(open_),
    )
