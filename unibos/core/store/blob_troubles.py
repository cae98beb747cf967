"""Trouble with single blobs: what a peer could not give, or would not take, and when to try again.

Each is for one life of a peer, so that a peer that lacks a blob holds up nobody who has it. It ends
with success, and when the blob is not waited for any more.
"""

from dataclasses import dataclass
from typing import Literal

from unibos.core.store.peers import Peer
from unibos.core.store.transaction import Transaction, View

Way = Literal["fetch", "give"]

_FORMER = "org = ?1 AND peer IN (SELECT num FROM peers WHERE org = ?1 AND id = ?2 AND num <> ?3)"


@dataclass(frozen=True, slots=True)
class Trouble:
    """Trouble with one blob.

    :param peer: the instance id.
    :param why: the code of the reason.
    :param due: when it is tried again, in milliseconds since 1970.
    """

    sha256: str
    peer: str
    way: Way
    tries: int
    due: int
    why: str


def add(
    tx: Transaction,
    way: Way,
    sha256: str,
    peer: int,
    why: str,
    now: int,
    first_ms: int,
    longest_ms: int,
) -> None:
    """Have a blob tried again with this peer after a while that doubles with each time.

    :param peer: its ``num``.
    :param first_ms: how long the first while is, and ``longest_ms`` the longest.
    """
    row = tx.connection.execute(
        "SELECT tries FROM blob_troubles WHERE org = ? AND way = ? AND sha256 = ? AND peer = ?",
        (tx.org, way, sha256, peer),
    ).fetchone()
    tries = row[0] + 1 if row else 1
    due = now + min(first_ms << min(tries - 1, 30), longest_ms)
    tx.connection.execute(
        "INSERT INTO blob_troubles (org, way, sha256, peer, tries, due, why)"
        " VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (org, way, sha256, peer) DO UPDATE SET"
        " tries = excluded.tries, due = excluded.due, why = excluded.why",
        (tx.org, way, sha256, peer, tries, due, why),
    )


def forget(tx: Transaction, way: Way, sha256: str, peer: int | None = None) -> None:
    """There is no such trouble any more; with no peer where None is given."""
    tx.connection.execute(
        "DELETE FROM blob_troubles WHERE org = ?1 AND way = ?2 AND sha256 = ?3"
        " AND (?4 IS NULL OR peer = ?4)",
        (tx.org, way, sha256, peer),
    )


def exists(view: View, way: Way, sha256: str, peer: int) -> bool:
    """Whether there is trouble with a blob and this peer."""
    found = view.connection.execute(
        "SELECT 1 FROM blob_troubles WHERE org = ? AND way = ? AND sha256 = ? AND peer = ?",
        (view.org, way, sha256, peer),
    )
    return found.fetchone() is not None


def due(view: View, way: Way, peer: int, now: int, limit: int) -> list[str]:
    """Blobs that are to be tried again with this peer."""
    rows = view.connection.execute(
        "SELECT sha256 FROM blob_troubles WHERE org = ? AND way = ? AND peer = ? AND due <= ?"
        " LIMIT ?",
        (view.org, way, peer, now, limit),
    )
    return [sha256 for (sha256,) in rows]


def next_due(view: View, peer: int) -> int | None:
    """When the next blob is to be tried again with this peer, in milliseconds since 1970."""
    row = view.connection.execute(
        "SELECT min(due) FROM blob_troubles WHERE org = ? AND peer = ?", (view.org, peer)
    ).fetchone()
    return None if row[0] is None else int(row[0])


def listed(view: View, limit: int) -> list[Trouble]:
    """Trouble with peers in their present lives, for people; that first which is due first."""
    rows = view.connection.execute(
        "SELECT t.sha256, p.id, t.way, t.tries, t.due, t.why FROM blob_troubles t"
        " JOIN peers p ON p.num = t.peer AND p.org = t.org WHERE t.org = ?1 AND p.num ="
        " (SELECT max(num) FROM peers WHERE org = ?1 AND id = p.id) ORDER BY t.due LIMIT ?2",
        (view.org, limit),
    )
    return [Trouble(*row) for row in rows]


def counted(view: View) -> dict[str, int]:
    """How many blobs there is trouble with, by the code of the reason."""
    rows = view.connection.execute(
        "SELECT why, count(DISTINCT sha256) FROM blob_troubles WHERE org = ? GROUP BY why",
        (view.org,),
    )
    return dict(rows.fetchall())


def has_former(view: View, peer: Peer) -> bool:
    """Whether there is trouble with an earlier life of a peer."""
    found = view.connection.execute(
        f"SELECT 1 FROM blob_troubles WHERE {_FORMER} LIMIT 1",  # noqa: S608 - a constant
        (view.org, peer.id, peer.num),
    )
    return found.fetchone() is not None


def forget_former(tx: Transaction, peer: Peer) -> None:
    """Forget the trouble with earlier lives of a peer."""
    tx.connection.execute(
        f"DELETE FROM blob_troubles WHERE {_FORMER}",  # noqa: S608 - a constant
        (tx.org, peer.id, peer.num),
    )
