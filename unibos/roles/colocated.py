"""A node and its hub in one process: the node belongs to the hub's own org with no further step."""

import logging
import socket
from collections.abc import Callable
from contextlib import closing
from functools import partial

from unibos import __version__
from unibos.base.clock import wall_ms
from unibos.base.config import Config
from unibos.base.errors import Forbidden, Misconfigured, Unauthenticated
from unibos.core.identity.federation.contact import Contact
from unibos.core.identity.federation.joining import HubAddress, Joining, Options
from unibos.core.identity.federation.report import Reporter
from unibos.core.identity.federation.state import HubState
from unibos.core.identity.federation.trusted_time import TrustedTime
from unibos.core.identity.identity import LOCAL_ORG_TYPE
from unibos.core.identity.keys import InstanceKey
from unibos.core.identity.link import (
    Enrolled,
    Enrollment,
    FederatedLogin,
    FederatedLogout,
    FederatedPassword,
    FederatedRefresh,
    Pulse,
    Report,
)
from unibos.core.identity.login import Login
from unibos.core.identity.registry.join_tokens import JoinTokenIn
from unibos.core.identity.registry.machine_tokens import MachineTokens
from unibos.core.identity.registry.nodes import Registry
from unibos.core.identity.scope import Scope, system_scope
from unibos.core.store import accounts
from unibos.core.store.store import Store
from unibos.roles.hub import Hub

log = logging.getLogger(__name__)


class OwnHub:
    """The :class:`Link` of a node to the hub in the same process.

    Each call passes the same gate as one over the network: a machine token says who asks.
    """

    def __init__(self, hub: Hub, key: InstanceKey, address: HubAddress, contact: Contact) -> None:
        del address  # There is but one.
        self._hub = hub.parts
        self._tokens = MachineTokens(key, key.id)
        self._contact = contact

    async def enroll(self, asked: Enrollment) -> Enrolled:
        """See :class:`Link`."""
        return await self._hub.registry.enroll(asked, "")

    async def heartbeat(self, report: Report) -> Pulse:
        """See :class:`Link`."""
        return await self._hub.registry.heartbeat(self._asking(), report)

    async def keys(self) -> str:
        """See :class:`Link`."""
        return self._hub.signing.jwks()

    async def revocations(self) -> str:
        """See :class:`Link`."""
        return self._hub.registry.revocations(self._asking())

    async def login(self, asked: FederatedLogin) -> Login:
        """See :class:`Link`."""
        return await self._hub.federation.login(self._asking(), asked)

    async def refresh(self, asked: FederatedRefresh) -> Login:
        """See :class:`Link`."""
        return await self._hub.federation.refresh(self._asking(), asked)

    async def logout(self, asked: FederatedLogout) -> None:
        """See :class:`Link`."""
        await self._hub.federation.logout(self._asking(), asked)

    async def password(self, asked: FederatedPassword) -> Login:
        """See :class:`Link`."""
        return await self._hub.federation.password(self._asking(), asked)

    async def leave(self) -> None:
        """See :class:`Link`."""
        await self._hub.registry.leave(self._asking())

    async def close(self) -> None:
        """There is no connection to let go of."""

    def _asking(self) -> Scope:
        scope = _scope(self._hub.registry, self._tokens)
        self._contact.heard(wall_ms())
        self._contact.answered()
        return scope


def _scope(registry: Registry, tokens: MachineTokens) -> Scope:
    """The node's scope at its hub, by the same gate that other nodes pass."""
    try:
        return registry.machine(tokens.issue(wall_ms()))
    except Unauthenticated as error:
        # Right after a start the hub takes tokens of the very next moments only; it says of which.
        told = error.facts.get("time")
        if not isinstance(told, int):
            raise
        return registry.machine(tokens.issue(told))


def asking(hub: Hub, key: InstanceKey) -> Callable[[], Scope]:
    """What proves to the hub in the same process that its node asks, at each call."""
    tokens = MachineTokens(key, key.id)
    return lambda: _scope(hub.parts.registry, tokens)


async def belong(config: Config, hub: Hub, key: InstanceKey, opened: Callable[[], Store]) -> None:
    """Have the node be one of its own hub's org; does nothing where it is.

    What was made before, at either of them alone, stays: the node's own org becomes the hub's when
    its store is opened the next time.

    :param opened: opens the node's store, which is closed again.
    :raises Misconfigured: ``node_of_another_hub``.
    """
    with closing(opened()) as store:
        state = HubState(store, key)
        if _is_member(state, hub, key):
            return
        await state.drop()
        if store.read(accounts.local_org) is None:
            store.write(lambda tx: accounts.make_local_org(tx, config.org.name, LOCAL_ORG_TYPE))
        scope = system_scope(hub.parts.store, hub.parts.identity.org, "colocated node")
        token = await hub.parts.offered.tokens.create(
            scope, JoinTokenIn(expires_minutes=1, label="this machine")
        )
        machine = config.machine
        report = Reporter(__version__, machine.name, machine.profile.name, config.data, int)
        options = Options(name=socket.gethostname(), report=report, restart=_now)
        joining = Joining(state, key, partial(OwnHub, hub, key), TrustedTime(store), options)
        await joining.join(token.token)


def _is_member(state: HubState, hub: Hub, key: InstanceKey) -> bool:
    kept = state.kept
    if kept is None or kept.stage == "revoked":
        return False
    if kept.hub != key.id:
        raise Misconfigured(
            "node_of_another_hub",
            f"The node in this data folder belongs to the hub {kept.hub_name} already.",
            hint="Start it with --role node alone and let it leave that hub (unibos leave), or"
            " give the hub a data folder of its own.",
        )
    if state.joined is None or kept.org.id != hub.parts.identity.org:
        return False
    try:
        _scope(hub.parts.registry, MachineTokens(key, key.id))
    except (Unauthenticated, Forbidden) as error:
        # The hub's database is a new one, or an older copy.
        log.warning("the hub does not know its own node", extra={"code": error.code})
        return False
    return True


def _now() -> None:
    """The node starts right after it has joined."""
