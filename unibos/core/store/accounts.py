"""Orgs, accounts and sessions: the verbs behind identity.

An account is a user together with the membership in one org. Every verb stays in its view's org,
but for those that have to look across orgs, because only their answer tells the org, or because a
person is the same in all of them: :func:`local_org`, :func:`by_email` and :func:`memberships` (a
login), :func:`org_of_session` (a refresh token that was proved genuine), :func:`end_all_sessions`
(a changed password) and :func:`forget_sessions` (housekeeping). Addresses are unique in all orgs,
for they are what a login begins with.

Roles and reasons are plain words here; what they mean is identity's business.
"""

from dataclasses import dataclass, field, replace
from typing import Any

from unibos.base.errors import Conflict, NotFound
from unibos.base.ids import new_id
from unibos.core.store import orgs, revocations
from unibos.core.store.transaction import Changed, Transaction, View

TOPIC = "identity"
_LOCAL_ORG = "local_org"


@dataclass(frozen=True, slots=True)
class Account:
    """A user in one org.

    :param email: as its owner writes it; ``email_key`` is what look-ups compare.
    :param verifier: what a password is checked against.
    :param created_at: in milliseconds since 1970, as all times in this file.
    """

    id: str
    email: str
    email_key: str
    name: str
    verifier: str = field(repr=False)
    created_at: int
    org: str
    role: str
    disabled: bool = False


@dataclass(frozen=True, slots=True)
class Session:
    """One login and all refresh tokens that came from it.

    :param generation: which refresh token is the one to be presented next.
    :param ended_because: None while the session lives.
    :param node: the node that it began through, on a hub; None: it began here.
    :param issued_at: when the session began or moved in this very transaction, by the clock of
        :mod:`unibos.core.store.revocations`; 0 where it was only looked up.
    """

    id: str
    org: str
    user: str
    generation: int
    expires_at: int
    ended_because: str | None = None
    node: str | None = None
    issued_at: int = field(default=0, compare=False)


_ACCOUNT = (
    "SELECT users.id, email, email_key, name, verifier, created_at, org, role, disabled"
    " FROM members JOIN users ON users.id = members.user"
)
_SESSION = "SELECT id, org, user, generation, expires_at, ended_because, node FROM sessions"


def local_org(view: View) -> str | None:
    """The id of the org that this instance was made for; looks across orgs."""
    found = view.connection.execute(
        "SELECT value FROM meta WHERE key = ?", (_LOCAL_ORG,)
    ).fetchone()
    return found[0] if found else None


def make_local_org(tx: Transaction, name: str, type_: str) -> str:
    """Make the instance's own org, once; the id of the one that stands already otherwise."""
    present = local_org(tx)
    if present is not None:
        return present
    id_ = orgs.create(tx, new_id(tx.stamp()[0]), name, type_).id
    tx.connection.execute("INSERT INTO meta (key, value) VALUES (?, ?)", (_LOCAL_ORG, id_))
    return id_


def set_local_org(tx: Transaction, id_: str) -> None:
    """Have another org be the one that this instance is for."""
    tx.connection.execute("UPDATE meta SET value = ? WHERE key = ?", (id_, _LOCAL_ORG))


def by_email(view: View, email_key: str) -> Account | None:
    """The account that logs in with this address, in its oldest org; looks across orgs."""
    row = view.connection.execute(
        _ACCOUNT + " WHERE email_key = ? ORDER BY org LIMIT 1", (email_key,)
    ).fetchone()
    return _account(row) if row else None


def memberships(view: View, id_: str) -> list[Account]:
    """The user's accounts in all orgs, the oldest org first; looks across orgs."""
    rows = view.connection.execute(_ACCOUNT + " WHERE members.user = ? ORDER BY org", (id_,))
    return [_account(row) for row in rows.fetchall()]


def find(view: View, id_: str) -> Account | None:
    """One account of the org, or None."""
    row = view.connection.execute(
        _ACCOUNT + " WHERE org = ? AND users.id = ?", (view.org, id_)
    ).fetchone()
    return _account(row) if row else None


def get(view: View, id_: str) -> Account:
    """One account of the org.

    :raises NotFound: ``user_not_found``.
    """
    found = find(view, id_)
    if found is None:
        raise NotFound("user_not_found", f"There is no user {id_[:40]!r}.")
    return found


