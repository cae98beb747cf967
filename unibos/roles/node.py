"""The node: wired top-down, stopped in reverse."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from unibos.base.config import Config
from unibos.core.identity.identity import Identity
from unibos.core.identity.identity import Options as IdentityOptions
from unibos.core.jobs.jobs import Jobs
from unibos.core.jobs.options import Options as JobOptions
from unibos.core.jobs.queue import Chore
from unibos.core.module.manifest import install
from unibos.core.store.store import Options as StoreOptions
from unibos.core.store.store import Store
from unibos.roles.first_run import make_owner
from unibos.roles.instance import open_instance
from unibos.roles.listening import place
from unibos.roles.modules import modules
from unibos.roles.node_endpoints import Parts, endpoints
from unibos.transports.http.app import build_app
from unibos.transports.http.door import State
from unibos.transports.http.routes.events import Bell
from unibos.transports.http.server import HttpServer

if TYPE_CHECKING:
    from unibos.roles.hub import Hub

SOCKET = "unibos.sock"


@dataclass(frozen=True, slots=True)
class Node:
    """A running node."""

    address: str
    port: int
    setup_code: str | None


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
        profile = config.machine.profile

        store = Store(
            config.data,
            "node",
            key.id,
            options=StoreOptions(profile.sqlite_cache_kib, profile.readers),
        )
        stack.callback(store.close)

        identity = Identity(
            store,
            key,
            config.data,
            IdentityOptions(config.org.name, profile.name, profile.password_hashes),
        )
        stack.callback(identity.close)

        await make_owner(config, identity)

        installed = modules(config.documents)
        for module in installed:
            await asyncio.to_thread(install, module, store.org(identity.org))

        kinds = [kind for module in installed for kind in module.jobs]
        chores = [Chore("forget old sessions", "37", identity.clean_up)]
        runner = Jobs(store, kinds, _limits(config), owner=key.id, chores=chores)
        parts = Parts(
            config, key, store, identity, runner, Bell(store), State(), installed, config.role
        )
        where = place(config, config.node, key, config.data / SOCKET)
        server = HttpServer(parts.state, where.listening)
        runner.start()
        stack.push_async_callback(asyncio.to_thread, runner.stop, config.http.stop_seconds)
        await server.start(build_app(endpoints(parts), identity, parts.state))
        stack.push_async_callback(server.stop)
        stack.callback(parts.bell.close)

        yield Node(where.address(server.port), server.port, identity.setup_code)


def _limits(config: Config) -> JobOptions:
    return JobOptions(
        folder=config.data / "work",
        heavy=config.jobs.heavy,
        memory_mb=config.jobs.memory_mb,
        keep_days=config.jobs.keep_days,
        grace_hours=config.blobs.grace_hours,
    )
