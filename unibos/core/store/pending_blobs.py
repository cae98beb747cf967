"""Blobs that a record names and whose bytes are not here yet: the record arrives first."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from unibos.core.store import blobs
from unibos.core.store.blobs import Blob
from unibos.core.store.definitions import Collection
from unibos.core.store.transaction import Transaction, View


@dataclass(frozen=True, slots=True)
class Pending:
    """A blob that is waited for; ``due`` in milliseconds since 1970, ``why`` the last trouble."""

    sha256: str
    tries: int
    due: int
    why: str


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
            _forget(tx, sha256, used_by)
            blobs.release(tx, sha256, used_by)


def arrived(tx: Transaction, blob: Blob) -> bool:
    """The bytes are in place: let the org have the blob; False when nothing waits for it.

    :raises Forbidden: ``limit_reached``.
    """
    uses = tx.connection.execute(
        "SELECT used_by FROM pending_blobs WHERE org = ? AND sha256 = ?", (tx.org, blob.sha256)
    ).fetchall()
    for (used_by,) in uses:
        blobs.add(tx, blob, used_by)
        _forget(tx, blob.sha256, used_by)
    return bool(uses)


def is_pending(view: View, sha256: str) -> bool:
    """Whether the org waits for this blob."""
    found = view.connection.execute(
        "SELECT 1 FROM pending_blobs WHERE org = ? AND sha256 = ? LIMIT 1", (view.org, sha256)
    )
    return found.fetchone() is not None


def _want(tx: Transaction, sha256: str, used_by: str) -> None:
    if blobs.use(tx, sha256, used_by):
        return
    tx.connection.execute(
        "INSERT INTO pending_blobs (org, sha256, used_by, at) VALUES (?, ?, ?, ?)"
        " ON CONFLICT DO NOTHING",
        (tx.org, sha256, used_by, tx.now()),
    )


def _forget(tx: Transaction, sha256: str, used_by: str) -> None:
    tx.connection.execute(
        "DELETE FROM pending_blobs WHERE org = ? AND sha256 = ? AND used_by = ?",
        (tx.org, sha256, used_by),
    )
