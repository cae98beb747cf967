"""A node's jobs that its hub's workers do."""

from functools import partial
from typing import TYPE_CHECKING

from unibos.base.config import Config
from unibos.core.identity.federation.enrolling import HubAddress
from unibos.core.identity.federation.joining import Joining
from unibos.core.identity.keys import InstanceKey
from unibos.core.identity.registry.workers import Workers
from unibos.core.jobs.handing.errand import Options
from unibos.core.jobs.handing.handing import Handing
from unibos.core.jobs.handing.link import HandoverLink
from unibos.core.jobs.jobs import Jobs
from unibos.core.store.store import OrgStore
from unibos.core.sync.job_gate import JobGate
from unibos.core.sync.local import Local
from unibos.roles.node_sync import hub_urls
from unibos.roles.takers import takers
from unibos.transports.http.handover_client import HandoverClient

if TYPE_CHECKING:
    from unibos.roles.hub import Hub


def handed_by_node(
    config: Config,
    key: InstanceKey,
    local: Local,
    jobs: Jobs,
    workers: Workers,
    joining: Joining,
    hub: "Hub | None",
) -> Handing | None:
    """What hands this node's jobs over; None where it has no hub, or is not to ask it.

    :param hub: the one in the same process.
    """
    joined = joining.state.joined
    if joined is None or not config.jobs.hand_over or (config.offline and hub is None):
        return None
    if hub is not None:
        link = _direct(hub, key)
    else:
        address = HubAddress(joined.hub, hub_urls(config, joined.urls), joined.certificate)
        link = HandoverClient(address, key, joining.contact)
    options = Options(
        folder=config.data / "handed",
        hand_over_seconds=config.jobs.hand_over_seconds,
        take_back_seconds=config.jobs.take_back_seconds,
    )
    org = joined.org.id
    present = partial(takers, config, jobs, workers, org)
    handing = Handing(
        local.store.org(org), jobs, link, joined.hub, JobGate(local), present, options
    )
    joining.contact.listen(handing.hub_is)
    return handing


def _direct(hub: "Hub", key: InstanceKey) -> HandoverLink:
    from unibos.core.jobs.handing.direct import DirectHandover
    from unibos.roles.colocated import asking

    scope = asking(hub, key)

    def who() -> tuple[OrgStore, str]:
        found = scope()
        return found.store, found.principal.id

    return DirectHandover(hub.parts.keeping, who)
