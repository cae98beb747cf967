"""The hub: wired top-down, stopped in reverse."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from unibos.base.config import Config
from unibos.base.errors import Misconfigured
from unibos.core.identity.identity import Identity
from unibos.core.identity.identity import Options as IdentityOptions
from unibos.core.identity.signing.keys import SigningKeys
from unibos.core.identity.signing.revocations import Revocations
from unibos.core.jobs.clock import SteadyClock
from unibos.core.jobs.housekeeping import Housekeeping
from unibos.core.jobs.options import Options as JobOptions
from unibos.core.store.store import Options as StoreOptions
from unibos.core.store.store import Store
from unibos.roles.addresses import announced
from unibos.roles.chores import Chores, chores
from unibos.roles.first_run import make_owner
from unibos.roles.hub_endpoints import Parts, endpoints
from unibos.roles.instance import open_instance
from unibos.roles.listening import place
from unibos.transports.http.app import build_app
from unibos.transports.http.door import State
from unibos.transports.http.routes.events import Bell
from unibos.transports.http.server import HttpServer

SOCKET = "hub.sock"


@dataclass(frozen=True, slots=True)
class Hub:
    """A running hub."""

    address: str
    identity: Identity

    @property
    def setup_code(self) -> str | None:
        """What the first owner is made with; None once there is one."""
        return self.identity.setup_code


@asynccontextmanager
async def hub(config: Config) -> AsyncIterator[Hub]:
    """Run a hub for as long as the context lasts.

    :raises Misconfigured: ``hub_role_unavailable``, ``plain_http_refused``, and what store,
        identity and server refuse to start with.
    """
    _refuse_roles_of_later(config)
    async with AsyncExitStack() as stack:
        key = open_instance(config)
        profile = config.machine.profile

        store = Store(
            config.data,
            "hub",
            key.id,
            options=StoreOptions(profile.sqlite_cache_kib, profile.readers, blobs="hub-blobs"),
        )
        stack.callback(store.close)

        signing = SigningKeys(store, key)
        revocations = Revocations(store, key)
        stack.callback(revocations.close)
        identity = Identity(
            store,
            key,
            config.data,
            IdentityOptions(
                config.org.name, profile.name, profile.password_hashes, hub=True, issuer=signing
            ),
        )
        stack.callback(identity.close)

        await make_owner(config, identity)

        where = place(config, config.hub, key, config.data / SOCKET, private=True)
        state = State()
        server = HttpServer(state, where.listening)

        def addresses() -> tuple[str, ...]:
            return announced(config.hub, where.scheme, server.port)

        parts = Parts(
            config,
            key,
            store,
            identity,
            signing,
            where,
            addresses,
            Bell(store),
            state,
            config.role,
        )
        house = Housekeeping(store, _keeping(config), SteadyClock(), set)
        wanted: Chores = {
            "forget old sessions": identity.clean_up,
            "rotate signing keys": signing.rotate_by_age,
            "remove orphaned blobs": house.orphaned_blobs,
        }
        await stack.enter_async_context(chores(wanted))
        await server.start(build_app(endpoints(parts), identity, state))
        stack.push_async_callback(server.stop)
        stack.callback(parts.bell.close)

        yield Hub(where.address(server.port), identity)


def _keeping(config: Config) -> JobOptions:
    return JobOptions(folder=config.data / "hub-work", grace_hours=config.blobs.grace_hours)


def _refuse_roles_of_later(config: Config) -> None:
    if config.hub.role != "primary":
        raise Misconfigured(
            "hub_role_unavailable",
            f"This version cannot be a {config.hub.role} hub:"
            " hubs do not replicate to each other yet.",
            hint=f"Set hub.role to primary ({config.origins['hub.role']}).",
        )
