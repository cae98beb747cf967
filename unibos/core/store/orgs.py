"""Orgs: the verbs that make, find, change and close them, and that keep their limits.

Verbs work on the view's own org, but for those of the hub's operator, which look across orgs and
say so. What plans and types mean is identity's business.
"""

from dataclasses import dataclass
from typing import Any

import msgspec

from unibos.base.errors import Conflict, Forbidden, NotFound
from unibos.core.store.slugs import free_slug
from unibos.core.store.transaction import Changed, Transaction, View

TOPIC = "identity"
GB = 10**9


@dataclass(frozen=True, slots=True)
class Org:
    """A tenant. A limit that is None does not bind; times are in milliseconds since 1970.

    :param max_storage_gb: of the org's blobs, in units of 10⁹ bytes.
    :param enabled_modules: the names of those that its nodes offer; None: all.
    :param delete_after: when the org is deleted for good; None: not at all.
    """

    id: str
    name: str
    slug: str
    type: str
    plan: str
    created_at: int
    max_users: int | None = None
    max_nodes: int | None = None
    max_storage_gb: int | None = None
    enabled_modules: tuple[str, ...] | None = None
    custom_domain: str | None = None
    delete_after: int | None = None


@dataclass(frozen=True, slots=True)
class Usage:
    """How much of its limits an org uses; nodes that were revoked do not count."""

    users: int
    nodes: int
    storage_bytes: int


_SELECT = (
    "SELECT id, name, coalesce(slug, id), type, plan, created_at, max_users, max_nodes,"
    " max_storage_gb, enabled_modules, custom_domain, delete_after FROM orgs"
)


def create(
    tx: Transaction,
    id_: str,
    name: str,
    type_: str,
    *,
    slug: str = "",
    plan: str = "self_hosted",
) -> Org:
    """Make an org without limits.

    :param slug: empty: made from the name.
    :raises Conflict: ``slug_taken``.
    """
    if slug:
        _refuse_taken(tx, slug, id_)
    else:
        slug = free_slug(name, lambda slug: resolve(tx, slug) is not None)
    tx.connection.execute(
        "INSERT INTO orgs (id, name, slug, type, plan, created_at) VALUES (?, ?, ?, ?, ?, ?)",
        (id_, name, slug, type_, plan, tx.now()),
    )
    tx.changes.append(Changed(id_, TOPIC, id_))
    return Org(id_, name, slug, type_, plan, tx.now())


def find(view: View) -> Org | None:
    """The view's org, or None."""
    row = view.connection.execute(_SELECT + " WHERE id = ?", (view.org,)).fetchone()
    return _org(row) if row else None


def get(view: View) -> Org:
    """The view's org.

    :raises NotFound: ``org_not_found``.
    """
    found = find(view)
    if found is None:
        raise not_found(view.org)
    return found


def resolve(view: View, name: str) -> str | None:
    """The id of the org that is called so, by id or slug; looks across orgs."""
    row = view.connection.execute(
        "SELECT id FROM orgs WHERE id = ?1 OR slug = ?1", (name,)
    ).fetchone()
    return row[0] if row else None


def of_user(view: View, user: str) -> list[Org]:
    """All orgs that the user is a member of, the oldest first; looks across orgs."""
    mine = "id IN (SELECT org FROM members WHERE user = ?)"
    rows = view.connection.execute(_SELECT + f" WHERE {mine} ORDER BY id", (user,)).fetchall()
    return [_org(row) for row in rows]


def page(view: View, after: str, limit: int) -> list[Org]:
    """Orgs in the order of their making, behind the id ``after``; looks across orgs."""
    rows = view.connection.execute(
        _SELECT + " WHERE id > ? ORDER BY id LIMIT ?", (after, limit)
    ).fetchall()
    return [_org(row) for row in rows]


def ids(view: View) -> set[str]:
    """The ids of all orgs, those too that are about to be deleted."""
    return {id_ for (id_,) in view.connection.execute("SELECT id FROM orgs")}


def save(tx: Transaction, org: Org) -> None:
    """Keep all of an org but its id and the time of its making; writes nothing when it is so.

    :raises NotFound: ``org_not_found``.
    :raises Conflict: ``slug_taken``, ``domain_taken``.
    """
    present = get(tx)
    if present == org:
        return
    if org.slug != present.slug:
        _refuse_taken(tx, org.slug, tx.org)
    if org.custom_domain is not None and org.custom_domain != present.custom_domain:
        _refuse_domain(tx, org.custom_domain)
    modules = org.enabled_modules
    tx.connection.execute(
        "UPDATE orgs SET name = ?, slug = ?, type = ?, plan = ?, max_users = ?, max_nodes = ?,"
        " max_storage_gb = ?, enabled_modules = ?, custom_domain = ?, delete_after = ?"
        " WHERE id = ?",
        (
            org.name,
            org.slug,
            org.type,
            org.plan,
            org.max_users,
            org.max_nodes,
            org.max_storage_gb,
            None if modules is None else msgspec.json.encode(modules).decode(),
            org.custom_domain,
            org.delete_after,
            tx.org,
        ),
    )
    tx.changed(TOPIC, tx.org)


