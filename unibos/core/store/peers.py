"""Peers: the replicas that an org's data is synced with, and each life of their counters."""

from dataclasses import dataclass
from typing import Literal

from unibos.core.store.transaction import Transaction, View

PeerKind = Literal["hub", "node"]


@dataclass(frozen=True, slots=True)
class Peer:
    """One life of a replica.

    :param num: its short name in this database.
    :param id: its instance id.
    :param epoch: the name of this life of its counter.
    :param seen_at: when it was met first, in milliseconds since 1970.
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


def meet(tx: Transaction, id_: str, epoch: str, kind: PeerKind, name: str) -> Peer:
    """The peer in its present life; who was retired is back."""
    tx.connection.execute(
        "INSERT INTO peers (org, id, epoch, kind, name, seen_at) VALUES (?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (org, id, epoch) DO UPDATE SET kind = excluded.kind, name = excluded.name,"
        " retired = 0",
        (tx.org, id_, epoch, kind, name, tx.now()),
    )
    found = find(tx, id_, epoch)
    if found is None:
        raise AssertionError("what was just written is there")
    return found


def latest(view: View) -> dict[str, Peer]:
    """Every peer of the org in its newest life, by instance id."""
    rows = view.connection.execute(_SELECT + " ORDER BY num", (view.org,))
    return {peer.id: peer for peer in map(_peer, rows)}


def retire(tx: Transaction, id_: str) -> None:
    """Have nothing wait for a peer any more; a later :func:`meet` calls it back."""
    tx.connection.execute(
        "UPDATE peers SET retired = 1 WHERE org = ? AND id = ? AND retired = 0", (tx.org, id_)
    )


def _peer(row: tuple[int, str, str, PeerKind, str, int, int]) -> Peer:
    num, id_, epoch, kind, name, seen_at, retired = row
    return Peer(num, id_, epoch, kind, name, seen_at, bool(retired))