def page(view: View, after: str, limit: int) -> list[Account]:
    """Accounts of the org in the order of their making, behind the id ``after``."""
    rows = view.connection.execute(
        _ACCOUNT + " WHERE org = ? AND members.user > ? ORDER BY members.user LIMIT ?",
        (view.org, after, limit),
    )
    return [_account(row) for row in rows]


def of_role(view: View, role: str) -> list[Account]:
    """All accounts of the org with this role, disabled ones too."""
    rows = view.connection.execute(_ACCOUNT + " WHERE org = ? AND role = ?", (view.org, role))
    return [_account(row) for row in rows.fetchall()]


def has_other(view: View, role: str, id_: str = "") -> bool:
    """Tell whether an account of this role, other than ``id_``, can log in."""
    row = view.connection.execute(
        "SELECT 1 FROM members WHERE org = ? AND role = ? AND disabled = 0 AND user <> ? LIMIT 1",
        (view.org, role, id_),
    ).fetchone()
    return row is not None


def create(
    tx: Transaction, email: str, email_key: str, name: str, verifier: str, role: str
) -> Account:
    """Make a user and the membership in the org.

    :raises Conflict: ``email_taken``.
    """
    _refuse_taken(tx, email_key, "")
    id_ = new_id(tx.stamp()[0])
    now = tx.now()
    tx.connection.execute(
        "INSERT INTO users (id, email, email_key, name, verifier, created_at, updated_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        (id_, email, email_key, name, verifier, now, now),
    )
    tx.connection.execute(
        "INSERT INTO members (org, user, role) VALUES (?, ?, ?)", (tx.org, id_, role)
    )
    tx.changed(TOPIC, id_)
    return Account(id_, email, email_key, name, verifier, now, tx.org, role)


def join(tx: Transaction, known: Account, role: str) -> Account:
    """Make a user of another org a member of this one too.

    :raises Conflict: ``member_already``.
    """
    if find(tx, known.id) is not None:
        raise Conflict("member_already", "This person is a member of the org already.")
    tx.connection.execute(
        "INSERT INTO members (org, user, role) VALUES (?, ?, ?)", (tx.org, known.id, role)
    )
    tx.changed(TOPIC, known.id)
    return get(tx, known.id)


def save(tx: Transaction, account: Account) -> None:
    """Keep an account's address, name, role and whether it is disabled.

    :raises NotFound: ``user_not_found``.
    :raises Conflict: ``email_taken``.
    """
    present = get(tx, account.id)
    if present == account:
        return
    _refuse_taken(tx, account.email_key, account.id)
    tx.connection.execute(
        "UPDATE users SET email = ?, email_key = ?, name = ?, updated_at = ? WHERE id = ?",
        (account.email, account.email_key, account.name, tx.now(), account.id),
    )
    tx.connection.execute(
        "UPDATE members SET role = ?, disabled = ? WHERE org = ? AND user = ?",
        (account.role, account.disabled, tx.org, account.id),
    )
    if (present.role, present.disabled) != (account.role, account.disabled):
        revocations.revoke_user(tx, account.id)
    tx.changed(TOPIC, account.id)


def set_verifier(tx: Transaction, id_: str, verifier: str) -> None:
    """Keep what the account's password is checked against from now on.

    :raises NotFound: ``user_not_found``.
    """
    get(tx, id_)
    tx.connection.execute(
        "UPDATE users SET verifier = ?, updated_at = ? WHERE id = ?", (verifier, tx.now(), id_)
    )
    tx.changed(TOPIC, id_)


def remove(tx: Transaction, id_: str) -> None:
    """Take an account out of the org; a user without any org left is deleted.

    :raises NotFound: ``user_not_found``.
    """
    get(tx, id_)
    tx.connection.execute("DELETE FROM sessions WHERE org = ? AND user = ?", (tx.org, id_))
    tx.connection.execute("DELETE FROM members WHERE org = ? AND user = ?", (tx.org, id_))
    revocations.revoke_user(tx, id_)
    forget_homeless(tx, id_)


def forget_homeless(tx: Transaction, id_: str) -> None:
    """Delete a user who has just left this org, if they are in no other."""
    tx.connection.execute(
        "DELETE FROM users WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM members WHERE user = ?1)",
        (id_,),
    )
    tx.changed(TOPIC, id_)


