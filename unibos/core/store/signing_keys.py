"""The keys that a hub signs tokens with; the instance's own, of no org.

Of each algorithm there is one ``current``; one ``next``, told to everybody before it signs
anything; and ``retired`` ones, whose last tokens may still be about. What is secret of a key comes
sealed and goes when the key retires.
"""

from dataclasses import dataclass, field
from typing import Literal, cast

from unibos.core.store.transaction import Transaction, View

TOPIC = "signing"
Algorithm = Literal["EdDSA", "RS256"]
State = Literal["next", "current", "retired"]


@dataclass(frozen=True, slots=True)
class SigningKey:
    """One key; times are in milliseconds since 1970.

    :param algorithm: ``EdDSA``, or ``RS256`` for the ID tokens of programs that know nothing newer.
    :param public: the members of its JWK that make the key, in JSON.
    :param sealed: the private half, encrypted; empty once retired.
    """

    kid: str
    algorithm: Algorithm
    state: State
    public: str
    sealed: str = field(repr=False)
    created_at: int
    current_at: int | None = None
    retired_at: int | None = None


def listing(view: View) -> list[SigningKey]:
    """All keys: the current, the next, then the retired; of each algorithm the last first."""
    rows = view.connection.execute(
        "SELECT kid, algorithm, state, public, sealed, created_at, current_at, retired_at"
        " FROM signing_keys ORDER BY state, algorithm, retired_at DESC, kid"
    )
    return [
        SigningKey(kid, cast("Algorithm", algorithm), cast("State", state), *rest)
        for kid, algorithm, state, *rest in rows
    ]


def add(tx: Transaction, key: SigningKey) -> None:
    """Keep a new key."""
    tx.connection.execute(
        "INSERT INTO signing_keys (kid, algorithm, state, public, sealed, created_at, current_at,"
        " retired_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            key.kid,
            key.algorithm,
            key.state,
            key.public,
            key.sealed,
            key.created_at,
            key.current_at,
            key.retired_at,
        ),
    )


def advance(tx: Transaction, now: int) -> None:
    """Retire the current keys, wiping their private halves, and put the next in their places."""
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
