"""Blobs that a record names and whose bytes are not here yet: the record arrives first.

A blob is waited for or it is here, and never both. ``num`` orders the waiting by when it began, so
that a peer can be told what is new in it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from unibos.core.store import blobs
from unibos.core.store.blobs import Blob
from unibos.core.store.definitions import Collection
from unibos.core.store.transaction import Transaction, View


@dataclass(frozen=True, slots=True)
class Pending:
    """One need of a blob; see :func:`blobs.add` for ``used_by``."""

    num: int
    sha256: str
    used_by: str


@dataclass(frozen=True, slots=True)
class Waiting:
    """How much is waited for; ``bytes`` of the ``sized`` ones, whose size a peer has told."""

    blobs: int
    sized: int
    bytes: int


def follow(
    tx: Transaction,
    collection: Collection,
    id_: str,
    before: Mapping[str, Any] | None,
    after: Mapping[str, Any] | None,
) -> None:
    """Have the uses of blobs be what a record names, as it came from a peer.

    :param before: the data that stood here; None: there was none.
    :param after: the data from now on; None: there is none any more.
    """
    if not collection.blobs:
        return
    old = collection.blob_uses(id_, before or {})
    new = collection.blob_uses(id_, after or {})
    for used_by, sha256 in new.items():
        if old.get(used_by) != sha256:
            _want(tx, sha256, used_by)
    for used_by, sha256 in old.items():
        if new.get(used_by) != sha256:
            blobs.release(tx, sha256, used_by)


def arrived(tx: Transaction, blob: Blob) -> bool:
    """The bytes are in place: let the org have the blob; False when nothing waits for it.

    :raises Forbidden: ``limit_reached``.
    """
    row = tx.connection.execute(
        "SELECT used_by FROM pending_blobs WHERE org = ? AND sha256 = ? LIMIT 1",
        (tx.org, blob.sha256),
    ).fetchone()
    if row is None:
        return False
    return blobs.add(tx, blob, row[0])


def due(view: View, peer: int, now: int, largest: int | None, limit: int) -> list[str]:
    """Blobs to ask a peer for, those first that are waited for the longest.

    :param peer: its ``num``; what it was asked for in vain is left out until that is due again.
    :param largest: leave out those of which more bytes than this are known to be.
    """
    rows = view.connection.execute(
        "SELECT sha256 FROM pending_blobs p WHERE org = ?1 AND (?4 IS NULL OR size IS NULL"
        " OR size <= ?4) AND NOT EXISTS (SELECT 1 FROM blob_troubles t WHERE t.org = ?1"
        " AND t.way = 'fetch' AND t.sha256 = p.sha256 AND t.peer = ?2 AND t.due > ?3)"
        " ORDER BY num LIMIT ?5",
        (view.org, peer, now, largest, limit),
    )
    return list(dict.fromkeys(sha256 for (sha256,) in rows))


def page(view: View, after: int, limit: int) -> list[Pending]:
    """What is waited for, in the order of ``num``, behind ``after``."""
    rows = view.connection.execute(
        "SELECT num, sha256, used_by FROM pending_blobs WHERE org = ? AND num > ?"
        " ORDER BY num LIMIT ?",
        (view.org, after, limit),
    )
    return [Pending(*row) for row in rows]


def sized(tx: Transaction, sizes: Mapping[str, int]) -> None:
    """Take note of how large blobs are that are waited for, by their SHA-256."""
    tx.connection.executemany(
        "UPDATE pending_blobs SET size = ? WHERE org = ? AND sha256 = ? AND size IS NOT ?1",
        [(size, tx.org, sha256) for sha256, size in sizes.items()],
    )


def waiting(view: View) -> Waiting:
    """Count what is waited for."""
    row = view.connection.execute(
        "SELECT count(*), count(size), coalesce(sum(size), 0) FROM"
        " (SELECT max(size) AS size FROM pending_blobs WHERE org = ? GROUP BY sha256)",
        (view.org,),
    ).fetchone()
    return Waiting(*row)


def _want(tx: Transaction, sha256: str, used_by: str) -> None:
    if not blobs.is_name(sha256) or blobs.use(tx, sha256, used_by):
        return
    tx.connection.execute(
        "INSERT INTO pending_blobs (org, sha256, used_by, at) VALUES (?, ?, ?, ?)"
        " ON CONFLICT DO NOTHING",
        (tx.org, sha256, used_by, tx.now()),
    )
