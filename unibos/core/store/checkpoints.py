"""Checkpoints: how far a peer's changes have come here, and how far ours have got to it.

Each is for one life of a peer and one collection, and is written in the transaction that it speaks
of. A peer in a new life may have lost what it had, so counting begins at 0 with it.
"""

from dataclasses import dataclass, replace

from unibos.core.store.transaction import Transaction, View


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What two replicas have of each other, in one collection; numbers are values of ``seq``.

    :param pulled: all of the peer's changes up to here are here.
    :param peer_version: the version of the collection at the peer for which ``pulled`` counts.
    :param pushed: all of this replica's changes up to here, that may go there, are there.
    :param own_epoch: the epoch of this replica that ``pushed`` counts in.
    :param own_version: the version of the collection here for which ``pushed`` counts.
    :param told: the part of ``pushed`` that the peer knows of. Of what it delivered itself, and of
        what may not go there, nothing is said to it.
    :param start: the start of the peer that gave ``pulled``; empty where it is not known.
    :param sent: the highest ``pushed`` ever, in whichever epoch and version of this replica.
    """

    pulled: int = 0
    peer_version: int = 0
    pushed: int = 0
    own_epoch: str = ""
    own_version: int = 0
    told: int = 0
    sent: int = 0
    start: str = ""

    def pulled_for(self, version: int) -> int:
        """How far the peer's changes have come here, in this version of the collection there."""
        return self.pulled if self.peer_version == version else 0

    def pushed_for(self, epoch: str, version: int) -> int:
        """How far our changes have got to the peer, in this epoch and version of ours."""
        return self.pushed if (self.own_epoch, self.own_version) == (epoch, version) else 0

    def after_pull(self, version: int, seq: int, start: str) -> "Checkpoint":
        """This, once all of the peer's changes up to ``seq``, which that start gave, are here.

        It never goes back: both may ask at once, and messages may be on their way for long.
        """
        if (version, seq) < (self.peer_version, self.pulled):
            return self
        return replace(self, peer_version=version, pulled=seq, start=start)

    def told_for(self, epoch: str, version: int) -> int:
        """What the peer itself must say that it holds, in this epoch and version of ours."""
        return self.told if (self.own_epoch, self.own_version) == (epoch, version) else 0

    def after_push(
        self, epoch: str, version: int, seq: int, told: int | None = None
    ) -> "Checkpoint":
        """This, once all of our changes up to ``seq`` are there.

        :param told: up to where the peer knows of it; None: all.
        """
        return replace(
            self,
            own_epoch=epoch,
            own_version=version,
            pushed=seq,
            told=seq if told is None else told,
            sent=max(self.sent, seq),
        )


_FIELDS = "pulled, peer_version, pushed, own_epoch, own_version, told, sent, pulled_start"


def get(view: View, peer: int, collection: str) -> Checkpoint:
    """The checkpoint with the peer of this ``num``; one of zeros where there is none yet."""
    row = view.connection.execute(
        f"SELECT {_FIELDS} FROM checkpoints WHERE org = ? AND peer = ? AND collection = ?",  # noqa: S608 - a constant
        (view.org, peer, collection),
    ).fetchone()
    return Checkpoint(*row) if row else Checkpoint()


def of_peer(view: View, peer: int) -> dict[str, Checkpoint]:
    """All checkpoints with one peer, by collection."""
    rows = view.connection.execute(
        f"SELECT collection, {_FIELDS} FROM checkpoints WHERE org = ? AND peer = ?",  # noqa: S608 - a constant
        (view.org, peer),
    )
    return {collection: Checkpoint(*rest) for collection, *rest in rows}


def of_instance(view: View, peer: str) -> list[Checkpoint]:
    """All checkpoints with an instance, in whichever of its lives."""
    rows = view.connection.execute(
        f"SELECT {_FIELDS} FROM checkpoints WHERE org = ?1"  # noqa: S608 - a constant
        " AND peer IN (SELECT num FROM peers WHERE org = ?1 AND id = ?2)",
        (view.org, peer),
    )
    return [Checkpoint(*row) for row in rows]


