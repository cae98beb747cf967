"""How far a peer has told which blobs it waits for, so that it only has to tell what is new.

What comes here later than the question may be just what a peer has waited for since long: with
each blob that was waited for here too, all peers are asked for all again.
"""

from dataclasses import dataclass

from unibos.core.store import meta
from unibos.core.store.transaction import Transaction, View

_KEY = "blobs_told"


@dataclass(frozen=True, slots=True)
class Cursor:
    """The peer's number that is reached, and when its first page was asked for (milliseconds)."""

    upto: int = 0
    since: int = 0


def get(view: View, peer: int) -> Cursor:
    """The cursor of the peer of this ``num``; one of zeros where there is none."""
    value = meta.get(view, f"{_KEY}/{peer}")
    return Cursor(*map(int, value.split())) if value else Cursor()


def put(tx: Transaction, peer: int, cursor: Cursor) -> None:
    """Keep the cursor."""
    meta.put(tx, f"{_KEY}/{peer}", f"{cursor.upto} {cursor.since}")


def reset(tx: Transaction) -> None:
    """Have all peers asked from the beginning."""
    tx.connection.execute(
        "DELETE FROM meta WHERE key >= ?1 || '/' AND key < ?1 || '0'", (f"{tx.org}/{_KEY}",)
    )
