"""What else is kept of records that are withdrawn: values in the conflict log."""

from collections.abc import Collection, Sequence

import msgspec

from unibos.core.store.transaction import Transaction


def forget_losers(tx: Transaction, collection: str, ids: Sequence[str], but_of: str) -> None:
    """Drop what the conflict log has of these records, but for what one instance itself wrote."""
    tx.connection.execute(
        "DELETE FROM conflicts WHERE org = ? AND collection = ? AND origin <> ?"
        " AND record IN (SELECT value FROM json_each(?))",
        (tx.org, collection, but_of, _list(ids)),
    )


def forget_losers_of(tx: Transaction, collection: str, authors: Collection[str]) -> None:
    """Drop what the conflict log has of these instances' writes; it is bounded, and so is this."""
    tx.connection.execute(
        "DELETE FROM conflicts WHERE org = ? AND collection = ?"
        " AND origin IN (SELECT value FROM json_each(?))",
        (tx.org, collection, _list(authors)),
    )


def _list(texts: Collection[str]) -> str:
    return msgspec.json.encode(list(texts)).decode()
