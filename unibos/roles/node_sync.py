"""A node's sync: with its hub, with hubs beside it, and with the nodes that the settings name."""

import socket
from typing import TYPE_CHECKING

from unibos.base.clock import wall_ms
from unibos.base.config import Config
from unibos.core.identity.federation.beside import Beside, BesideHub
from unibos.core.identity.federation.contact import Contact
from unibos.core.identity.federation.enrolling import HubAddress
from unibos.core.identity.federation.joining import Joining
from unibos.core.identity.federation.node import Federation
from unibos.core.identity.federation.peers import Peers
from unibos.core.identity.federation.state import Joined
from unibos.core.identity.federation.trusted_time import TrustedTime
from unibos.core.identity.identity import Identity
from unibos.core.identity.keys import InstanceKey
from unibos.core.module.endpoint import MIB
from unibos.core.module.manifest import Module
from unibos.core.store.store import Store
from unibos.core.sync.blobs.taking import BlobRules
from unibos.core.sync.exchange.link import PeerLink
from unibos.core.sync.local import Local
from unibos.core.sync.schedule.hubs import Wishes
from unibos.core.sync.schedule.line import Partner
from unibos.core.sync.schedule.pace import Pace
from unibos.core.sync.schedule.sync import Options, Sync
from unibos.transports.http.peer_client import PeerLinks

if TYPE_CHECKING:
    from unibos.roles.hub import Hub


def replica(
    key: InstanceKey,
    store: Store,
    joining: Joining,
    time: TrustedTime,
    modules: tuple[Module, ...],
) -> Local:
    """The replica that a node is."""

    def name() -> str:
        joined = joining.state.joined
        return joined.node_name if joined else socket.gethostname()

    installed = (one.name for module in modules for one in module.collections)
    return Local(store, key.id, "node", name, frozenset(installed), time, wall_ms)


def syncing(
    config: Config,
    key: InstanceKey,
    local: Local,
    accounts: Identity | Federation,
    joining: Joining,
    beside: Beside,
    hub: "Hub | None",
) -> Sync:
    """All that a node syncs with; nothing where it has joined no hub, or is set to talk to nobody.

    :param hub: the one in the same process.
    """
    joined = joining.state.joined
    if joined is None or not isinstance(accounts, Federation):
        identity = accounts.identity if isinstance(accounts, Federation) else accounts
        return Sync(local, identity.org, _options(config))
    sync = Sync(local, joined.org.id, _options(config))
    peers = accounts.peers
    links = PeerLinks(key, local.now, peers)
    address = HubAddress(joined.hub, hub_urls(config, joined.urls), joined.certificate)
    if hub is not None:
        _add(sync, joined, _own_hub(hub, key), joining.contact)
    elif not config.offline:
        _add(sync, joined, links.hub(address), joining.contact)
    if not config.offline:
        for url in config.sync.peers:
            sync.add(Partner(url, links.node(url)))
        _follow(sync, key, peers, beside)
    return sync


def _follow(sync: Sync, key: InstanceKey, peers: Peers, beside: Beside) -> None:
    """Sync with the hubs beside the node's own, those among them that it joins later."""

    def add(one: BesideHub) -> None:
        link = PeerLinks(key, one.contact.now, peers).hub(one.address)
        _add(sync, one.kept, link, one.contact)

    async def follow(one: BesideHub) -> None:
        await sync.remove(one.kept.hub)
        if one.joined is not None:
            add(one)

    for one in beside.hubs.values():
        if one.joined is not None:
            add(one)
    beside.listen(follow)


def _options(config: Config) -> Options:
    wanted = config.sync
    return Options(
        Wishes(wanted.hubs, wanted.write_hub, wanted.read_strategy, wanted.failover_seconds),
        Pace(interval_s=wanted.interval_seconds),
        metered=wanted.metered,
        blobs=blob_rules(config),
    )


def blob_rules(config: Config) -> BlobRules:
    """Which blobs a node takes from its peers."""
    return BlobRules(config.sync.blobs == "eager", config.documents.max_mb * MIB)


def _add(sync: Sync, hub: Joined, link: PeerLink, contact: Contact) -> None:
    line = sync.add(Partner(hub.hub, link, lambda: hub.hub_name, contact.reached))
    # The heartbeat reaches the hub again, or does not any more.
    contact.listen(lambda there: line.back() if there else line.lost())


def _own_hub(hub: "Hub", key: InstanceKey) -> PeerLink:
    from unibos.core.sync.direct import DirectLink
    from unibos.roles.colocated import asking

    parts = hub.parts
    return DirectLink(parts.key.id, "hub", parts.answer, parts.blob_answer, asking(hub, key))


def hub_urls(config: Config, told: list[str]) -> tuple[str, ...]:
    """Where the hub may be reached, as far as it told; those of the settings first."""
    own = config.hub.urls
    return (*own, *(url for url in told if url not in own))
