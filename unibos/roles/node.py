"""The node: wired top-down, stopped in reverse."""

import asyncio
import logging
import shutil
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from unibos import __version__
from unibos.base.config import Config
from unibos.base.errors import StorageFull
from unibos.core.identity.federation.beside import Beside
from unibos.core.identity.federation.beside import Options as BesideOptions
from unibos.core.identity.federation.joining import Joining, Links
from unibos.core.identity.federation.joining import Options as JoiningOptions
from unibos.core.identity.federation.node import Federation
from unibos.core.identity.federation.report import Reporter
from unibos.core.identity.federation.state import HubState, adopt
from unibos.core.identity.federation.trusted_time import TrustedTime
from unibos.core.identity.identity import Identity
from unibos.core.identity.identity import Options as IdentityOptions
from unibos.core.identity.keys import InstanceKey
from unibos.core.jobs.jobs import Jobs
from unibos.core.jobs.options import Options as JobOptions
from unibos.core.jobs.queue import Chore
from unibos.core.module.manifest import Module, install
from unibos.core.store import leases
from unibos.core.store.bell import Bell
from unibos.core.store.store import Options as StoreOptions
from unibos.core.store.store import Store
from unibos.core.sync.blobs.blobs import BlobAnswer
from unibos.core.sync.collecting import Collecting
from unibos.core.sync.exchange.answer import Answer
from unibos.core.sync.exchange.quarantine import retry_everywhere
from unibos.core.sync.local import Local
from unibos.roles.addresses import announced_by_node
from unibos.roles.care import Care, care
from unibos.roles.first_run import make_owner
from unibos.roles.handing import handed_by_node
from unibos.roles.instance import open_instance
from unibos.roles.leasing import Gate, offered_by_node
from unibos.roles.listening import Place, place
from unibos.roles.modules import modules
from unibos.roles.node_endpoints import Parts, endpoints
from unibos.roles.node_sync import blob_rules, replica, syncing
from unibos.roles.own_jobs import own_claimant, rules_of
from unibos.transports.http.app import build_app
from unibos.transports.http.door import State
from unibos.transports.http.hub_client import hub_links
from unibos.transports.http.server import HttpServer

if TYPE_CHECKING:
    from unibos.roles.hub import Hub

log = logging.getLogger(__name__)

SOCKET = "unibos.sock"


@dataclass(frozen=True, slots=True)
class Node:
    """A running node."""

    address: str
    port: int
    setup_code: str | None
    store: Store


@asynccontextmanager
async def node(
    config: Config, *, hub: "Hub | None" = None, restart: Callable[[], None] = lambda: None
) -> AsyncIterator[Node]:
    """Run a node for as long as the context lasts.

    :param hub: the hub in the same process, whose own org this node then belongs to.
    :param restart: called when this node is to be started anew, which changes its org.
    :raises Misconfigured: what store, identity and server refuse to start with.
    """
    async with AsyncExitStack() as stack:
        key = open_instance(config)
        store, links = await _opened(config, key, hub)
        stack.callback(store.close)
        time = TrustedTime(store)
        joining = _joining(config, key, store, time, links, restart)
        identity = Identity(store, key, config.data, _identity(config, joining, hub))
        stack.callback(identity.close)
        accounts = await _accounts(config, key, identity, time, joining, hub, stack)
        installed, local, runner = await _working(config, key, identity, time, joining)
        beside = _beside(config, key, store, time, joining)
        where = place(config, config.node, key, config.data / SOCKET)
        state = State()
        server = HttpServer(state, where.listening)
        addresses = partial(_addresses, config, where, server)
        offered = offered_by_node(config, key, runner, store, accounts, addresses, time.now)
        parts = Parts(
            config=config,
            key=key,
            store=store,
            identity=identity,
            accounts=accounts,
            joining=joining,
            beside=beside,
            local=local,
            sync=syncing(config, key, local, accounts, joining, beside, hub),
            answer=Answer(local),
            blob_answer=BlobAnswer(local, blob_rules(config)),
            place=where,
            jobs=runner,
            offered=offered,
            handing=handed_by_node(config, key, local, runner, offered.workers, joining, hub),
            bell=Bell(store),
            state=state,
            modules=installed,
            roles=config.role,
            setup_done=partial(_is_set_up, hub or identity),
        )
        await _begin(config, parts, hub, stack)
        await _serve(parts, server, stack)
        yield Node(where.address(server.port), server.port, identity.setup_code, store)


async def _opened(config: Config, key: InstanceKey, hub: "Hub | None") -> tuple[Store, Links]:
    """The store, in the org that the node belongs to, and what makes its way to its hub."""
    if hub is None:
        return _open(config, key), hub_links(key, config.hub.urls, offline=config.offline)
    from unibos.roles.colocated import OwnHub, belong

    await belong(config, hub, key, partial(_open, config, key))
    return _open(config, key), partial(OwnHub, hub, key)


def _addresses(config: Config, where: Place, server: HttpServer) -> tuple[str, ...]:
    return announced_by_node(config.node, where.scheme, server.port)


async def _working(
    config: Config, key: InstanceKey, identity: Identity, time: TrustedTime, joining: Joining
) -> tuple[tuple[Module, ...], Local, Jobs]:
    """The modules, the replica that they fill, and what does their jobs."""
    store = identity.tools.store
    own = care(config, lambda: runner.tidying)
    installed = await _installed(config, store, identity.org, own)
    local = replica(key, store, joining, time, installed)
    runner = await _runner(config, local, identity, installed, own)
    return installed, local, runner


