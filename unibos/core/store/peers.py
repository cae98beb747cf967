"""Peers: the replicas that an org's data is synced with, and each life of their counters."""

from dataclasses import dataclass
from itertools import islice, pairwise
from typing import Final, Literal

from unibos.core.store import checkpoints
from unibos.core.store.transaction import Transaction, View

PeerKind = Literal["hub", "node"]

NOTED_MS: Final = 3 * 24 * 3600 * 1000
"""How exactly it is known when a peer was heard of: noting it each time would wear the disk."""
MOST_LIVES: Final = 32
"""Of one peer: two clones that are taken for one another begin ever new ones."""


@dataclass(frozen=True, slots=True)
class Peer:
    """One life of a replica.

    :param num: its short name in this database.
    :param id: its instance id.
    :param epoch: the name of this life of its counter.
    :param seen_at: when it was last heard of, to :data:`NOTED_MS`, in milliseconds since 1970.
    :param retired: it does not come back, so nothing waits for it.
    """

    num: int
    id: str
    epoch: str
    kind: PeerKind
    name: str
    seen_at: int
    retired: bool


_SELECT = "SELECT num, id, epoch, kind, name, seen_at, retired FROM peers WHERE org = ?"


def find(view: View, id_: str, epoch: str) -> Peer | None:
    """One life of a peer of the org."""
    row = view.connection.execute(
        _SELECT + " AND id = ? AND epoch = ?", (view.org, id_, epoch)
    ).fetchone()
    return _peer(row) if row else None


def met(view: View, id_: str, epoch: str, kind: PeerKind, name: str, now: int) -> Peer | None:
    """The peer in its present life, if all that :func:`meet` would write stands already."""
    found = find(view, id_, epoch)
    if found is None or found.retired or (found.kind, found.name) != (kind, name):
        return None
    return found if abs(now - found.seen_at) < NOTED_MS else None


def meet(tx: Transaction, id_: str, epoch: str, kind: PeerKind, name: str) -> Peer:
    """The peer in its present life; who was retired is back.

    Of very many lives the oldest become one.
    """
    tx.connection.execute(
        "INSERT INTO peers (org, id, epoch, kind, name, seen_at) VALUES (?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (org, id, epoch) DO UPDATE SET kind = excluded.kind, name = excluded.name,"
        " seen_at = excluded.seen_at, retired = 0",
        (tx.org, id_, epoch, kind, name, tx.now()),
    )
    found = find(tx, id_, epoch)
    if found is None:
        raise AssertionError("what was just written is there")
    lives_ = of_instance(tx, id_)
    too_many = max(0, len(lives_) - MOST_LIVES)
    for oldest, next_ in islice(pairwise(lives_), too_many):
        checkpoints.hand_on(tx, oldest.num, next_.num)
        tx.connection.execute("DELETE FROM peers WHERE num = ?", (oldest.num,))
    return found


def latest(view: View) -> dict[str, Peer]:
    """Every peer of the org in its newest life, by instance id."""
    rows = view.connection.execute(_SELECT + " ORDER BY num", (view.org,))
    return {peer.id: peer for peer in map(_peer, rows)}


def of_instance(view: View, id_: str) -> list[Peer]:
    """Every life of one peer, retired or not, in the order in which they were met."""
    rows = view.connection.execute(_SELECT + " AND id = ? ORDER BY num", (view.org, id_))
    return [_peer(row) for row in rows]


def lives(view: View) -> list[Peer]:
    """Every life of every peer that is not retired, in the order in which they were met."""
    rows = view.connection.execute(_SELECT + " AND retired = 0 ORDER BY num", (view.org,))
    return [_peer(row) for row in rows]


def retire(tx: Transaction, id_: str) -> bool:
    """Have nothing wait for a peer any more; a later :func:`meet` calls it back.

    False, and nothing is written, when nothing waits for it.
    """
    cursor = tx.connection.execute(
        "UPDATE peers SET retired = 1 WHERE org = ? AND id = ? AND retired = 0", (tx.org, id_)
    )
    return cursor.rowcount > 0


def retire_life(tx: Transaction, num: int) -> None:
    """Have nothing wait for one life of a peer any more."""
    tx.connection.execute("UPDATE peers SET retired = 1 WHERE org = ? AND num = ?", (tx.org, num))


def _peer(row: tuple[int, str, str, PeerKind, str, int, int]) -> Peer:
    num, id_, epoch, kind, name, seen_at, retired = row
    return Peer(num, id_, epoch, kind, name, seen_at, bool(retired))
