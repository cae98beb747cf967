"""What an org's nodes must no longer accept, though it looks genuine and has not expired.

Rows are written in the transaction of their cause, and only where somebody is to be told: on a
hub, which is an instance that has signing keys. A row goes once nothing that it ends can be about.

**One clock.** What says "issued before this time" is compared with the time at which something was
issued, so both are readings of the store's hybrid clock, taken in the transaction that ends or
begins something: ``accounts.open_session`` and ``move_session`` take :meth:`Transaction.now`, a
revocation ends the millisecond (:meth:`Transaction.next_moment`). Transactions run one after the
other and that clock never goes back, not by a restart or a restored database either. So whatever
was begun before a revocation is older than it, and whatever begins later is not, though the wall
clock jump as it likes. The wall clock says when a token expires, and nothing else here.
"""

from typing import Literal

from unibos.base.clock import hlc_ms
from unibos.core.store import counters
from unibos.core.store.transaction import Changed, Transaction, View

TOPIC = "revocation"
MAX_SESSIONS = 2000
"""The most sessions that a list names; those beyond it expire the soonest."""

Kind = Literal["user", "session", "node"]

_MINUTE_MS = 60_000
_DAY_MS = 86_400_000
USER_KEPT_MS = 31 * _DAY_MS
"""A node that hears of nothing for longer takes older offline logins for revoked."""
SESSION_KEPT_MS = 20 * _MINUTE_MS
"""An access token lasts 15 minutes. One that is older than this before the list is over, whatever
the wall clock says of its expiry: the list may name its session no longer."""

_KEPT_MS: dict[Kind, int] = {
    "user": USER_KEPT_MS,
    "session": SESSION_KEPT_MS,
    # A membership is renewed long before.
    "node": 400 * _DAY_MS,
}


def revoke_user(tx: Transaction, user: str) -> None:
    """End what the user was given in the org up to now: tokens, and offline logins."""
    _keep(tx, "user", user)


def revoke_user_everywhere(tx: Transaction, user: str) -> None:
    """:func:`revoke_user` in all orgs of the user, as a new password wants it; looks across."""
    orgs = tx.connection.execute("SELECT org FROM members WHERE user = ?", (user,)).fetchall()
    for (org,) in orgs:
        _keep(tx, "user", user, org)


def revoke_session(tx: Transaction, session: str) -> None:
    """End the access tokens of one session."""
    _keep(tx, "session", session)


def revoke_node(tx: Transaction, node: str) -> None:
    """Have the org's other nodes no longer take this one for a member."""
    _keep(tx, "node", node)


def pardon_node(tx: Transaction, node: str) -> None:
    """Take :func:`revoke_node` back: the node joined again."""
    cursor = tx.connection.execute(
        "DELETE FROM revocations WHERE org = ? AND kind = 'node' AND id = ?", (tx.org, node)
    )
    if cursor.rowcount:
        tx.changed(TOPIC, node)


def listing(view: View) -> tuple[list[tuple[Kind, str, int]], int]:
    """Kind, id and time of all that is revoked in the org, in an order that stays; and as of when
    that is, which is the newest time of the clock that was committed."""
    now = hlc_ms(counters.newest(view.connection))
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
    return rows + sessions, now


def _keep(tx: Transaction, kind: Kind, id_: str, org: str | None = None) -> None:
    org, before = tx.org if org is None else org, tx.next_moment()
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