async def _runner(
    config: Config, local: Local, identity: Identity, installed: tuple[Module, ...], own: Care
) -> Jobs:
    """What runs the modules' jobs, and the chores."""
    kinds = own.telling(tuple(kind for module in installed for kind in module.jobs))
    chores = (
        own.chore(local.store, identity.org),
        Chore("forget old sessions", "37", identity.clean_up),
        Chore("try quarantined changes", "*/10", partial(retry_everywhere, local)),
        Chore("collect tombstones", "17", Collecting(local, config.sync.tombstone_days)),
    )
    rules = rules_of(config, kinds)
    return Jobs(
        local.store,
        kinds,
        _limits(config),
        owner=local.instance,
        chores=chores,
        claimant=await asyncio.to_thread(own_claimant, config, local.instance, kinds, rules),
        rules=rules,
    )


async def _begin(config: Config, parts: Parts, hub: "Hub | None", stack: AsyncExitStack) -> None:
    """Run jobs, and tell the hub that this node lives."""
    parts.jobs.start()
    seconds = config.http.stop_seconds
    stack.push_async_callback(asyncio.to_thread, parts.jobs.stop, seconds)
    stack.push_async_callback(parts.joining.stop)
    stack.push_async_callback(parts.beside.stop)
    stack.push_async_callback(parts.sync.stop)
    if parts.handing is not None:
        parts.handing.start()
        stack.push_async_callback(parts.handing.stop)
    if hub is not None or not config.offline:
        parts.joining.start()
    if not config.offline:
        parts.beside.start()
    parts.sync.start()
    parts.state.fetch_blob = parts.sync.fetch_blob
    parts.sync.events.listen(partial(parts.bell.ring, parts.identity.org))


async def _serve(parts: Parts, server: HttpServer, stack: AsyncExitStack) -> None:
    """Answer requests; who still waits for news at a stop is told that there is none."""
    gate = Gate(parts.accounts, parts.offered.workers)
    stack.callback(parts.offered.workers.close)
    parts.offered.leasing.start()
    await server.start(build_app(endpoints(parts), gate, parts.state))
    stack.push_async_callback(server.stop)
    stack.push_async_callback(parts.offered.leasing.close)
    stack.callback(parts.answer.close)
    stack.callback(parts.bell.close)


async def _installed(config: Config, store: Store, org: str, own: Care) -> tuple[Module, ...]:
    """The modules, with their collections in the org."""
    installed = modules(config.documents, config.media, own.module, model=config.machine.model)
    for module in installed:
        await asyncio.to_thread(install, module, store.org(org))
    return installed


def _open(config: Config, key: InstanceKey) -> Store:
    profile = config.machine.profile
    options = StoreOptions(profile.sqlite_cache_kib, profile.readers)
    opened = partial(Store, config.data, "node", key.id, options=options)
    try:
        return opened(first=adopt)
    except StorageFull as error:
        # What it has can be read at least; it goes on with joining at a later start.
        log.warning("no room to finish joining: %s", error.detail)
        return opened()


def _joining(
    config: Config,
    key: InstanceKey,
    store: Store,
    time: TrustedTime,
    links: Links,
    restart: Callable[[], None],
) -> Joining:
    machine = config.machine
    report = Reporter(
        __version__,
        machine.name,
        machine.profile.name,
        config.data,
        lambda: store.read(leases.states).get("queued", 0),
    )
    options = JoiningOptions(
        name=socket.gethostname(), report=report, restart=restart, room=partial(_has_room, store)
    )
    return Joining(HubState(store, key), key, links, time, options)


def _beside(
    config: Config, key: InstanceKey, store: Store, time: TrustedTime, joining: Joining
) -> Beside:
    options = BesideOptions(socket.gethostname(), joining.report)
    links = hub_links(key, offline=config.offline)
    return Beside(store, joining.state, key, links, time, options)


def _identity(config: Config, joining: Joining, hub: "Hub | None") -> IdentityOptions:
    profile, joined = config.machine.profile, joining.state.joined
    where = hub.address if hub else ""
    if joined is not None and not where:
        where = joined.urls[0]
    return IdentityOptions(config.org.name, profile.name, profile.password_hashes, setup_at=where)


async def _accounts(
    config: Config,
    key: InstanceKey,
    identity: Identity,
    time: TrustedTime,
    joining: Joining,
    hub: "Hub | None",
    stack: AsyncExitStack,
) -> Identity | Federation:
    """Who knows the users: the node itself, and its hub where it joined one."""
    if hub is None:
        await make_owner(config, identity)
    if joining.state.joined is None:
        return identity
    federation = Federation(
        identity, key, time, joining, offline_days=config.node.offline_login_days
    )
    stack.push_async_callback(federation.close)
    await federation.start()
    return federation


def _is_set_up(accounts: "Hub | Identity") -> bool:
    return accounts.setup_code is None


def _has_room(store: Store) -> bool:
    """Whether the database fits on the disk once more."""
    return shutil.disk_usage(store.path.parent).free > 2 * store.path.stat().st_size


def _limits(config: Config) -> JobOptions:
    return JobOptions(
        folder=config.data / "work",
        heavy=config.jobs.heavy,
        memory_mb=config.jobs.memory_mb,
        keep_days=config.jobs.keep_days,
        grace_hours=config.blobs.grace_hours,
    )
