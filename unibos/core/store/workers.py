"""Workers that joined this instance: the verbs behind their registry.

Each verb stays in its view's org, but for those that a worker's request begins with, that keep
what many told, or that are about workers of all orgs; they say so. An instance is a worker of one
org at most.
"""

from collections.abc import Iterable
from dataclasses import astuple, dataclass
from typing import Any

from unibos.base.errors import Conflict, Forbidden, NotFound
from unibos.core.store.transaction import Transaction, View

MAX_WORKERS = 1000
"""The most that an org has at a time, those that were revoked among them."""
TOPIC = "worker"


@dataclass(frozen=True, slots=True)
class WorkerRow:
    """An instance that joined to work; times are in milliseconds since 1970.

    :param id: its instance id.
    :param all_orgs: whether it works for all orgs of the hub.
    :param public_key: its raw Ed25519 key, base64url.
    :param join_token: the id of the join token that it came with.
    :param facts: what it last told of itself, in JSON.
    :param revoked_at: None while it may take jobs.
    """

    org: str
    id: str
    name: str
    all_orgs: bool
    public_key: str
    join_token: str
    facts: str
    joined_at: int
    seen_at: int
    revoked_at: int | None = None


_SELECT = (
    "SELECT org, id, name, all_orgs, public_key, join_token, facts, joined_at, seen_at, revoked_at"
    " FROM workers"
)


def by_id(view: View, id_: str) -> WorkerRow | None:
    """The worker, revoked or not, or None; looks across orgs."""
    row = view.connection.execute(_SELECT + " WHERE id = ?", (id_,)).fetchone()
    return _worker(row) if row else None


def exist(view: View) -> bool:
    """Whether any org has workers; looks across orgs."""
    return view.connection.execute("SELECT 1 FROM workers LIMIT 1").fetchone() is not None


def everything(view: View, org: str | None) -> list[WorkerRow]:
    """Those that work for an org, the hub's own for all orgs among them; None: all that there are.

    Looks across orgs.
    """
    rows = view.connection.execute(
        _SELECT + " WHERE ?1 IS NULL OR org = ?1 OR all_orgs ORDER BY org, id", (org,)
    )
    return [_worker(row) for row in rows.fetchall()]


def get(view: View, id_: str) -> WorkerRow:
    """One worker of the org.

    :raises NotFound: ``worker_not_found``.
    """
    row = view.connection.execute(_SELECT + " WHERE org = ? AND id = ?", (view.org, id_)).fetchone()
    if row is None:
        raise NotFound("worker_not_found", "There is no such worker in this org.")
    return _worker(row)


def page(view: View, after: str, limit: int) -> list[WorkerRow]:
    """The org's workers in the order of their ids, behind the id ``after``."""
    rows = view.connection.execute(
        _SELECT + " WHERE org = ? AND id > ? ORDER BY id LIMIT ?", (view.org, after, limit)
    ).fetchall()
    return [_worker(row) for row in rows]


def free_name(view: View, wanted: str) -> str:
    """``wanted``, or where a worker of the org has that name, the first free ``wanted-2`` …"""
    rows = view.connection.execute("SELECT name FROM workers WHERE org = ?", (view.org,))
    taken = {name for (name,) in rows.fetchall()}
    name, number = wanted, 2
    while name in taken:
        name, number = f"{wanted}-{number}", number + 1
    return name


def put(tx: Transaction, worker: WorkerRow) -> None:
    """Keep a worker that joins the transaction's org, over what any org had of it before.

    :raises Conflict: ``too_many_workers``.
    """
    tx.connection.execute("DELETE FROM workers WHERE id = ?", (worker.id,))
    (present,) = tx.connection.execute(
        "SELECT count(*) FROM workers WHERE org = ?", (tx.org,)
    ).fetchone()
    if present >= MAX_WORKERS:
        raise Conflict(
            "too_many_workers",
            f"The org has {present} workers; {MAX_WORKERS} is the most.",
            hint="Take those out of the list that were revoked.",
        )
    tx.connection.execute(
        "INSERT INTO workers (org, id, name, all_orgs, public_key, join_token, facts, joined_at,"
        " seen_at, revoked_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        astuple(worker),
    )
    tx.changed(TOPIC, worker.id)


def rename(tx: Transaction, id_: str, name: str) -> WorkerRow:
    """Call a worker of the org otherwise.

    :raises NotFound: ``worker_not_found``.
    :raises Conflict: ``worker_name_taken``.
    """
    if name != get(tx, id_).name:
        if free_name(tx, name) != name:
            raise Conflict("worker_name_taken", f"The org has another worker called {name!r}.")
        _set(tx, id_, "name", name)
    return get(tx, id_)


def revoke(tx: Transaction, id_: str, now: int) -> None:
    """Have a worker take no more jobs; it stays in the list. One that was revoked stays as it is.

    :raises NotFound: ``worker_not_found``.
    """
    if get(tx, id_).revoked_at is None:
        _set(tx, id_, "revoked_at", now)


def remove(tx: Transaction, id_: str) -> None:
    """Forget a worker of the org.

    :raises NotFound: ``worker_not_found``.
    """
    get(tx, id_)
    tx.connection.execute("DELETE FROM workers WHERE org = ? AND id = ?", (tx.org, id_))
    tx.changed(TOPIC, id_)


def keep(tx: Transaction, told: Iterable[tuple[str, int, str]]) -> None:
    """Keep what workers told, as (facts, seen at, id); writes in all orgs."""
    tx.connection.executemany("UPDATE workers SET facts = ?, seen_at = ? WHERE id = ?", told)


def revoked() -> Forbidden:
    """The refusal of a worker that may take jobs no longer."""
    return Forbidden(
        "worker_revoked",
        "This worker was revoked by an admin.",
        hint="It can join again with a new token.",
    )


def _set(tx: Transaction, id_: str, column: str, value: str | int) -> None:
    tx.connection.execute(
        f"UPDATE workers SET {column} = ? WHERE org = ? AND id = ?",  # noqa: S608 -- columns of this file's own
        (value, tx.org, id_),
    )
    tx.changed(TOPIC, id_)


def _worker(row: tuple[Any, ...]) -> WorkerRow:
    org, id_, name, all_orgs, *rest = row
    return WorkerRow(org, id_, name, bool(all_orgs), *rest)
