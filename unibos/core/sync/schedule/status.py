"""How sync is doing: with each peer, and as a whole; the shapes are those of the API."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from msgspec import Struct

from unibos.core.store import (
    backlog,
    blob_troubles,
    checkpoints,
    collections,
    peers,
    pending_blobs,
)
from unibos.core.store.checkpoints import Checkpoint
from unibos.core.store.peers import Peer, PeerKind
from unibos.core.store.pending_blobs import Waiting
from unibos.core.store.transaction import View
from unibos.core.sync import export

if TYPE_CHECKING:
    from unibos.core.sync.local import Local

Mode = Literal["online", "offline", "alone"]
MOST_COUNTED = 100_000
Heard = Callable[[str, Peer, str], int]
"""Up to which ``seq`` a peer of an org has a collection."""


class LastError(Struct, frozen=True):
    """What went wrong last, which may be over; ``at`` is when."""

    code: str
    detail: str
    at: str


class PeerStatus(Struct, frozen=True, kw_only=True):
    """Sync with one peer; what is not known is null.

    ``lag_here`` are changes of the peer that are not here yet, ``lag_there`` changes of this
    instance that are not there yet (at most 100,000 are counted). ``reads`` and ``writes`` say
    whether it is one that is read from and written to. Bytes are as they went over the line since
    the start. ``skew_ms`` is how far this instance's clock is ahead of the peer's. ``troubles`` are
    collections that stay behind while the others are synced, with the code of the reason. A hub
    makes no rounds, so of its nodes it knows neither bytes, nor latency, nor what is to come.
    """

    id: str
    name: str
    kind: PeerKind
    address: str = ""
    state: str
    reads: bool = True
    writes: bool = True
    latency_ms: float | None = None
    lag_here: int | None = None
    lag_there: int | None = None
    last_success: str | None = None
    last_error: LastError | None = None
    troubles: dict[str, str] = {}
    sent_bytes: int | None = None
    received_bytes: int | None = None
    skew_ms: int | None = None
    quarantined: int = 0


class SyncStatus(Struct, frozen=True, kw_only=True):
    """Sync as a whole.

    ``mode`` is ``alone`` where there is no peer, ``offline`` while none is within reach.
    ``pending_bytes`` are those of the pending blobs whose size is known. ``blob_troubles`` counts
    the blobs that a peer could not give or would not take, by the code of the reason; they are
    tried again.
    """

    mode: Mode
    paused: bool
    metered: bool
    export_stopped: bool
    quarantined: int
    pending_blobs: int
    pending_bytes: int
    blob_troubles: dict[str, int]
    peers: list[PeerStatus]


@dataclass(frozen=True, slots=True)
class Backlog:
    """What the database knows of sync.

    :param unsent: by the peer's instance id.
    :param quarantined: by the peer's instance id.
    """

    unsent: Mapping[str, int]
    quarantined: Mapping[str, int]
    pending: Waiting
    blob_troubles: dict[str, int]
    export_stopped: bool


def unsent(
    view: View,
    local: "Local",
    peer: Peer,
    limit: int = MOST_COUNTED,
    *,
    heard: Heard | None = None,
) -> int:
    """How many changes here a peer may have and has not, up to ``limit``.

    :param heard: what the peer said that it has and that is not kept yet.
    """
    had = checkpoints.of_peer(view, peer.num)
    terms = export.terms(view, local.kind, local.instance, peer.kind, had)
    epoch, counted = local.store.replica.epoch, 0
    for name, standing in collections.standings(view).items():
        pushed = had.get(name, Checkpoint()).pushed_for(epoch, standing.version)
        if heard is not None:
            pushed = max(pushed, heard(view.org, peer, name))
        if standing.head > pushed and terms.allows(name, ()):
            counted += backlog.unsent(view, name, pushed, limit - counted, peer.num)
        if counted >= limit:
            break
    return counted


def backlog_of(view: View, local: "Local", *, heard: Heard | None = None) -> Backlog:
    """All that is still to do with the peers that this replica has met."""
    known = peers.latest(view)
    return Backlog(
        {
            id_: unsent(view, local, peer, heard=heard)
            for id_, peer in known.items()
            if not peer.retired
        },
        backlog.quarantined(view),
        pending_blobs.waiting(view),
        blob_troubles.counted(view),
        export.stopped(view),
    )
