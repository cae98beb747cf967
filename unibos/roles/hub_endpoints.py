"""Everything that a hub can be asked."""

from collections import Counter
from dataclasses import dataclass
from functools import partial

from unibos import __version__
from unibos.base.config import Config
from unibos.core.identity.federation.hub import FederationHub
from unibos.core.identity.identity import Identity
from unibos.core.identity.keys import InstanceKey
from unibos.core.identity.oidc.clients import Clients
from unibos.core.identity.oidc.provider import Provider
from unibos.core.identity.registry.nodes import Registry
from unibos.core.identity.signing.keys import SigningKeys
from unibos.core.jobs.handing.keeping import Keeping
from unibos.core.jobs.jobs import Jobs
from unibos.core.module.endpoint import MIB, Endpoint
from unibos.core.store.bell import Bell
from unibos.core.store.shelves import Shelves
from unibos.core.store.store import Store
from unibos.core.sync.blobs.blobs import BlobAnswer
from unibos.core.sync.exchange.answer import Answer
from unibos.core.sync.local import Local
from unibos.roles.addresses import Addresses
from unibos.roles.keeping import largest_input
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
    browser,
    clients,
    collections,
    conflicts,
    enroll,
    events,
    export,
    federation,
    handovers,
    health,
    heartbeat,
    hub_status,
    invitations,
    job_route,
    keys,
    leases,
    metrics,
    nodes,
    oidc,
    orgs,
    quarantine,
    records,
    search,
    shelves,
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

    :param local: the replica that the hub is; ``answer`` and ``blob_answer`` are for its peers.
    :param jobs: what nodes handed over, ``offered`` what workers see of it, and ``keeping`` what
        the nodes do.
    :param shelves: the backups of other instances.
    :param roles: all that the process is.
    """

    config: Config
    key: InstanceKey
    name: str
    store: Store
    identity: Identity
    signing: SigningKeys
    registry: Registry
    local: Local
    answer: Answer
    blob_answer: BlobAnswer
    jobs: Jobs
    offered: Offered
    keeping: Keeping
    federation: FederationHub
    shelves: Shelves
    provider: Provider
    place: Place
    addresses: Addresses
    bell: Bell
    state: State
    roles: tuple[str, ...]


def endpoints(parts: Parts) -> list[Endpoint]:
    """All endpoints, those first that are asked most."""
    listed = [
        *records.ENDPOINTS,
        *health.endpoints(_facts(parts)),
        *batch.ENDPOINTS,
        *collections.ENDPOINTS,
        *search.ENDPOINTS,
        *auth.endpoints(parts.identity),
        *users.endpoints(parts.identity.users),
        *blobs.endpoints(parts.config.documents.max_mb * MIB),
        *events.endpoints(parts.bell, None, parts.offered.workers.events),
        *export.endpoints("hub"),
        *conflicts.ENDPOINTS,
        *quarantine.endpoints(parts.local),
        *sync_peers.ENDPOINTS,
        *orgs.endpoints(parts.identity),
        *invitations.endpoints(parts.identity),
        *heartbeat.endpoints(parts.registry),
        *handovers.endpoints(parts.keeping, largest_input(parts.config)),
        *sync.endpoints(parts.answer, parts.blob_answer, parts.config.documents.max_mb * MIB),
        *federation.endpoints(parts.federation),
        *nodes.endpoints(parts.registry),
        *sync_status.hub_endpoints(parts.local, parts.answer.acknowledged.of, parts.registry),
        *tokens.endpoints(parts.offered.tokens),
        *job_route.endpoints(
            partial(named_takers, parts.config, parts.jobs, parts.offered.workers)
        ),
        *leases.endpoints(parts.offered.workers, parts.offered.leasing),
        *workers.endpoints(parts.offered.workers, parts.offered.leasing),
        *enroll.endpoints(parts.registry),
        *keys.endpoints(parts.signing),
        *clients.endpoints(Clients(parts.signing)),
        *oidc.endpoints(parts.provider),
        *browser.endpoints(parts.identity.invitations, parts.name, lambda: parts.addresses()[0]),
        *hub_status.endpoints(_about(parts)),
        *backup.endpoints(parts.store.copies),
        *shelves.endpoints(parts.shelves),
        *metrics.endpoints(parts.state, __version__, dict),
    ]
    return [*listed, openapi.endpoint(listed, __version__)]


def _facts(parts: Parts) -> health.Facts:
    return health.Facts(
        parts.roles,
        __version__,
        parts.key.id,
        parts.identity.org,
        online=_always,
        ready=parts.store.healthy,
    )


def _about(parts: Parts) -> hub_status.About:
    machine = parts.config.machine
    return hub_status.About(
        __version__,
        parts.key.id,
        parts.roles,
        parts.name,
        parts.place.fingerprint,
        parts.addresses,
        machine.name,
        machine.profile.name,
        parts.store.path,
        setup_done=lambda: parts.identity.setup_code is None,
        nodes=parts.registry.counts,
        keys=lambda: Counter(key.state for key in parts.signing.listing()),
    )


def _always() -> bool:
    """A hub is within its own reach."""
    return True
