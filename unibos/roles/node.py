"""The node: wired top-down, stopped in reverse."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from unibos.base.config import Config
from unibos.base.errors import Misconfigured
from unibos.core.identity.certificate import Certificate
from unibos.core.identity.identity import Identity
from unibos.core.identity.identity import Options as IdentityOptions
from unibos.core.identity.keys import InstanceKey
from unibos.core.jobs.jobs import Jobs
from unibos.core.jobs.options import Options as JobOptions
from unibos.core.jobs.queue import Chore
from unibos.core.module.manifest import install
from unibos.core.store.store import Options as StoreOptions
from unibos.core.store.store import Store
from unibos.roles.endpoints import Parts, endpoints
from unibos.roles.first_run import make_owner
from unibos.roles.modules import modules
from unibos.transports.http.app import build_app
from unibos.transports.http.door import State
from unibos.transports.http.routes.events import Bell
from unibos.transports.http.server import HttpServer, Listening

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Node:
    """A running node."""

    address: str
    setup_code: str | None


@asynccontextmanager
async def node(config: Config) -> AsyncIterator[Node]:
    """Run a node for as long as the context lasts."""
    async with AsyncExitStack() as stack:
        folder = _own_folder(config.data)
        key = InstanceKey.open(folder)
        profile = config.machine.profile

        store = Store(
            folder, "node", key.id, options=StoreOptions(profile.sqlite_cache_kib, profile.readers)
        )
        stack.callback(store.close)

        identity = Identity(
            store,
            key,
            folder,
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
        parts = Parts(config, key, store, identity, runner, Bell(store), State(), installed)
        app = build_app(endpoints(parts), identity, parts.state)
        server = HttpServer(app, parts.state, _where(config, key))
        runner.start()
        stack.push_async_callback(asyncio.to_thread, runner.stop, config.http.stop_seconds)
        await server.start()
        stack.push_async_callback(server.stop)
        stack.callback(parts.bell.close)

        scheme = "https" if config.node.tls else "http"
        yield Node(f"{scheme}://{_shown(config.node.host)}:{server.port}", identity.setup_code)


def _limits(config: Config) -> JobOptions:
    return JobOptions(
        folder=config.data / "work",
        heavy=config.jobs.heavy,
        memory_mb=config.jobs.memory_mb,
        keep_days=config.jobs.keep_days,
        grace_hours=config.blobs.grace_hours,
    )


def _where(config: Config, key: InstanceKey) -> Listening:
    return Listening(
        config.node.host,
        config.node.port,
        config.data / "unibos.sock",
        _certificate(config, key),
        config.http.stop_seconds,
    )


def _own_folder(folder: Path) -> Path:
    """The data folder, which nobody else may look into."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise Misconfigured(
            "data_unusable",
            f"The data folder {folder} cannot be made: {error.strerror}.",
            hint="Choose another with --data, or make it and give it to the user that runs this.",
        ) from None
    return folder


def _certificate(config: Config, key: InstanceKey) -> tuple[Path, Path] | None:
    if not config.node.tls:
        return None
    if config.node.tls_cert is not None and config.node.tls_key is not None:
        return config.node.tls_cert, config.node.tls_key
    own = Certificate.open(config.data, key.short)
    log.info("own certificate", extra={"sha256": own.fingerprint})
    return own.path, own.path


def _shown(host: str) -> str:
    if host in ("0.0.0.0", "::"):  # noqa: S104 - compared, not bound
        import socket

        return socket.gethostname()
    return f"[{host}]" if ":" in host else host
