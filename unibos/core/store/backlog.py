"""What sync has still to send and what is in quarantine, in numbers."""

from unibos.core.store.transaction import View


def unsent(view: View, collection: str, after: int, limit: int, not_via: int | None = None) -> int:
    """How many changes after ``after`` did not come from the peer ``not_via``, up to ``limit``.

    Deletions of what the peer never had are not counted.
    """
    row = view.connection.execute(
        "SELECT count(*) FROM (SELECT 1 FROM records WHERE org = ? AND collection = ? AND seq > ?"
        " AND (via IS NULL OR via IS NOT ?) AND (deleted = 0 OR first_seq <= ?) LIMIT ?)",
        (view.org, collection, after, not_via, after, limit),
    ).fetchone()
    return int(row[0])


def quarantined(view: View) -> dict[str, int]:
    """How many changes are in quarantine, by the instance id of the peer that sent them."""
    rows = view.connection.execute(
        "SELECT peer, count(*) FROM quarantine WHERE org = ? GROUP BY peer", (view.org,)
    )
    return dict(rows.fetchall())