def named_to(view: View, peer: str) -> set[str]:
    """The collections that an instance has heard of, in whichever of its lives."""
    rows = view.connection.execute(
        "SELECT DISTINCT collection FROM checkpoints WHERE org = ?1"
        " AND peer IN (SELECT num FROM peers WHERE org = ?1 AND id = ?2)",
        (view.org, peer),
    )
    return {collection for (collection,) in rows}


def of_collection(view: View, collection: str) -> dict[int, Checkpoint]:
    """All checkpoints of one collection with peers that are not retired, by their ``num``."""
    rows = view.connection.execute(
        f"SELECT peer, {_FIELDS} FROM checkpoints c"  # noqa: S608 - a constant
        " WHERE org = ? AND collection = ? AND EXISTS"
        " (SELECT 1 FROM peers WHERE num = c.peer AND org = c.org AND retired = 0)",
        (view.org, collection),
    )
    return {peer: Checkpoint(*rest) for peer, *rest in rows}


def had(view: View, peer: str, collection: str) -> int:
    """The highest ``seq`` of ours that an instance ever had, in whichever of its lives."""
    (seq,) = view.connection.execute(
        "SELECT coalesce(max(sent), 0) FROM checkpoints WHERE org = ?1 AND collection = ?2"
        " AND peer IN (SELECT num FROM peers WHERE org = ?1 AND id = ?3)",
        (view.org, collection, peer),
    ).fetchone()
    return int(seq)


def begin(tx: Transaction, peer: int, collection: str) -> None:
    """Note that a peer is given something of a collection, before it is known to have it."""
    tx.connection.execute(
        "INSERT INTO checkpoints (org, peer, collection, pulled, peer_version, pushed, own_epoch,"
        " own_version, told, sent) VALUES (?, ?, ?, 0, 0, 0, '', 0, 0, 0) ON CONFLICT DO NOTHING",
        (tx.org, peer, collection),
    )


def hand_on(tx: Transaction, peer: int, to: int) -> None:
    """Have another life of a peer remember what this one had, of which nothing else stays."""
    tx.connection.execute(
        "INSERT INTO checkpoints (org, peer, collection, pulled, peer_version, pushed, own_epoch,"
        " own_version, told, sent) SELECT org, ?3, collection, 0, 0, 0, '', 0, 0, sent"
        " FROM checkpoints WHERE org = ?1 AND peer = ?2 ON CONFLICT (org, peer, collection)"
        " DO UPDATE SET sent = max(sent, excluded.sent)",
        (tx.org, peer, to),
    )
    tx.connection.execute("DELETE FROM checkpoints WHERE org = ? AND peer = ?", (tx.org, peer))


def put(tx: Transaction, peer: int, collection: str, checkpoint: Checkpoint) -> None:
    """Keep a checkpoint; writes nothing when it stands already."""
    if get(tx, peer, collection) == checkpoint:
        return
    tx.connection.execute(
        "INSERT INTO checkpoints (org, peer, collection, pulled, peer_version, pushed, own_epoch,"
        " own_version, told, sent, pulled_start) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (org, peer, collection) DO UPDATE SET pulled = excluded.pulled,"
        " peer_version = excluded.peer_version, pushed = excluded.pushed,"
        " own_epoch = excluded.own_epoch, own_version = excluded.own_version,"
        " told = excluded.told, sent = excluded.sent, pulled_start = excluded.pulled_start",
        (
            tx.org,
            peer,
            collection,
            checkpoint.pulled,
            checkpoint.peer_version,
            checkpoint.pushed,
            checkpoint.own_epoch,
            checkpoint.own_version,
            checkpoint.told,
            checkpoint.sent,
            checkpoint.start,
        ),
    )
