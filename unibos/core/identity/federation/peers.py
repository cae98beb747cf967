"""Other nodes of the org: who they are is checked offline, by nothing but the hub's word.

A node proves itself to another with a machine token, made for the other, and with its membership,
which its hub signed. Both sides go by the id of their own hub, by what it revoked, and by the time
that it told.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from unibos.base.base64url import from_base64url
from unibos.base.clock import Wall
from unibos.base.errors import Conflict, Forbidden, Unauthenticated
from unibos.core.identity.federation.trust import Trust
from unibos.core.identity.keys import InstanceKey
from unibos.core.identity.registry.hub_statement import NODE_KIND, issue_statement, verify_statement
from unibos.core.identity.registry.machine_tokens import MachineReader, machine_token_invalid
from unibos.core.identity.registry.membership import (
    Membership,
    membership_expired,
    verify_membership,
)
from unibos.core.identity.scope import Principal, Role, Scope
from unibos.core.store import nodes
from unibos.core.store.store import Store
from unibos.core.store.transaction import View

_KNOWN = 256
"""Credentials that are remembered as genuine."""
_SHORT = 8
"""Letters of an id that stand for a name, which the membership does not tell."""


@dataclass(frozen=True, slots=True)
class Fellow:
    """Another node of the org, as it proved itself.

    :param id: its instance id.
    :param tls: the SHA-256 of the certificate that it vouches for, as 64 hexadecimal digits; None
        where a public authority does, or where there is none (loopback).
    :param until: when its membership expires, in milliseconds since 1970.
    """

    id: str
    tls: str | None
    until: int


class Peers:
    """What one joined node knows of the others; for one event loop.

    :param key: this node's.
    :param time: the node's trusted time.
    :param trust: gives what the hub said last.
    :param own: gives this node's own membership.
    :ivar reader: takes each machine token for once, whoever it is from.
    """

    def __init__(
        self,
        key: InstanceKey,
        store: Store,
        time: Wall,
        trust: Callable[[], Trust],
        own: Callable[[], str],
    ) -> None:
        self._key = key
        self._store = store
        self._time = time
        self._trust = trust
        self._own = own
        self.reader = MachineReader(key.id, time)
        self._genuine: dict[tuple[str, str], Membership] = {}

    @property
    def credential(self) -> str:
        """This node's membership, to show to others beside its machine token."""
        return self._own()

    def statement(self, tls: str | None) -> str:
        """What this node says of itself (``node+jwt``).

        :param tls: as in :class:`Fellow`.
        """
        return issue_statement(self._key, tls, (), self._time(), NODE_KIND)

    def scope(self, token: str, credential: str) -> Scope:
        """The scope of the node that asks: a viewer in the org, whom the hub has not shut out.

        :param token: its machine token, for this node.
        :param credential: its membership.
        :raises Unauthenticated: ``machine_token_invalid``, ``machine_token_used``,
            ``machine_token_expired`` with ``time``, ``membership_missing``,
            ``membership_expired``, ``statement_invalid``.
        :raises Forbidden: ``peer_foreign``, ``node_revoked``, ``hub_away_too_long``.
        :raises Conflict: ``peer_is_self``.
        """
        named = self.reader.named(token)
        member = self._member(credential)
        if member.node != named:
            raise machine_token_invalid()
        ticket = self.reader.read(token, member.node, from_base64url(member.public_key))
        if self._is_revoked(member.node):
            raise nodes.revoked()
        self.reader.accept(ticket)
        org = member.org
        principal = Principal("node", member.node, member.node[:_SHORT])
        held = partial(self._stands, member)
        return Scope(org, self._store.org(org), principal, Role.VIEWER, held=held)

    def prove(self, statement: str, credential: str) -> Fellow:
        """Who answers at an address, by what it says of itself (``node+jwt``) and its membership.

        :raises Unauthenticated: ``statement_invalid``, ``membership_missing``,
            ``membership_expired``.
        :raises Forbidden: ``peer_foreign``, ``peer_revoked``, ``hub_away_too_long``.
        :raises Conflict: ``peer_is_self``.
        """
        member = self._member(credential)
        said = verify_statement(statement, member.node, NODE_KIND)
        fellow = Fellow(member.node, said.tls, member.expires_at)
        self.require_standing(fellow)
        return fellow

    def require_standing(self, fellow: Fellow) -> None:
        """Let only pass who is a member still, by the hub's newest word and the time now.

        :raises Unauthenticated: ``membership_expired``.
        :raises Forbidden: ``peer_revoked``, ``hub_away_too_long``.
        """
        now = self._time()
        self._trust().check_membership(now)
        if self._is_revoked(fellow.id):
            raise Forbidden(
                "peer_revoked",
                "The other node's membership was ended by an admin of the org.",
                hint="Take its address out of the settings, or join it again.",
            )
        if fellow.until <= now:
            raise membership_expired()

    def _member(self, credential: str) -> Membership:
        """Whose a membership is, of this node's hub and org, and not over."""
        if not credential:
            raise Unauthenticated(
                "membership_missing",
                "A node proves to another one with its membership that it belongs to the org.",
                hint="Send it in the header Unibos-Membership.",
            )
        trust, now = self._trust(), self._time()
        trust.check_membership(now)
        member = self._known(credential, trust.hub)
        if member.expires_at <= now:
            raise membership_expired()
        if member.org != trust.org:
            raise Forbidden("peer_foreign", "The other node belongs to another org of the hub.")
        if member.node == self._key.id:
            raise Conflict(
                "peer_is_self",
                "The other node has the identity of this one.",
                hint="Where it is a copy of this one, give it a key of its own: remove its key"
                " file, start it, and join it again.",
            )
        return member

    def _known(self, credential: str, hub: str) -> Membership:
        known = self._genuine.get((credential, hub))
        if known is None:
            known = verify_membership(credential, hub, 0)
            if len(self._genuine) >= _KNOWN:
                self._genuine.pop(next(iter(self._genuine)))
            self._genuine[credential, hub] = known
        return known

    def _is_revoked(self, node: str) -> bool:
        return node in self._trust().revoked.nodes

    def _stands(self, member: Membership, _: View) -> bool:
        now = self._time()
        over = min(member.expires_at, self._trust().until) <= now
        return not over and not self._is_revoked(member.node)
