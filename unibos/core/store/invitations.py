"""Invitations into an org: the verbs. Of the secret in a link only its hash is kept."""

from dataclasses import dataclass, field
from typing import Any

from unibos.base.errors import Conflict, NotFound
from unibos.base.ids import new_id
from unibos.core.store.transaction import Transaction, View

MAX_PENDING = 500


@dataclass(frozen=True, slots=True)
class Invitation:
    """Somebody who may become a member; times are in milliseconds since 1970.

    :param secret_hash: the SHA-256 of the secret in the link, in hexadecimal.
    :param invited_by: the id of who asked for it, as :class:`Principal` has it.
    """

    id: str
    org: str
    email: str
    email_key: str
    role: str
    secret_hash: str = field(repr=False)
    invited_by: str
    created_at: int
    expires_at: int


_SELECT = (
    "SELECT id, org, email, email_key, role, secret_hash, invited_by, created_at, expires_at"
    " FROM invitations"
)


def create(
    tx: Transaction,
    email: str,
    email_key: str,
    role: str,
    secret_hash: str,
    invited_by: str,
    now: int,
    expires_at: int,
) -> Invitation:
    """Invite an address into the org; an earlier invitation of the same address is void.

    :raises Conflict: ``member_already``, ``too_many_invitations``.
    """
    _refuse_member(tx, email_key)
    tx.connection.execute(
        "DELETE FROM invitations WHERE org = ? AND (email_key = ? OR expires_at <= ?)",
        (tx.org, email_key, now),
    )
    _refuse_crowd(tx)
    made = Invitation(
        new_id(tx.stamp()[0]),
        tx.org,
        email,
        email_key,
        role,
        secret_hash,
        invited_by,
        now,
        expires_at,
    )
    tx.connection.execute(
        "INSERT INTO invitations (id, org, email, email_key, role, secret_hash, invited_by,"
        " created_at, expires_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (made.id, tx.org, email, email_key, role, secret_hash, invited_by, now, expires_at),
    )
    return made


def org_of(view: View, id_: str) -> str | None:
    """The org that an invitation leads into; looks across orgs."""
    row = view.connection.execute("SELECT org FROM invitations WHERE id = ?", (id_,)).fetchone()
    return row[0] if row else None


def find(view: View, id_: str, now: int) -> Invitation | None:
    """One invitation of the org that has not expired, or None."""
    row = view.connection.execute(
        _SELECT + " WHERE org = ? AND id = ? AND expires_at > ?", (view.org, id_, now)
    ).fetchone()
    return Invitation(*row) if row else None


def page(view: View, after: str, limit: int, now: int) -> list[Invitation]:
    """Invitations of the org in the order of their making, behind the id ``after``."""
    rows: list[tuple[Any, ...]] = view.connection.execute(
        _SELECT + " WHERE org = ? AND id > ? AND expires_at > ? ORDER BY id LIMIT ?",
        (view.org, after, now, limit),
    ).fetchall()
    return [Invitation(*row) for row in rows]


def get(view: View, id_: str, now: int) -> Invitation:
    """One invitation of the org that has not expired.

    :raises NotFound: ``invitation_not_found``.
    """
    found = find(view, id_, now)
    if found is None:
        raise NotFound("invitation_not_found", f"There is no invitation {id_[:40]!r}.")
    return found


def remove(tx: Transaction, id_: str) -> None:
    """Make an invitation void: it was accepted or taken back."""
    tx.connection.execute("DELETE FROM invitations WHERE org = ? AND id = ?", (tx.org, id_))


def withdraw(tx: Transaction, invited_by: str) -> None:
    """Make all invitations void that somebody made who may do so no longer."""
    tx.connection.execute(
        "DELETE FROM invitations WHERE org = ? AND invited_by = ?", (tx.org, invited_by)
    )


def _refuse_member(view: View, email_key: str) -> None:
    row = view.connection.execute(
        "SELECT 1 FROM members JOIN users ON users.id = members.user"
        " WHERE org = ? AND email_key = ?",
        (view.org, email_key),
    ).fetchone()
    if row is not None:
        raise Conflict("member_already", "This person is a member of the org already.")


def _refuse_crowd(view: View) -> None:
    (pending,) = view.connection.execute(
        "SELECT count(*) FROM invitations WHERE org = ?", (view.org,)
    ).fetchone()
    if pending >= MAX_PENDING:
        raise Conflict(
            "too_many_invitations",
            f"{MAX_PENDING} invitations of this org wait to be accepted.",
            hint="Take back those that nobody needs.",
        )
