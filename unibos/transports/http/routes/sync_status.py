"""Sync, for people: how it is with each peer, a round now, a pause."""

from msgspec import Struct

from unibos.base.errors import Unavailable
from unibos.core.identity.registry.node_shapes import Node
from unibos.core.identity.registry.nodes import Registry
from unibos.core.identity.scope import Role, Scope
from unibos.core.module.endpoint import Answer, Call, Endpoint
from unibos.core.sync.local import Local
from unibos.core.sync.schedule.line import Tried
from unibos.core.sync.schedule.status import Backlog, Heard, PeerStatus, SyncStatus, backlog_of
from unibos.core.sync.schedule.sync import Sync


class Rounds(Struct, frozen=True):
    """What came of a round with each peer."""

    peers: list[Tried]


_MOST_NODES = 200


def endpoints(sync: Sync) -> tuple[Endpoint, ...]:
    """The endpoints of one node."""

    async def show(scope: Scope, call: Call) -> Answer:
        return Answer(await sync.status())

    async def now(scope: Scope, call: Call) -> Answer:
        return Answer(Rounds(await sync.now()))

    async def pause(scope: Scope, call: Call) -> Answer:
        await sync.pause()
        return Answer(await sync.status())

    async def resume(scope: Scope, call: Call) -> Answer:
        await sync.resume()
        return Answer(await sync.status())

    return (
        Endpoint(
            "GET", "/sync", show, "How sync is with each peer", {200: SyncStatus}, Role.VIEWER
        ),
        Endpoint(
            "POST",
            "/sync/now",
            now,
            "A round with every peer now",
            {200: Rounds},
            Role.MEMBER,
            errors=(Unavailable,),
        ),
        Endpoint(
            "POST",
            "/sync/pause",
            pause,
            "Sync on command only, until resumed",
            {200: SyncStatus},
            Role.ADMIN,
        ),
        Endpoint(
            "POST",
            "/sync/resume",
            resume,
            "Go on with sync after a pause",
            {200: SyncStatus},
            Role.ADMIN,
        ),
    )


def hub_endpoints(local: Local, heard: Heard, registry: Registry) -> tuple[Endpoint, ...]:
    """The endpoint of one hub: the org's nodes are its peers, and it is they who begin rounds.

    :param heard: what they said last that they have.
    """

    async def show(scope: Scope, call: Call) -> Answer:
        known = await scope.store.aread(lambda view: backlog_of(view, local, heard=heard))
        nodes = await registry.page(scope, _MOST_NODES)
        told = [_told(node, known) for node in nodes.items]
        return Answer(
            SyncStatus(
                mode="online" if told else "alone",
                paused=False,
                metered=False,
                export_stopped=known.export_stopped,
                quarantined=sum(known.quarantined.values()),
                pending_blobs=known.pending.blobs,
                pending_bytes=known.pending.bytes,
                blob_troubles=known.blob_troubles,
                peers=told,
            )
        )

    return (
        Endpoint(
            "GET", "/sync", show, "How sync is with each node", {200: SyncStatus}, Role.VIEWER
        ),
    )


def _told(node: Node, known: Backlog) -> PeerStatus:
    """A node as a peer; of one that never synced, no lag is known."""
    return PeerStatus(
        id=node.id,
        name=node.name,
        kind="node",
        state=node.state.value,
        lag_there=known.unsent.get(node.id),
        skew_ms=None if node.skew_ms is None else -node.skew_ms,
        quarantined=known.quarantined.get(node.id, 0),
    )
