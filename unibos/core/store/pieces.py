"""Several changes in one transaction of which each is kept or not by itself."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from unibos.core.store.transaction import Transaction

T = TypeVar("T")


def each(tx: Transaction, pieces: Sequence[Callable[[Transaction], T]]) -> list[T | Exception]:
    """Make each change in a savepoint of its own; the values, or what was raised instead.

    Nothing of a piece that raised is kept, and nobody is told of it. Where SQLite gives up the
    whole transaction, as on a full disk, so does this.
    """
    outcomes: list[T | Exception] = []
    for piece in pieces:
        changes, effects = len(tx.changes), len(tx.after_commit)
        tx.connection.execute("SAVEPOINT piece")
        try:
            outcomes.append(piece(tx))
        except Exception as error:
            if not tx.connection.in_transaction:
                raise
            tx.connection.execute("ROLLBACK TO piece")
            del tx.changes[changes:], tx.after_commit[effects:]
            outcomes.append(error)
        tx.connection.execute("RELEASE piece")
    return outcomes
