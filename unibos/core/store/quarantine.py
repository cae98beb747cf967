"""The quarantine: changes from peers that cannot be taken yet, kept whole with the reason.

There is one place for each record and peer, because a peer's newer change of a record holds all
that its older one did; what it does not, because the peer was restored, goes to the conflict log.
"""

from dataclasses import dataclass
from typing import Final

from unibos.base.errors import NotFound, StorageFull
from unibos.core.store.transaction import Transaction, View

MAX_CHANGES: Final = 10_000
MAX_BYTES: Final = 64 * 1024 * 1024
"""Of one peer: who fills its share leaves that of the others to them."""
SHARES: Final = 4
"""An org has so many times what one peer has."""


@dataclass(frozen=True, slots=True)
class Held:
    """A change that waits.

    :param peer: the instance that it came from.
    :param at: when it came, in milliseconds since 1970.
    :param code: why it was not taken; ``detail`` says it for people.
    :param due: when to try again by itself, in milliseconds since 1970; None: when the
        collection's definition changes.
    :param size: how many bytes the change has, as it came.
    """

    num: int
    peer: str
    collection: str
    record: str
    at: int
    code: str
    detail: str
    due: int | None
    size: int


@dataclass(frozen=True, slots=True)
class Tally:
    """How much the quarantine holds; ``bytes`` of changes as they came."""

    changes: int
    bytes: int


_SELECT = (
    "SELECT num, peer, collection, record, at, code, detail, due, size"
    " FROM quarantine q WHERE org = ?"
)
_READY = (
    " AND (due <= ? OR (due IS NULL AND defined <> coalesce("
    "(SELECT hlc FROM collections c WHERE c.org = q.org AND c.name = q.collection), 0)))"
)


def add(
    tx: Transaction,
    peer: str,
    collection: str,
    record: str,
    code: str,
    detail: str,
    due: int | None,
    change: bytes,
) -> None:
    """Keep a change back, over an older one of this record from this peer; see :class:`Held`.

    :func:`require_room` is to follow.
    """
    tx.connection.execute(
        "INSERT INTO quarantine (org, peer, collection, record, at, code, detail, due, defined,"
        " size, change) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, coalesce((SELECT hlc FROM"
        " collections WHERE org = ?1 AND name = ?3), 0), ?9, ?10)"
        " ON CONFLICT (org, peer, collection, record) DO UPDATE SET"
        " at = iif(change = excluded.change, at, excluded.at), code = excluded.code,"
        " detail = excluded.detail, due = excluded.due,"
        " defined = excluded.defined, size = excluded.size, change = excluded.change",
        (
            tx.org,
            peer,
            collection,
            record,
            tx.now(),
            code,
            detail,
            due,
            len(change),
            change.decode(),
        ),
    )


def require_room(tx: Transaction, peer: str, collection: str) -> None:
    """Have a transaction fail that has put more into the quarantine than may be there.

    :raises StorageFull: ``quarantine_full``: 10,000 changes or 64 MiB of one peer, or four times as
        much of all.
    """
    for held, times in ((count(tx, peer), 1), (count(tx), SHARES)):
        if held.changes > times * MAX_CHANGES or held.bytes > times * MAX_BYTES:
            raise StorageFull(
                "quarantine_full",
                f"The quarantine has no room for another change of {collection}.",
                hint="unibos sync quarantine list shows why changes are held; retry or discard"
                " them.",
            )


def forget(tx: Transaction, peer: str, collection: str, record: str) -> None:
    """Let go of a peer's change of a record, of which a newer one was taken."""
    tx.connection.execute(
        "DELETE FROM quarantine WHERE org = ? AND peer = ? AND collection = ? AND record = ?",
        (tx.org, peer, collection, record),
    )


def holds_some(view: View, peer: str, collection: str) -> bool:
    """Whether a change of the collection from this peer is held."""
    found = view.connection.execute(
        "SELECT 1 FROM quarantine WHERE org = ? AND peer = ? AND collection = ? LIMIT 1",
        (view.org, peer, collection),
    )
    return found.fetchone() is not None


def get(view: View, num: int) -> Held:
    """One change.

    :raises NotFound: ``quarantined_not_found``.
    """
    row = view.connection.execute(_SELECT + " AND num = ?", (view.org, num)).fetchone()
    if row is None:
        raise not_found(str(num))
    return Held(*row)


def ids(view: View, peer: str, collection: str, after: str, last: str) -> list[str]:
    """Records of which changes from a peer are held: it gave them, although they are not here.

    :param after: only ids behind this one.
    :param last: only ids up to this one; empty: to the end.
    """
    rows = view.connection.execute(
        "SELECT record FROM quarantine WHERE org = ?1 AND peer = ?2 AND collection = ?3"
        " AND record > ?4 AND (?5 = '' OR record <= ?5) ORDER BY record",
        (view.org, peer, collection, after, last),
    )
    return [record for (record,) in rows]


def find(view: View, peer: str, collection: str, record: str) -> bytes | None:
    """The change of a record that is held of a peer, as it came; None when there is none."""
    row = view.connection.execute(
        "SELECT change FROM quarantine"
        " WHERE org = ? AND peer = ? AND collection = ? AND record = ?",
        (view.org, peer, collection, record),
    ).fetchone()
    return row[0].encode() if row else None


def change(view: View, num: int) -> bytes | None:
    """What came from the peer, JSON; None when it is not held any more."""
    row = view.connection.execute(
        "SELECT change FROM quarantine WHERE org = ? AND num = ?", (view.org, num)
    ).fetchone()
    return row[0].encode() if row else None


def some(view: View, after: int, limit: int, *, collection: str | None = None) -> list[Held]:
    """Changes, oldest first, behind the one with the number ``after``."""
    rows = view.connection.execute(
        _SELECT + " AND num > ? AND (?3 IS NULL OR collection = ?3) ORDER BY num LIMIT ?4",
        (view.org, after, collection, limit),
    )
    return [Held(*row) for row in rows]


def ready(view: View, now: int, after: int, limit: int) -> list[Held]:
    """Changes whose time has come, or whose collection's definition changed since they came."""
    rows = view.connection.execute(
        _SELECT + _READY + " AND num > ? ORDER BY num LIMIT ?", (view.org, now, after, limit)
    )
    return [Held(*row) for row in rows]


def remove(tx: Transaction, num: int) -> None:
    """Let go of a change."""
    tx.connection.execute("DELETE FROM quarantine WHERE org = ? AND num = ?", (tx.org, num))


def orgs(view: View) -> list[str]:
    """All orgs that changes are held of; looks across orgs."""
    return [org for (org,) in view.connection.execute("SELECT DISTINCT org FROM quarantine")]


def count(view: View, peer: str | None = None) -> Tally:
    """Count what is held, of all peers or of one."""
    query = "SELECT count(*), coalesce(sum(size), 0) FROM quarantine WHERE org = ?"
    if peer is None:
        found = view.connection.execute(query, (view.org,))
    else:
        found = view.connection.execute(query + " AND peer = ?", (view.org, peer))
    changes, size = found.fetchone()
    return Tally(changes, size)


def not_found(name: str) -> NotFound:
    """The answer to who names a change that is not held."""
    return NotFound(
        "quarantined_not_found",
        f"The quarantine has no change {name[:64]!r}.",
        hint="unibos sync quarantine list shows those that it has.",
    )
