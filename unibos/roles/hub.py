"""The hub: wired top-down, stopped in reverse."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial

from unibos.base.clock import wall_ms
from unibos.base.config import Config
from unibos.base.errors import Misconfigured
from unibos.core.identity.federation.hub import FederationHub
from unibos.core.identity.identity import Identity
from unibos.core.identity.identity import Options as IdentityOptions
from unibos.core.identity.keys import InstanceKey
from unibos.core.identity.oidc.provider import Provider
from unibos.core.identity.registry.join_tokens import JoinTokens
from unibos.core.identity.registry.nodes import Registry
from unibos.core.identity.registry.options import News
from unibos.core.identity.registry.options import Options as RegistryOptions
from unibos.core.identity.registry.presence import Pace
from unibos.core.identity.scope import Scope
from unibos.core.identity.signing.keys import SigningKeys
from unibos.core.identity.signing.revocations import Revocations
from unibos.core.jobs.clock import SteadyClock
from unibos.core.jobs.housekeeping import Housekeeping
from unibos.core.jobs.options import Options as JobOptions
from unibos.core.module.endpoint import MIB
from unibos.core.store import orgs
from unibos.core.store.bell import Bell
from unibos.core.store.shelves import Shelves
from unibos.core.store.store import Options as StoreOptions
from unibos.core.store.store import Store
from unibos.core.sync.blobs.blobs import BlobAnswer
from unibos.core.sync.blobs.taking import BlobRules
from unibos.core.sync.collecting import Collecting
from unibos.core.sync.exchange.answer import Answer
from unibos.core.sync.exchange.quarantine import retry_everywhere
from unibos.core.sync.local import Local
from unibos.roles.addresses import Addresses, announced
from unibos.roles.chores import Chores, chores
from unibos.roles.first_run import make_owner
from unibos.roles.hub_endpoints import Parts, endpoints
from unibos.roles.hub_jobs import hub_jobs
from unibos.roles.instance import open_instance
from unibos.roles.keeping import kept_by_hub
from unibos.roles.leasing import Gate, offered_by_hub
from unibos.roles.listening import Place, place
from unibos.transports.http.app import build_app
from unibos.transports.http.door import State
from unibos.transports.http.server import HttpServer

SOCKET = "hub.sock"


@dataclass(frozen=True, slots=True)
class Hub:
    """A running hub; a node in the same process asks its parts."""

    address: str
    parts: Parts

    @property
    def setup_code(self) -> str | None:
        """What the first owner is made with; None once there is one."""
        return self.parts.identity.setup_code


@asynccontextmanager
async def hub(config: Config) -> AsyncIterator[Hub]:
    """Run a hub for as long as the context lasts.

    :raises Misconfigured: ``hub_role_unavailable``, ``plain_http_refused``, and what store,
        identity and server refuse to start with.
    """
    _refuse_roles_of_later(config)
    async with AsyncExitStack() as stack:
        key = open_instance(config)
        where = place(config, config.hub, key, config.data / SOCKET, private=True)
        state = State()
        server = HttpServer(state, where.listening)

        def addresses() -> tuple[str, ...]:
            return announced(config.hub, where.scheme, server.port)

        parts = _parts(config, key, where, addresses, state, stack)
        await make_owner(config, parts.identity)

        await stack.enter_async_context(chores(_chores(config, parts)))
        parts.jobs.start()
        stack.push_async_callback(asyncio.to_thread, parts.jobs.stop, config.http.stop_seconds)
        parts.offered.leasing.start()
        stack.callback(parts.offered.workers.close)
        gate = Gate(_Accounts(parts.identity, parts.registry), parts.offered.workers)
        await server.start(build_app(endpoints(parts), gate, state))
        stack.push_async_callback(server.stop)
        stack.push_async_callback(parts.offered.leasing.close)
        stack.push_async_callback(parts.keeping.close)
        stack.callback(parts.answer.close)
        stack.callback(parts.bell.close)

        yield Hub(where.address(server.port), parts)


def _parts(
    config: Config,
    key: InstanceKey,
    where: Place,
    addresses: Addresses,
    state: State,
    stack: AsyncExitStack,
) -> Parts:
    """All that a hub is made of; it is closed with the stack."""
    store = _store(config, key)
    stack.callback(store.close)
    signing, revocations = SigningKeys(store, key), Revocations(store, key)
    stack.callback(revocations.close)

    identity = Identity(store, key, config.data, _identity(config, signing, addresses))
    stack.callback(identity.close)
    secret = key.secret("login form")
    provider = Provider(identity.tools, identity.sessions, signing, secret, addresses)
    stack.callback(provider.close)

    name = config.hub.name or socket.gethostname()
    about = RegistryOptions(name, addresses, where.fingerprint, _pace(config))
    news = News(signing, revocations, identity.orgs.facts)
    registry = _registry(key, identity, news, about, stack)
    local = Local(store, key.id, "hub", lambda: name, frozenset(), wall_ms)
    jobs = hub_jobs(config, key, store)
    offered = offered_by_hub(config, key, jobs, store, registry)
    return Parts(
        config=config,
        key=key,
        name=name,
        store=store,
        identity=identity,
        signing=signing,
        registry=registry,
        local=local,
        answer=Answer(local),
        blob_answer=BlobAnswer(local, BlobRules(limit=config.documents.max_mb * MIB)),
        jobs=jobs,
        offered=offered,
        keeping=kept_by_hub(config, store, jobs, offered.workers),
        federation=FederationHub(identity),
        shelves=_shelves(config),
        provider=provider,
        place=where,
        addresses=addresses,
        bell=Bell(store),
        state=state,
        roles=config.role,
    )


def _shelves(config: Config) -> Shelves:
    return Shelves(config.data / "shelves", config.hub.shelf_gb * 1024 * MIB)


def _registry(
    key: InstanceKey,
    identity: Identity,
    news: News,
    about: RegistryOptions,
    stack: AsyncExitStack,
) -> Registry:
    store = identity.tools.store
    tokens = JoinTokens(store, key.id, about.urls, own_org=identity.org)
    registry = Registry(store, key, tokens, news, about)
    stack.callback(registry.close)
    return registry


def _store(config: Config, key: InstanceKey) -> Store:
    profile = config.machine.profile
    options = StoreOptions(profile.sqlite_cache_kib, profile.readers, blobs="hub-blobs")
    return Store(config.data, "hub", key.id, options=options)


@dataclass(frozen=True, slots=True)
class _Accounts:
    """Who asks a hub: people, processes of the machine, nodes."""

    identity: Identity
    registry: Registry

    def authenticate(self, access_token: str) -> Scope:
        return self.identity.authenticate(access_token)

    def local_scope(self, uid: int, org: str) -> Scope:
        return self.identity.local_scope(uid, org)

    def machine(self, token: str, membership: str) -> Scope:
        del membership  # The registry knows its nodes.
        return self.registry.machine(token)


def _identity(config: Config, signing: SigningKeys, addresses: Addresses) -> IdentityOptions:
    profile = config.machine.profile
    return IdentityOptions(
        config.org.name,
        profile.name,
        profile.password_hashes,
        hub=True,
        url=lambda: addresses()[0],
        issuer=signing,
    )


def _pace(config: Config) -> Pace:
    wanted = config.hub
    return Pace(wanted.heartbeat_seconds, wanted.late_seconds, wanted.offline_seconds)


def _chores(config: Config, parts: Parts) -> Chores:
    options = JobOptions(folder=config.data / "hub-work", grace_hours=config.blobs.grace_hours)
    house = Housekeeping(parts.store, options, SteadyClock(), set)
    return {
        "try quarantined changes": partial(retry_everywhere, parts.local),
        "collect tombstones": Collecting(parts.local, config.sync.tombstone_days),
        "forget old sessions": parts.identity.clean_up,
        "rotate signing keys": parts.signing.rotate_by_age,
        "delete closed orgs": parts.identity.orgs.purge,
        "forget jobs that nobody comes for": parts.keeping.clean,
        "remove orphaned blobs": house.orphaned_blobs,
        "tidy shelves": partial(parts.shelves.tidy, partial(parts.store.read, orgs.ids)),
    }


def _refuse_roles_of_later(config: Config) -> None:
    if config.hub.role != "primary":
        raise Misconfigured(
            "hub_role_unavailable",
            f"This version cannot be a {config.hub.role} hub:"
            " hubs do not replicate to each other yet.",
            hint=f"Set hub.role to primary ({config.origins['hub.role']}).",
        )