def open_session(
    tx: Transaction, user: str, now: int, expires_at: int, node: str | None = None
) -> Session:
    """Begin a session of the org's user, in its first generation.

    :param node: the node that it begins through; it ends with that node's membership.
    """
    session = Session(new_id(), tx.org, user, 1, expires_at, node=node, issued_at=tx.now())
    tx.connection.execute(
        "INSERT INTO sessions (id, org, user, generation, created_at, expires_at, node)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        (session.id, session.org, user, session.generation, now, expires_at, node),
    )
    tx.changed(TOPIC, session.id)
    return session


def org_of_session(view: View, id_: str) -> str | None:
    """The org that a session belongs to; looks across orgs."""
    row = view.connection.execute("SELECT org FROM sessions WHERE id = ?", (id_,)).fetchone()
    return row[0] if row else None


def session(view: View, id_: str) -> Session | None:
    """One session of the org, ended or not."""
    row = view.connection.execute(
        _SESSION + " WHERE id = ? AND org = ?", (id_, view.org)
    ).fetchone()
    return Session(*row) if row else None


def move_session(tx: Transaction, moved: Session, generation: int, expires_at: int) -> Session:
    """Have a session expect another refresh token; the session as it is then."""
    tx.connection.execute(
        "UPDATE sessions SET generation = ?, expires_at = ? WHERE id = ? AND org = ?",
        (generation, expires_at, moved.id, tx.org),
    )
    tx.changed(TOPIC, moved.id)
    return replace(moved, generation=generation, expires_at=expires_at, issued_at=tx.now())


def end_session(tx: Transaction, id_: str, now: int, because: str) -> None:
    """End a session for good; one that ended before keeps its first reason."""
    cursor = tx.connection.execute(
        "UPDATE sessions SET ended_at = ?, ended_because = ?"
        " WHERE id = ? AND org = ? AND ended_at IS NULL",
        (now, because, id_, tx.org),
    )
    if cursor.rowcount:
        revocations.revoke_session(tx, id_)
        tx.changed(TOPIC, id_)


def end_sessions(tx: Transaction, user: str, now: int, because: str) -> None:
    """End every session that the user has in the org, and offline logins on its nodes."""
    rows = tx.connection.execute(
        "UPDATE sessions SET ended_at = ?, ended_because = ?"
        " WHERE org = ? AND user = ? AND ended_at IS NULL RETURNING id",
        (now, because, tx.org, user),
    ).fetchall()
    for (id_,) in rows:
        tx.changed(TOPIC, id_)
    revocations.revoke_user(tx, user)


def end_all_sessions(tx: Transaction, user: str, now: int, because: str) -> None:
    """End every session that the user has, in all orgs, and offline logins on their nodes."""
    rows = tx.connection.execute(
        "UPDATE sessions SET ended_at = ?1, ended_because = ?2"
        " WHERE org IN (SELECT org FROM members WHERE user = ?3) AND user = ?3"
        " AND ended_at IS NULL RETURNING org, id",
        (now, because, user),
    ).fetchall()
    tx.changes += [Changed(org, TOPIC, id_) for org, id_ in rows]
    revocations.revoke_user_everywhere(tx, user)


def end_sessions_through(tx: Transaction, node: str, now: int, because: str) -> None:
    """End every session in the org that began through a node; logins elsewhere go on."""
    rows = tx.connection.execute(
        "UPDATE sessions SET ended_at = ?, ended_because = ?"
        " WHERE org = ? AND node = ? AND ended_at IS NULL RETURNING id, expires_at",
        (now, because, tx.org, node),
    ).fetchall()
    # Those that moved last come last: a list of revocations that is too long loses the others.
    for id_, _ in sorted(rows, key=lambda row: row[1]):
        revocations.revoke_session(tx, id_)
        tx.changed(TOPIC, id_)


def forget_sessions(tx: Transaction, before: int) -> int:
    """Delete what ended or expired before this time, of all orgs; the number of sessions."""
    return tx.connection.execute(
        "DELETE FROM sessions WHERE expires_at < ? OR ended_at < ?", (before, before)
    ).rowcount


def _account(row: tuple[Any, ...]) -> Account:
    id_, email, email_key, name, verifier, created_at, org, role, disabled = row
    return Account(id_, email, email_key, name, verifier, created_at, org, role, bool(disabled))


def _refuse_taken(view: View, email_key: str, but: str) -> None:
    row = view.connection.execute(
        "SELECT 1 FROM users WHERE email_key = ? AND id <> ?", (email_key, but)
    ).fetchone()
    if row is not None:
        raise Conflict("email_taken", "There is an account with this e-mail address already.")
