"""The keys that a hub signs access tokens with; the instance's own, of no org.

There is one ``current``; one ``next``, told to everybody before it signs anything; and ``retired``
ones, whose last tokens may still be about. What is secret of a key comes sealed and goes when the
key retires.
"""

from dataclasses import dataclass, field
from typing import Literal, cast

from unibos.core.store.transaction import Transaction, View

TOPIC = "signing"
State = Literal["next", "current", "retired"]


@dataclass(frozen=True, slots=True)
class SigningKey:
    """One key; times are in milliseconds since 1970.

    :param public: the raw key, base64url without padding.
    :param sealed: the private half, encrypted; empty once retired.
    """

    kid: str
    state: State
    public: str
    sealed: str = field(repr=False)
    created_at: int
    current_at: int | None = None
    retired_at: int | None = None


def listing(view: View) -> list[SigningKey]:
    """All keys: the current, the next, then the retired, the last of them first."""
    rows = view.connection.execute(
        "SELECT kid, state, public, sealed, created_at, current_at, retired_at FROM signing_keys"
        " ORDER BY state, retired_at DESC, kid"
    )
    return [SigningKey(kid, cast("State", state), *rest) for kid, state, *rest in rows]


def add(tx: Transaction, key: SigningKey) -> None:
    """Keep a new key."""
    tx.connection.execute(
        "INSERT INTO signing_keys (kid, state, public, sealed, created_at, current_at, retired_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            key.kid,
            key.state,
            key.public,
            key.sealed,
            key.created_at,
            key.current_at,
            key.retired_at,
        ),
    )


def advance(tx: Transaction, now: int) -> None:
    """Retire the current key, wiping its private half, and have the next take its place."""
    tx.connection.execute(
        "UPDATE signing_keys SET state = 'retired', retired_at = ?, sealed = ''"
        " WHERE state = 'current'",
        (now,),
    )
    tx.connection.execute(
        "UPDATE signing_keys SET state = 'current', current_at = ? WHERE state = 'next'", (now,)
    )


def forget(tx: Transaction, kid: str) -> None:
    """Delete a key: what it signed is no longer good."""
    tx.connection.execute("DELETE FROM signing_keys WHERE kid = ?", (kid,))
    tx.changed(TOPIC, kid)
