"""Workers and leases of a role's jobs."""

import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from unibos.base.config import Config
from unibos.core.identity.federation.node import Federation
from unibos.core.identity.identity import Identity
from unibos.core.identity.keys import InstanceKey
from unibos.core.identity.registry.join_tokens import JoinTokens
from unibos.core.identity.registry.machine_tokens import MachineReader
from unibos.core.identity.registry.nodes import Registry
from unibos.core.identity.registry.workers import Options as WorkerOptions
from unibos.core.identity.registry.workers import Workers
from unibos.core.identity.scope import Scope
from unibos.core.jobs.jobs import Jobs
from unibos.core.jobs.leasing.leasing import Leasing
from unibos.core.jobs.leasing.leasing import Options as LeasingOptions
from unibos.core.store.store import Store
from unibos.roles.addresses import Addresses


@dataclass(frozen=True, slots=True)
class Offered:
    """What a role offers to workers."""

    tokens: JoinTokens
    workers: Workers
    leasing: Leasing


class _Accounts(Protocol):
    """Who knows everybody but workers."""

    def authenticate(self, access_token: str) -> Scope: ...
    def local_scope(self, uid: int, org: str) -> Scope: ...
    def machine(self, token: str, membership: str) -> Scope: ...


@dataclass(frozen=True, slots=True)
class Gate:
    """Who asks: people, processes of the machine, nodes, and workers."""

    accounts: _Accounts
    workers: Workers

    def authenticate(self, access_token: str) -> Scope:
        """See :class:`unibos.transports.http.door.Gate`."""
        return self.accounts.authenticate(access_token)

    def local_scope(self, uid: int, org: str) -> Scope:
        """See :class:`unibos.transports.http.door.Gate`."""
        return self.accounts.local_scope(uid, org)

    def machine(self, token: str, membership: str) -> Scope:
        """See :class:`unibos.transports.http.door.Gate`."""
        return self.accounts.machine(token, membership)

    def worker(self, token: str) -> Scope:
        """See :class:`unibos.transports.http.door.Gate`."""
        return self.workers.machine(token)


def offered_by_node(
    config: Config,
    key: InstanceKey,
    jobs: Jobs,
    store: Store,
    accounts: Identity | Federation,
    addresses: Addresses,
    wall: Callable[[], int],
) -> Offered:
    """What a node offers: its own jobs, to workers that its owner joined to it.

    :param wall: the node's trusted time.
    """
    tokens = JoinTokens(store, key.id, addresses, roles=("worker",))
    if isinstance(accounts, Federation):
        reader = accounts.peers.reader
    else:
        reader = MachineReader(key.id, wall)
    options = WorkerOptions(
        key.id, socket.gethostname(), "node", addresses, "attached", "node_only"
    )
    workers = Workers(store, tokens, reader, options)
    return Offered(tokens, workers, _leasing(store, jobs, config.data / "leases", key))


def offered_by_hub(
    config: Config,
    key: InstanceKey,
    jobs: Jobs,
    store: Store,
    registry: Registry,
) -> Offered:
    """What a hub offers: the jobs that its nodes hand over."""
    about = registry.options
    options = WorkerOptions(key.id, about.name, "hub", about.urls, "any", "hub", about.pace)
    workers = Workers(store, registry.tokens, registry.reader, options)
    leasing = _leasing(store, jobs, config.data / "hub-leases", key)
    return Offered(registry.tokens, workers, leasing)


def _leasing(store: Store, jobs: Jobs, folder: Path, key: InstanceKey) -> Leasing:
    return Leasing(store, jobs, LeasingOptions(folder=folder), own=key.id)
