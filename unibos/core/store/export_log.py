"""The export log: what was sent to whom, and what was held back, batch by batch.

It holds counts and never contents. Each org has its newest rows, up to :data:`MOST`.
"""

from dataclasses import dataclass
from typing import Literal

from unibos.core.store.transaction import Transaction, View

Way = Literal["push", "pull", "blob", "job"]
"""A batch that was given, one that was taken by the peer, a blob's bytes, or a job to be done."""

MOST = 10_000
_ROOM = 100
_RECENT = 100


@dataclass(frozen=True, slots=True)
class Entry:
    """One batch; ``at`` in milliseconds since 1970.

    :param num: orders the log.
    :param peer: the instance id of who got it, or would have.
    :param first_seq: with ``last_seq`` the range of this replica's counter that it was about.
    :param blocked: the code of the reason why it was held back; None: it was sent.
    """

    num: int
    at: int
    peer: str
    collection: str
    way: Way
    records: int
    bytes: int
    first_seq: int
    last_seq: int
    blocked: str | None


def add(  # noqa: PLR0913, PLR0917 - a row's columns
    tx: Transaction,
    peer: str,
    collection: str,
    way: Way,
    records: int,
    bytes_: int,
    first_seq: int,
    last_seq: int,
    blocked: str | None = None,
) -> None:
    """Write down one batch. The same one held back once more is not written again, so that a peer
    that keeps asking does not fill the log."""
    about = (peer, collection, way, records, bytes_, first_seq, last_seq, blocked)
    if blocked is not None and stands(tx, *about):
        return
    cursor = tx.connection.execute(
        "INSERT INTO export_log (org, at, peer, collection, way, records, bytes, first_seq,"
        " last_seq, blocked) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (tx.org, tx.now(), *about),
    )
    _trim(tx, cursor.lastrowid or 0)


def stands(view: View, *about: object) -> bool:
    """Whether the newest entry of this peer, collection and way says the same.

    :param about: what :func:`add` takes, with ``blocked``.
    """
    row = view.connection.execute(
        "SELECT peer, collection, way, records, bytes, first_seq, last_seq, blocked FROM"
        " (SELECT * FROM export_log WHERE org = ? ORDER BY num DESC LIMIT ?)"
        " WHERE peer = ? AND collection = ? AND way = ? ORDER BY num DESC LIMIT 1",
        (view.org, _RECENT, *about[:3]),
    ).fetchone()
    return bool(row == about)


def page(
    view: View,
    before: int | None,
    limit: int,
    *,
    peer: str | None = None,
    collection: str | None = None,
) -> list[Entry]:
    """Entries, newest first.

    :param before: only entries with a smaller ``num``; None: from the newest on.
    :param peer: only those of this instance.
    :param collection: only those of this collection.
    """
    rows = view.connection.execute(
        "SELECT num, at, peer, collection, way, records, bytes, first_seq, last_seq, blocked"
        " FROM export_log WHERE org = ?1 AND num < coalesce(?2, 9223372036854775807)"
        " AND (?3 IS NULL OR peer = ?3) AND (?4 IS NULL OR collection = ?4)"
        " ORDER BY num DESC LIMIT ?5",
        (view.org, before, peer, collection, limit),
    )
    return [Entry(*row) for row in rows]


def _trim(tx: Transaction, newest: int) -> None:
    """Forget the oldest; some more than must be, so that it is not done for each new entry."""
    (oldest,) = tx.connection.execute(
        "SELECT min(num) FROM export_log WHERE org = ?", (tx.org,)
    ).fetchone()
    if newest - oldest < MOST:
        return
    (count,) = tx.connection.execute(
        "SELECT count(*) FROM export_log WHERE org = ?", (tx.org,)
    ).fetchone()
    if count > MOST:
        tx.connection.execute(
            "DELETE FROM export_log WHERE org = ?1 AND num IN"
            " (SELECT num FROM export_log WHERE org = ?1 ORDER BY num LIMIT ?2)",
            (tx.org, count - MOST + _ROOM),
        )
