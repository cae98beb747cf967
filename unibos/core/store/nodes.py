"""Nodes that joined the hub: the verbs behind the registry.

Each verb stays in its view's org, but for those that a machine's request begins with, or that keep
what many nodes told; they say so. An instance is an active node of at most one org.
"""

from collections.abc import Iterable
from dataclasses import astuple, dataclass
from typing import Any

from unibos.base.errors import Conflict, Forbidden, NotFound
from unibos.core.store.transaction import Transaction, View


@dataclass(frozen=True, slots=True)
class NodeRow:
    """An instance that joined an org; times are in milliseconds since 1970.

    :param id: its instance id.
    :param public_key: its raw Ed25519 key, base64url.
    :param join_token: the id of the join token that it came with.
    :param report: what it last told of itself, in JSON.
    :param member_until: when the membership that it was given last expires.
    :param revoked_at: None while it belongs to the org.
    """

    org: str
    id: str
    name: str
    public_key: str
    join_token: str
    report: str
    joined_at: int
    member_until: int
    seen_at: int
    revoked_at: int | None = None


_SELECT = (
    "SELECT org, id, name, public_key, join_token, report, joined_at, member_until, seen_at,"
    " revoked_at FROM nodes"
)


def by_id(view: View, id_: str) -> NodeRow | None:
    """The node where it is active, else where it was revoked last; looks across orgs."""
    row = view.connection.execute(
        _SELECT + " WHERE id = ? ORDER BY revoked_at IS NULL DESC, revoked_at DESC LIMIT 1", (id_,)
    ).fetchone()
    return _node(row) if row else None


def exist(view: View) -> bool:
    """Whether any org has nodes; looks across orgs."""
    return view.connection.execute("SELECT 1 FROM nodes LIMIT 1").fetchone() is not None


def find(view: View, id_: str) -> NodeRow | None:
    """One node of the org, or None."""
    row = view.connection.execute(_SELECT + " WHERE org = ? AND id = ?", (view.org, id_)).fetchone()
    return _node(row) if row else None


def get(view: View, id_: str) -> NodeRow:
    """One node of the org.

    :raises NotFound: ``node_not_found``.
    """
    found = find(view, id_)
    if found is None:
        raise NotFound("node_not_found", "There is no such node in this org.")
    return found


def require_active(view: View, id_: str) -> None:
    """Make sure that an instance is a node of the org now.

    :raises Forbidden: ``node_revoked``.
    """
    found = find(view, id_)
    if found is None or found.revoked_at is not None:
        raise revoked()


def revoked() -> Forbidden:
    """The refusal of a node that is a member no longer."""
    return Forbidden(
        "node_revoked",
        "This node's membership was ended by an admin of its org.",
        hint="Its data stay its own. It can join again with a new token.",
    )


def page(view: View, after: str, limit: int) -> list[NodeRow]:
    """The org's nodes in the order of their ids, behind the id ``after``."""
    rows = view.connection.execute(
        _SELECT + " WHERE org = ? AND id > ? ORDER BY id LIMIT ?", (view.org, after, limit)
    ).fetchall()
    return [_node(row) for row in rows]


def everything(view: View, org: str | None) -> list[NodeRow]:
    """All nodes of one org; None: of all orgs, which is for operators."""
    rows = view.connection.execute(_SELECT + " WHERE org = ?1 OR ?1 IS NULL", (org,))
    return [_node(row) for row in rows.fetchall()]


def free_name(view: View, wanted: str) -> str:
    """``wanted``, or where a node of the org has that name, the first free ``wanted-2`` …"""
    rows = view.connection.execute("SELECT name FROM nodes WHERE org = ?", (view.org,))
    taken = {name for (name,) in rows.fetchall()}
    name, number = wanted, 2
    while name in taken:
        name, number = f"{wanted}-{number}", number + 1
    return name


def put(tx: Transaction, node: NodeRow) -> None:
    """Keep a node that joins the transaction's org, over what the org had of it before."""
    tx.connection.execute(
        "INSERT OR REPLACE INTO nodes VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", astuple(node)
    )


def rename(tx: Transaction, id_: str, name: str) -> NodeRow:
    """Call a node of the org otherwise.

    :raises NotFound: ``node_not_found``.
    :raises Conflict: ``node_name_taken``.
    """
    node = get(tx, id_)
    if name != node.name:
        if free_name(tx, name) != name:
            raise Conflict("node_name_taken", f"The org has another node called {name!r}.")
        _set(tx, id_, "name", name)
    return get(tx, id_)


def revoke(tx: Transaction, id_: str, now: int) -> NodeRow:
    """End a node's membership; it stays in the list. One that was revoked stays as it is.

    :raises NotFound: ``node_not_found``.
    """
    if get(tx, id_).revoked_at is None:
        _set(tx, id_, "revoked_at", now)
    return get(tx, id_)


def renew(tx: Transaction, id_: str, member_until: int) -> None:
    """Take note of a node's new membership."""
    _set(tx, id_, "member_until", member_until)


def remove(tx: Transaction, id_: str) -> None:
    """Forget a node of the org.

    :raises NotFound: ``node_not_found``.
    """
    get(tx, id_)
    tx.connection.execute("DELETE FROM nodes WHERE org = ? AND id = ?", (tx.org, id_))


def keep_reports(tx: Transaction, told: Iterable[tuple[str, int, str, str]]) -> None:
    """Keep what nodes told, as (report, seen at, org, id); writes in all orgs."""
    tx.connection.executemany(
        "UPDATE nodes SET report = ?, seen_at = ? WHERE org = ? AND id = ?", told
    )


def _set(tx: Transaction, id_: str, column: str, value: str | int) -> None:
    tx.connection.execute(
        f"UPDATE nodes SET {column} = ? WHERE org = ? AND id = ?",  # noqa: S608 -- columns of this file's own
        (value, tx.org, id_),
    )


def _node(row: tuple[Any, ...]) -> NodeRow:
    return NodeRow(*row)
