"""What an org's nodes must no longer accept, though it looks genuine and has not expired.

Rows are written in the transaction of their cause, and only where somebody is to be told: on a
hub, which is an instance that has signing keys. A row goes once nothing that it ends can be about.
"""

from typing import Literal

from unibos.core.store.transaction import Changed, Transaction, View

TOPIC = "revocation"
MAX_SESSIONS = 2000
"""The most sessions that a list names; those beyond it expire the soonest."""

Kind = Literal["user", "session", "node"]

_MINUTE_MS = 60_000
_DAY_MS = 86_400_000
USER_KEPT_MS = 31 * _DAY_MS
"""A node that hears of nothing for longer takes older offline logins for revoked."""

_KEPT_MS: dict[Kind, int] = {
    "user": USER_KEPT_MS,
    # An access token lasts 15 minutes.
    "session": 20 * _MINUTE_MS,
    # A membership is renewed long before.
    "node": 400 * _DAY_MS,
}


def revoke_user(tx: Transaction, user: str, before: int) -> None:
    """End what the user was given in the org before this time: tokens, and offline logins."""
    _keep(tx, "user", user, before)


def revoke_user_everywhere(tx: Transaction, user: str, before: int) -> None:
    """:func:`revoke_user` in all orgs of the user, as a new password wants it; looks across."""
    for (org,) in tx.connection.execute("SELECT org FROM members WHERE user = ?", (user,)):
        _keep(tx, "user", user, before, org)


def revoke_session(tx: Transaction, session: str, now: int) -> None:
    """End the access tokens of one session."""
    _keep(tx, "session", session, now)


def revoke_node(tx: Transaction, node: str, now: int) -> None:
    """Have the org's other nodes no longer take this one for a member."""
    _keep(tx, "node", node, now)


def pardon_node(tx: Transaction, node: str) -> None:
    """Take :func:`revoke_node` back: the node joined again."""
    cursor = tx.connection.execute(
        "DELETE FROM revocations WHERE org = ? AND kind = 'node' AND id = ?", (tx.org, node)
    )
    if cursor.rowcount:
        tx.changed(TOPIC, node)


def listing(view: View, now: int) -> list[tuple[Kind, str, int]]:
    """Kind, id and time of all that is revoked in the org, in an order that stays."""
    rows = view.connection.execute(
        "SELECT kind, id, before FROM revocations WHERE org = ? AND kind <> 'session'"
        " AND keep_until > ? ORDER BY kind, id",
        (view.org, now),
    ).fetchall()
    sessions = view.connection.execute(
        "SELECT kind, id, before FROM revocations WHERE org = ? AND kind = 'session'"
        " AND keep_until > ? ORDER BY keep_until DESC, id LIMIT ?",
        (view.org, now, MAX_SESSIONS),
    ).fetchall()
    return rows + sessions


def _keep(tx: Transaction, kind: Kind, id_: str, before: int, org: str | None = None) -> None:
    org = tx.org if org is None else org
    cursor = tx.connection.execute(
        "INSERT INTO revocations (org, kind, id, before, keep_until)"
        " SELECT ?, ?, ?, ?, ? WHERE EXISTS (SELECT 1 FROM signing_keys)"
        " ON CONFLICT (org, kind, id) DO UPDATE SET before = max(before, excluded.before),"
        " keep_until = max(keep_until, excluded.keep_until)",
        (org, kind, id_, before, before + _KEPT_MS[kind]),
    )
    if cursor.rowcount > 0:
        tx.connection.execute(
            "DELETE FROM revocations WHERE org = ? AND keep_until <= ?", (org, before)
        )
        tx.changes.append(Changed(org, TOPIC, id_))