def usage(view: View) -> Usage:
    """Count what the org's limits are about."""
    return Usage(_count_users(view), _count_nodes(view), _count_bytes(view))


def expired(view: View, now: int) -> list[str]:
    """The ids of orgs whose time of grace is over; looks across orgs."""
    rows = view.connection.execute("SELECT id FROM orgs WHERE delete_after <= ?", (now,))
    return [id_ for (id_,) in rows.fetchall()]


def require_open(view: View) -> None:
    """Let only those orgs go on that are not about to be deleted; for nodes and members.

    :raises Forbidden: ``org_closing``; ``facts["delete_after"]`` is in milliseconds since 1970.
    """
    found = find(view)
    if found is not None and found.delete_after is not None:
        raise closing(found)


def require_room_for_user(view: View) -> None:
    """Make sure that the org may have one more member.

    :raises Forbidden: ``limit_reached``.
    """
    found = find(view)
    if found is not None and found.max_users is not None:
        _require(found, "max_users", _count_users(view), found.max_users, "--max-users N")


def require_room_for_node(view: View) -> None:
    """Make sure that the org may have one more node.

    :raises Forbidden: ``limit_reached``.
    """
    found = find(view)
    if found is not None and found.max_nodes is not None:
        _require(found, "max_nodes", _count_nodes(view), found.max_nodes, "--max-nodes N")


def require_room_for_bytes(view: View, more: int) -> None:
    """Make sure that the org may have a blob of ``more`` bytes that it does not have yet.

    :raises Forbidden: ``limit_reached``; ``present`` and ``allowed`` are in bytes.
    """
    found = find(view)
    if found is None or found.max_storage_gb is None:
        return
    present, allowed = _count_bytes(view), found.max_storage_gb * GB
    if present + more > allowed:
        raise _reached(found, "max_storage_gb", present, allowed, "--max-storage-gb N")


def count_bytes(tx: Transaction, more: int) -> None:
    """Take note that the org has so many bytes of blobs more, or fewer if it is negative."""
    tx.connection.execute(
        "UPDATE orgs SET stored_bytes = stored_bytes + ? WHERE id = ?", (more, tx.org)
    )


def closing(org: Org) -> Forbidden:
    """The refusal of everybody but owners, from the decision to delete an org until it is gone."""
    return Forbidden(
        "org_closing",
        "This org is about to be deleted.",
        hint="An owner of the org can still call it back: unibos hub orgs restore SLUG",
        delete_after=org.delete_after,
    )


def not_found(name: str) -> NotFound:
    """The answer for an org that does not exist, or that the asker does not belong to."""
    return NotFound("org_not_found", f"There is no org {name[:48]!r}.")


def _require(org: Org, limit: str, present: int, allowed: int, option: str) -> None:
    if present >= allowed:
        raise _reached(org, limit, present, allowed, option)


def _reached(org: Org, limit: str, present: int, allowed: int, option: str) -> Forbidden:
    return Forbidden(
        "limit_reached",
        f"The org {org.slug} has reached its limit {limit}: {present} of {allowed}.",
        hint=f"The hub's operator can raise it: sudo unibos hub orgs set {org.slug} {option}",
        limit=limit,
        present=present,
        allowed=allowed,
    )


def _count_users(view: View) -> int:
    return _number(view, "SELECT count(*) FROM members WHERE org = ?")


def _count_nodes(view: View) -> int:
    return _number(view, "SELECT count(*) FROM nodes WHERE org = ? AND revoked_at IS NULL")


def _count_bytes(view: View) -> int:
    # Kept as a sum: adding up 100,000 blobs takes longer than anything else that the writer does.
    return _number(view, "SELECT coalesce(sum(stored_bytes), 0) FROM orgs WHERE id = ?")


def _number(view: View, question: str) -> int:
    (number,) = view.connection.execute(question, (view.org,)).fetchone()
    return int(number)


def _refuse_taken(view: View, slug: str, but: str) -> None:
    if resolve(view, slug) not in (None, but):
        raise Conflict(
            "slug_taken", f"Another org has the slug {slug!r}.", hint="Choose another one."
        )


def _refuse_domain(view: View, domain: str) -> None:
    row = view.connection.execute(
        "SELECT 1 FROM orgs WHERE custom_domain = ? AND id <> ?", (domain, view.org)
    ).fetchone()
    if row is not None:
        raise Conflict("domain_taken", f"Another org has the domain {domain}.")


def _org(row: tuple[Any, ...]) -> Org:
    values = list(row)
    if values[9] is not None:
        values[9] = tuple(msgspec.json.decode(values[9], type=list[str]))
    return Org(*values)
