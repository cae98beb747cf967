"""Everything that a node can be asked."""

import socket
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from unibos import __version__
from unibos.base.config import Config
from unibos.core.identity.federation.beside import Beside
from unibos.core.identity.federation.joining import Joining
from unibos.core.identity.federation.node import Federation
from unibos.core.identity.identity import Identity
from unibos.core.identity.keys import InstanceKey
from unibos.core.jobs.handing.handing import Handing
from unibos.core.jobs.jobs import Jobs
from unibos.core.jobs.kind import by_name
from unibos.core.module.enabled import Enabled, guarded
from unibos.core.module.endpoint import MIB, Endpoint
from unibos.core.module.manifest import Module
from unibos.core.store.bell import Bell
from unibos.core.store.store import Store
from unibos.core.sync.blobs.blobs import BlobAnswer
from unibos.core.sync.exchange.answer import Answer
from unibos.core.sync.local import Local
from unibos.core.sync.schedule.sync import Sync
from unibos.roles.leasing import Offered
from unibos.roles.listening import Place
from unibos.roles.takers import named_takers
from unibos.transports.http import openapi
from unibos.transports.http.door import State
from unibos.transports.http.routes import (
    auth,
    backup,
    batch,
    blobs,
    collections,
    conflicts,
    events,
    export,
    health,
    hub,
    job_batches,
    job_route,
    jobs,
    leases,
    linking,
    metrics,
    node_page,
    node_statement,
    quarantine,
    records,
    search,
    status,
    sync,
    sync_peers,
    sync_status,
    tokens,
    users,
    workers,
)


@dataclass(frozen=True, slots=True)
class Parts:
    """What the endpoints are made of.

    :param accounts: who knows the users: the node itself, or the node and its hub.
    :param beside: the hubs beside the one that it joined first.
    :param offered: what workers see of the node's jobs.
    :param handing: hands its jobs to the hub; None: they stay.
    :param local: the replica that the node is; ``answer`` and ``blob_answer`` are for its peers.
    :param roles: all that the process is.
    """

    config: Config
    key: InstanceKey
    store: Store
    identity: Identity
    accounts: Identity | Federation
    joining: Joining
    beside: Beside
    local: Local
    sync: Sync
    answer: Answer
    blob_answer: BlobAnswer
    place: Place
    jobs: Jobs
    offered: Offered
    handing: Handing | None
    bell: Bell
    state: State
    modules: tuple[Module, ...]
    roles: tuple[str, ...]
    setup_done: Callable[[], bool]


def endpoints(parts: Parts) -> list[Endpoint]:
    """All endpoints, those first that are asked most."""
    enabled = Enabled(parts.store)
    kinds = by_name(kind for module in parts.modules for kind in module.jobs)
    listed = [
        *records.ENDPOINTS,
        *health.endpoints(_facts(parts)),
        *batch.ENDPOINTS,
        *collections.ENDPOINTS,
        *search.ENDPOINTS,
        *auth.endpoints(parts.accounts),
        *users.endpoints(parts.identity.users),
        *hub.endpoints(parts.joining, parts.beside),
        *linking.endpoints(parts.accounts),
        *node_statement.endpoints(parts.accounts, parts.key, lambda: parts.place.fingerprint),
        *sync.endpoints(parts.answer, parts.blob_answer, parts.config.documents.max_mb * MIB),
        *blobs.endpoints(parts.config.documents.max_mb * MIB),
        *events.endpoints(parts.bell, parts.sync.events, parts.offered.workers.events),
        *node_page.endpoints(parts.identity, _page(parts)),
        *sync_status.endpoints(parts.sync),
        *export.endpoints("node"),
        *conflicts.ENDPOINTS,
        *quarantine.endpoints(parts.local),
        *sync_peers.ENDPOINTS,
        *jobs.endpoints(parts.jobs, kinds, parts.bell),
        *job_batches.endpoints(parts.jobs, kinds),
        *tokens.endpoints(parts.offered.tokens),
        *job_route.endpoints(
            partial(named_takers, parts.config, parts.jobs, parts.offered.workers),
            None if parts.handing is None else parts.handing.reason,
        ),
        *leases.endpoints(parts.offered.workers, parts.offered.leasing),
        *workers.endpoints(parts.offered.workers, parts.offered.leasing),
        *status.endpoints(_about(parts), parts.modules),
        *(endpoint for module in parts.modules for endpoint in guarded(module, enabled)),
        *backup.endpoints(parts.store.copies),
        *metrics.endpoints(parts.state, __version__, lambda: _gauges(parts.jobs)),
    ]
    return [*listed, openapi.endpoint(listed, __version__)]


def _facts(parts: Parts) -> health.Facts:
    return health.Facts(
        parts.roles,
        __version__,
        parts.key.id,
        parts.identity.org,
        online=lambda: parts.joining.online or parts.beside.online,
        ready=lambda: parts.store.healthy() and parts.jobs.healthy,
        until=lambda: _until(parts.joining),
    )


def _page(parts: Parts) -> node_page.Facts:
    return node_page.Facts(
        socket.gethostname(),
        "https" if parts.config.node.tls else "http",
        ready=lambda: parts.store.healthy() and parts.jobs.healthy,
        setup_done=parts.setup_done,
        hub=lambda: parts.joining.online if parts.joining.state.joined else None,
    )


def _until(joining: Joining) -> int | None:
    membership = joining.state.membership
    return membership.expires_at if membership else None


def _about(parts: Parts) -> status.About:
    machine = parts.config.machine
    return status.About(
        __version__,
        parts.key.id,
        parts.roles,
        machine.name,
        machine.profile.name,
        parts.store.path,
        online=lambda: parts.joining.online or parts.beside.online,
        setup_done=parts.setup_done,
    )


def _gauges(runner: Jobs) -> dict[str, tuple[str, dict[str, float]]]:
    counted: dict[str, float] = dict(runner.states())
    return {"jobs": ("Jobs by state.", counted)}
