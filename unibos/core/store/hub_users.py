"""Users of the hub as one node knows them: who logged in through it, and how far that is trusted.

A row is made at the first login through the node. Its ``verifier`` is the node's own, made from
the password that was typed here; without one the user cannot log in while the hub is away.
"""

from dataclasses import dataclass, field
from typing import Any

from unibos.core.store import accounts
from unibos.core.store.accounts import Session
from unibos.core.store.transaction import Transaction, View


@dataclass(frozen=True, slots=True)
class HubUser:
    """A user of the hub in the node's org; times are in milliseconds since 1970.

    :param role: as the hub said last.
    :param verifier: what a password is checked against while the hub is away; None: not at all.
    :param checked_at: the hub's time when it last checked the password that ``verifier`` is of.
    :param valid_until: when the verifier stops being good.
    :param local_user: the account of this node that is the same person, if there still is one.
    :param local_disabled: whether that account may not be used.
    """

    id: str
    email: str
    email_key: str
    name: str
    role: str
    verifier: str | None = field(repr=False)
    checked_at: int
    valid_until: int
    local_user: str | None = None
    local_disabled: bool = False


_SELECT = (
    "SELECT hub_users.id, email, email_key, name, hub_users.role, verifier, checked_at,"
    " valid_until, members.user, members.disabled"
    " FROM hub_users LEFT JOIN members"
    " ON members.org = hub_users.org AND members.user = hub_users.local_user"
    " WHERE hub_users.org = ?"
)


def find(view: View, id_: str) -> HubUser | None:
    """One user by the hub's id."""
    return _one(view, " AND hub_users.id = ?", id_)


def by_email(view: View, email_key: str) -> HubUser | None:
    """The user of this address, as the hub told it last."""
    return _one(view, " AND email_key = ?", email_key)


def by_local_user(view: View, local_user: str) -> HubUser | None:
    """The hub's user that is the same person as an account of this node."""
    return _one(view, " AND local_user = ?", local_user)


def with_verifier(view: View) -> list[HubUser]:
    """All who may log in while the hub is away, as far as this table tells."""
    rows = view.connection.execute(_SELECT + " AND verifier IS NOT NULL", (view.org,))
    return [_user(row) for row in rows]


def save(tx: Transaction, user: HubUser) -> None:
    """Keep what the hub said of a user; whom the user is linked to stays as it is.

    Another user whom this address belonged to is forgotten: the hub gave it away.
    """
    other = by_email(tx, user.email_key)
    if other is not None and other.id != user.id:
        _forget(tx, other.id)
    tx.connection.execute(
        "INSERT INTO hub_users (org, id, email, email_key, name, role, verifier, checked_at,"
        " valid_until) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (org, id) DO UPDATE SET email = excluded.email,"
        " email_key = excluded.email_key, name = excluded.name, role = excluded.role,"
        " verifier = excluded.verifier, checked_at = excluded.checked_at,"
        " valid_until = excluded.valid_until",
        (
            tx.org,
            user.id,
            user.email,
            user.email_key,
            user.name,
            user.role,
            user.verifier,
            user.checked_at,
            user.valid_until,
        ),
    )
    _changed(tx, user.id)


def link(tx: Transaction, id_: str, local_user: str | None) -> None:
    """Say which account of this node is the same person; None: no account is."""
    before = find(tx, id_)
    tx.connection.execute(
        "UPDATE hub_users SET local_user = ? WHERE org = ? AND id = ?", (local_user, tx.org, id_)
    )
    told = {id_, local_user, before.local_user if before else None}
    for changed in told - {None}:
        tx.changed(accounts.TOPIC, str(changed))


def forget_verifier(tx: Transaction, id_: str) -> None:
    """Let the user log in only with the hub from now on."""
    cursor = tx.connection.execute(
        "UPDATE hub_users SET verifier = NULL WHERE org = ? AND id = ? AND verifier IS NOT NULL",
        (tx.org, id_),
    )
    if cursor.rowcount:
        _changed(tx, id_)


def open_session(tx: Transaction, user: HubUser, expires_at: int) -> Session:
    """Begin an offline session; it is as old as the hub's check of the password behind it."""
    return accounts.open_session(tx, user.id, user.checked_at, expires_at)


def sessions(view: View) -> list[tuple[str, str, int]]:
    """The living offline sessions: id, user, and when the hub checked the password behind it."""
    return view.connection.execute(
        "SELECT sessions.id, user, created_at FROM sessions JOIN hub_users"
        " ON hub_users.org = sessions.org AND hub_users.id = sessions.user"
        " WHERE sessions.org = ? AND ended_at IS NULL",
        (view.org,),
    ).fetchall()


def proved_at(view: View, session: str) -> int:
    """When the hub checked the password behind an offline session; 0 where there is no session."""
    row = view.connection.execute(
        "SELECT created_at FROM sessions WHERE id = ? AND org = ?", (session, view.org)
    ).fetchone()
    return row[0] if row else 0


def ids(view: View) -> list[str]:
    """All users, by the hub's ids."""
    rows = view.connection.execute("SELECT id FROM hub_users WHERE org = ?", (view.org,))
    return [id_ for (id_,) in rows]


def forget_all(tx: Transaction) -> None:
    """Forget every user, as a node does that has left its hub."""
    for id_ in ids(tx):
        _forget(tx, id_)


def _forget(tx: Transaction, id_: str) -> None:
    _changed(tx, id_)
    tx.connection.execute("DELETE FROM sessions WHERE org = ? AND user = ?", (tx.org, id_))
    tx.connection.execute("DELETE FROM hub_users WHERE org = ? AND id = ?", (tx.org, id_))


def _changed(tx: Transaction, id_: str) -> None:
    """Have it told under both names that the person goes by on this node."""
    tx.changed(accounts.TOPIC, id_)
    user = find(tx, id_)
    if user is not None and user.local_user is not None:
        tx.changed(accounts.TOPIC, user.local_user)


def _one(view: View, where: str, value: str) -> HubUser | None:
    row = view.connection.execute(_SELECT + where, (view.org, value)).fetchone()
    return _user(row) if row else None


def _user(row: tuple[Any, ...]) -> HubUser:
    (id_, email, key, name, role, verifier, checked_at, valid_until, local, disabled) = row
    return HubUser(
        id_, email, key, name, role, verifier, checked_at, valid_until, local, bool(disabled)
    )
