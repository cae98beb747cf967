"""Join tokens: what lets new nodes and workers into an org, so many times and until then.

Only a hash of each secret is kept. A token that is revoked is gone.
"""

from dataclasses import astuple, dataclass, field
from typing import Any, Literal

from unibos.base.errors import Conflict, NotFound
from unibos.core.store.transaction import Transaction, View

MAX_TOKENS = 500
"""The most that an org has at a time."""

JoinRole = Literal["node", "worker"]
"""What somebody becomes who joins."""


@dataclass(frozen=True, slots=True)
class JoinTokenRow:
    """A join token; times are in milliseconds since 1970.

    :param secret_hash: the SHA-256 of its secret in hexadecimal digits.
    :param created_by: the id of who made it.
    :param all_orgs: whether a worker that joins with it works for all orgs of the hub.
    """

    org: str
    id: str
    label: str
    secret_hash: str = field(repr=False)
    uses: int
    uses_left: int
    created_by: str
    created_at: int
    expires_at: int
    role: JoinRole = "node"
    all_orgs: bool = False


_COLUMNS = (
    "org, id, label, secret_hash, uses, uses_left, created_by, created_at, expires_at, role,"
    " all_orgs"
)
_SELECT = f"SELECT {_COLUMNS} FROM join_tokens"  # noqa: S608 - a constant


def by_id(view: View, id_: str) -> JoinTokenRow | None:
    """The token, or None; looks across orgs, because the token tells the org."""
    row = view.connection.execute(_SELECT + " WHERE id = ?", (id_,)).fetchone()
    return _token(row) if row else None


def page(view: View, after: str, limit: int) -> list[JoinTokenRow]:
    """The org's tokens in the order of their making, behind the id ``after``."""
    rows = view.connection.execute(
        _SELECT + " WHERE org = ? AND id > ? ORDER BY id LIMIT ?", (view.org, after, limit)
    ).fetchall()
    return [_token(row) for row in rows]


def add(tx: Transaction, token: JoinTokenRow, forget_before: int) -> None:
    """Keep a new token, and forget those of the org that expired before this time.

    :raises Conflict: ``too_many_join_tokens``.
    """
    tx.connection.execute(
        "DELETE FROM join_tokens WHERE org = ? AND expires_at < ?", (tx.org, forget_before)
    )
    (present,) = tx.connection.execute(
        "SELECT count(*) FROM join_tokens WHERE org = ?", (tx.org,)
    ).fetchone()
    if present >= MAX_TOKENS:
        raise Conflict(
            "too_many_join_tokens",
            f"The org has {present} join tokens; {MAX_TOKENS} is the most.",
            hint="Revoke those that nobody needs, or give one token more uses.",
        )
    tx.connection.execute(
        f"INSERT INTO join_tokens ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",  # noqa: S608 - a constant
        astuple(token),
    )


def use(tx: Transaction, id_: str) -> bool:
    """Take one use of the org's token; tells whether there was one left."""
    cursor = tx.connection.execute(
        "UPDATE join_tokens SET uses_left = uses_left - 1"
        " WHERE org = ? AND id = ? AND uses_left > 0",
        (tx.org, id_),
    )
    return cursor.rowcount == 1


def remove(tx: Transaction, id_: str) -> None:
    """Forget a token of the org, so that nobody joins with it any more.

    :raises NotFound: ``join_token_not_found``.
    """
    cursor = tx.connection.execute(
        "DELETE FROM join_tokens WHERE org = ? AND id = ?", (tx.org, id_)
    )
    if cursor.rowcount == 0:
        raise NotFound("join_token_not_found", "There is no such join token in this org.")


def withdraw(tx: Transaction, created_by: str) -> None:
    """Forget all of the org's tokens that somebody made who may do so no longer."""
    tx.connection.execute(
        "DELETE FROM join_tokens WHERE org = ? AND created_by = ?", (tx.org, created_by)
    )


def _token(row: tuple[Any, ...]) -> JoinTokenRow:
    values = (*row[:-1], bool(row[-1]))
    return JoinTokenRow(*values)
