"""Who asks: a role, a principal, and the one org's store that a request may reach.

A function of the core that works for somebody gets a :class:`Scope`. It is made at the door, from
an access token, from the peer of the local socket, or for the instance's own work, and nothing
in it leads to another org's data.
"""

import functools
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import Literal

from unibos.base.errors import Forbidden
from unibos.core.store import accounts, orgs
from unibos.core.store.store import OrgStore, Store
from unibos.core.store.transaction import View

ROOT_UID = 0


@functools.total_ordering
class Role(Enum):
    """What a member may do in an org; a higher role may do all that a lower one may.

    JSON holds the value: ``"viewer"``, ``"member"``, ``"admin"`` or ``"owner"``.
    """

    VIEWER = "viewer"
    MEMBER = "member"
    ADMIN = "admin"
    OWNER = "owner"

    def __str__(self) -> str:
        return self.value

    def __lt__(self, other: object) -> bool:
        if not isinstance(other, Role):
            return NotImplemented
        return _RANKS[self] < _RANKS[other]


_RANKS = {role: rank for rank, role in enumerate(Role)}


@dataclass(frozen=True, slots=True)
class Principal:
    """Who asks.

    :param kind: ``user`` for an account; ``local`` for a process of this machine, known by its
        user id; ``system`` for the instance's own work; ``node`` for an instance that joined, and
        ``worker`` for one that joined to take jobs.
    :param id: the account's id; for ``local`` ``uid:N``; for ``system`` the name; for ``node`` and
        ``worker`` the instance's id.
    """

    kind: Literal["user", "local", "system", "node", "worker"]
    id: str
    name: str
    email: str = ""


@dataclass(frozen=True, slots=True)
class Scope:
    """Who asks, and that one org's store.

    :param session: the session behind the access token; empty where there is none.
    :param operator: whether who asks runs this instance: an owner of its own org, or a process on
        the machine. Only operators may look beyond their org.
    :param through_node: on a hub, whether the session began through a node: then it is for that
        node's org alone.
    :param hub_user: on a node, the hub's id of a user who logged in with a hub account. The
        principal is the same, but for those who linked it to an account of the node.
    :param offline: whether the node itself vouches for a hub's user, because the hub was away.
    :param held: tells whether a hub's user may go on; None where sessions and accounts here tell.
    """

    org: str
    store: OrgStore
    principal: Principal
    role: Role
    session: str = ""
    operator: bool = False
    through_node: bool = False
    hub_user: str = ""
    offline: bool = False
    held: Callable[[View], bool] | None = field(default=None, repr=False, compare=False)

    def require_operator(self) -> None:
        """Let only those pass who run this instance.

        :raises Forbidden: ``operator_required``.
        """
        if not self.operator:
            raise Forbidden(
                "operator_required",
                "Only who runs this hub may do this.",
                hint="On the hub itself: sudo unibos hub --help. Over the network: log in as an"
                " owner of the hub's own org.",
            )

    def require(self, role: Role) -> None:
        """Let only this role and higher ones pass.

        :raises Forbidden: ``role_required``; ``facts["role"]`` names the role.
        """
        if self.role < role:
            raise Forbidden(
                "role_required",
                f"This needs the role {role}; you are {self.role}.",
                hint="An owner or admin of the org can change roles.",
                role=str(role),
            )


def stands(view: View, scope: Scope) -> bool:
    """Whether who asked may go on, and as what they were: a session can end, and a role change,
    while the last answer still streams, or while the last body still arrives."""
    if scope.held is not None:
        return scope.held(view)
    if not scope.session:
        return True
    session = accounts.session(view, scope.session)
    account = accounts.find(view, scope.principal.id)
    if session is None or session.ended_because is not None:
        return False
    if account is None or account.disabled or Role(account.role) is not scope.role:
        return False
    org = orgs.find(view)
    return org is not None and (org.delete_after is None or scope.role is Role.OWNER)


def system_scope(store: Store, org: str, name: str) -> Scope:
    """The scope of the instance's own work, such as a job: an owner's rights in one org."""
    return Scope(org, store.org(org), Principal("system", name, name), Role.OWNER)


def local_scope(store: Store, org: str, uid: int, service_uid: int) -> Scope:
    """The scope of a process on this machine that connected to the local socket.

    :param uid: the peer's user id, as the kernel tells it.
    :param service_uid: the user id that this instance runs as.
    :raises Forbidden: ``peer_refused`` for everybody but root and the service's own user.
    """
    if uid not in (ROOT_UID, service_uid):
        raise Forbidden(
            "peer_refused",
            "Only root and the service's own user may use the local socket.",
            hint="Put sudo in front of the command.",
        )
    name = "root" if uid == ROOT_UID else "service"
    principal = Principal("local", f"uid:{uid}", name)
    return Scope(org, store.org(org), principal, Role.OWNER, operator=True)
