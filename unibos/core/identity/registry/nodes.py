"""The registry: the hub's nodes, from joining to leaving.

A hub's doors ask it who a machine is; its rows are the only truth about whom a node belongs to.
"""

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from unibos.base.base64url import base64url
from unibos.base.clock import Wall, wall_ms
from unibos.base.errors import Conflict, Unauthenticated
from unibos.core.identity import throttle
from unibos.core.identity.keys import InstanceKey, instance_id
from unibos.core.identity.link import Enrolled, Enrollment, Pulse, Report
from unibos.core.identity.registry.hub_statement import issue_statement
from unibos.core.identity.registry.join_proof import check_proof
from unibos.core.identity.registry.join_tokens import JoinTokens
from unibos.core.identity.registry.known_nodes import KnownNodes, require_standing
from unibos.core.identity.registry.machine_tokens import MachineReader, machine_token_invalid
from unibos.core.identity.registry.membership import LIFE_MS, RENEWED_MS, issue_membership
from unibos.core.identity.registry.node_shapes import Node, NodePage, shown
from unibos.core.identity.registry.options import News, Options
from unibos.core.identity.scope import Role, Scope
from unibos.core.identity.throttle import Throttle
from unibos.core.identity.users import check_name
from unibos.core.store import accounts, nodes, orgs, revocations
from unibos.core.store.nodes import NodeRow
from unibos.core.store.paging import behind, page_of
from unibos.core.store.store import Store
from unibos.core.store.transaction import Transaction


class Registry:
    """The nodes of one hub; for one event loop.

    :param key: the hub's, which signs memberships.
    :ivar tokens: what nodes join with.
    :ivar options: what the role decides.
    :ivar reader: takes each machine token for once, whoever it is from.
    """

    def __init__(
        self,
        store: Store,
        key: InstanceKey,
        tokens: JoinTokens,
        news: News,
        options: Options,
        *,
        wall: Wall = wall_ms,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._key = key
        self.tokens = tokens
        self._news = news
        self.options = options
        self._wall = wall
        self._slow = Throttle(monotonic)
        self.reader = MachineReader(key.id, wall)
        self._nodes = KnownNodes(store, news.facts, options.pace, wall, monotonic)

    def close(self) -> None:
        """Have the database know what nodes told last."""
        self._nodes.close()

    @property
    def hub(self) -> str:
        """The hub's instance id."""
        return self._key.id

    @property
    def name(self) -> str:
        """What the hub is called."""
        return self.options.name

    def statement(self) -> str:
        """What the hub says of itself (``hub+jwt``), to those who know nothing but its id."""
        options = self.options
        return issue_statement(self._key, options.tls, tuple(options.urls()), self._wall())

    async def enroll(self, asked: Enrollment, address: str) -> Enrolled:
        """Make an instance a node of the join token's org.

        A node that joins its org again keeps its name. Who asks a second time with the same token,
        because the answer was lost, gets it again.

        :param address: the client's, by which guesses are slowed.
        :raises Unauthenticated: ``join_token_invalid``, ``join_proof_invalid``.
        :raises Forbidden: ``join_token_expired``, ``limit_reached``, ``org_closing``.
        :raises Conflict: ``join_token_used``, ``node_elsewhere``.
        :raises Invalid: ``name_invalid``.
        :raises TooMany: ``too_many_attempts``.
        """
        slow = throttle.address(address)
        self._slow.check(slow)
        try:
            token = self.tokens.find(asked.secret)
            raw = check_proof(asked.proof, asked.public_key, self._key.id, asked.secret)
        except Unauthenticated:
            self._slow.failed(slow)
            raise
        now = self._wall()
        wanted = NodeRow(
            org=token.org,
            id=instance_id(Ed25519PublicKey.from_public_bytes(raw)),
            name=check_name(asked.name),
            public_key=base64url(raw),
            join_token=token.id,
            report=msgspec.json.encode(asked.report).decode(),
            joined_at=now,
            member_until=now + LIFE_MS,
            seen_at=now,
        )
        row = await self._store.awrite(lambda tx: self._admit(tx, wanted), token.org)
        known = self._nodes.add(row)
        self._nodes.presence.hear(known, asked.report)
        return Enrolled(
            hub=self._key.id,
            hub_name=self.options.name,
            membership=issue_membership(self._key, token.org, raw, now),
            keys=self._news.keys.jwks(),
            revocations=self._news.lists.signed(token.org),
            pulse=self._pulse(known.org, known.name, known.seen_at, None),
        )

    def _admit(self, tx: Transaction, wanted: NodeRow) -> NodeRow:
        self.tokens.require_live(tx, wanted.join_token)
        orgs.require_open(tx)
        elsewhere = nodes.by_id(tx, wanted.id)
        if elsewhere is not None and elsewhere.revoked_at is None and elsewhere.org != tx.org:
            raise Conflict(
                "node_elsewhere",
                "This instance is a node of another org.",
                hint="Let it leave that org first: unibos leave",
            )
        present = nodes.find(tx, wanted.id)
        active = present is not None and present.revoked_at is None
        if present is None or not active or present.join_token != wanted.join_token:
            self.tokens.spend(tx, wanted.join_token)
        if not active:
            orgs.require_room_for_node(tx)
        name = present.name if present else nodes.free_name(tx, wanted.name)
        row = replace(wanted, name=name)
        nodes.put(tx, row)
        revocations.pardon_node(tx, row.id)
        return row

    def machine(self, token: str) -> Scope:
        """The scope of the node that signed a machine token; a viewer in its own org.

        :raises Unauthenticated: ``machine_token_invalid``, ``machine_token_used``,
            ``machine_token_expired`` with ``time``.
        :raises Forbidden: ``node_revoked``, ``org_closing``.
        """
        known = self._nodes.find(self.reader.named(token))
        if known is None:
            raise machine_token_invalid()
        ticket = self.reader.read(token, known.id, known.public_key)
        require_standing(known)
        if self._nodes.facts(known.org) is None:
            raise machine_token_invalid()
        self.reader.accept(ticket)
        return known.scope

    async def heartbeat(self, scope: Scope, report: Report) -> Pulse:
        """Take note of how a node is, and tell it what has changed.

        :raises Forbidden: ``node_revoked``, ``node_required``.
        """
        known = self._nodes.asking(scope)
        at = self._nodes.presence.hear(known, report)
        membership = None
        if not RENEWED_MS <= known.member_until - at <= LIFE_MS:
            membership = issue_membership(self._key, known.org, known.public_key, at)
            await self._nodes.renew(known, at + LIFE_MS)
        await self._nodes.keep_when_due()
        return self._pulse(known.org, known.name, at, membership)

    def revocations(self, scope: Scope) -> str:
        """The signed list of the node's org.

        :raises Forbidden: ``node_revoked``, ``node_required``.
        """
        return self._news.lists.signed(self._nodes.asking(scope).org)

    async def leave(self, scope: Scope) -> None:
        """End the membership of the node that asks, and the sessions that began through it.

        :raises Forbidden: ``node_revoked``, ``node_required``.
        """
        known = self._nodes.asking(scope)
        now = self._wall()

        def apply(tx: Transaction) -> None:
            nodes.remove(tx, known.id)
            _shut_out(tx, known.id, now, "node_left")

        await scope.store.awrite(apply)
        self._nodes.forget(known.org, known.id)

    async def page(self, scope: Scope, limit: int = 50, cursor: str | None = None) -> NodePage:
        """One page of the org's nodes, those that were revoked among them.

        :raises Invalid: ``cursor_invalid``.
        """
        after = behind(cursor, lambda text: 0 < len(text) <= 64)
        found = await scope.store.aread(lambda view: nodes.page(view, after, limit + 1))
        page, following = page_of(found, limit)
        return NodePage([self._shown(row) for row in page], following)

    async def get(self, scope: Scope, id_: str) -> Node:
        """One node of the org.

        :raises NotFound: ``node_not_found``.
        """
        return self._shown(scope.store.read(lambda view: nodes.get(view, id_)))

    def counts(self, org: str | None) -> dict[str, int]:
        """The number of nodes by state, of one org or (None) of all, for operators."""
        rows = self._store.read(lambda view: nodes.everything(view, org))
        counted = Counter(
            str(self._nodes.presence.state(row, self._nodes.known(row.org, row.id)).value)
            for row in rows
        )
        return dict(counted)

    async def rename(self, scope: Scope, id_: str, name: str) -> Node:
        """Call a node otherwise; for admins. The node hears of it at its next heartbeat.

        :raises NotFound: ``node_not_found``.
        :raises Conflict: ``node_name_taken``.
        :raises Invalid: ``name_invalid``.
        """
        scope.require(Role.ADMIN)
        wanted = check_name(name)
        row = await scope.store.awrite(lambda tx: nodes.rename(tx, id_, wanted))
        self._nodes.renamed(row)
        return self._shown(row)

    async def revoke(self, scope: Scope, id_: str) -> None:
        """End a node's membership, and the sessions that began through it; for admins. Its next
        call is refused.

        :raises NotFound: ``node_not_found``.
        """
        scope.require(Role.ADMIN)
        now = self._wall()

        def apply(tx: Transaction) -> None:
            nodes.revoke(tx, id_, now)
            _shut_out(tx, id_, now, "node_revoked")

        await scope.store.awrite(apply)
        self._nodes.revoked(scope.org, id_)

    async def remove(self, scope: Scope, id_: str) -> None:
        """Take a revoked node out of the list; for admins.

        :raises NotFound: ``node_not_found``.
        :raises Conflict: ``node_active``.
        """
        scope.require(Role.ADMIN)

        def apply(tx: Transaction) -> None:
            if nodes.get(tx, id_).revoked_at is None:
                raise Conflict("node_active", "The node is a member.", hint="Revoke it first.")
            nodes.remove(tx, id_)

        await scope.store.awrite(apply)
        self._nodes.forget(scope.org, id_)

    def _shown(self, row: NodeRow) -> Node:
        known = self._nodes.known(row.org, row.id)
        return shown(row, known, self._nodes.presence.state(row, known))

    def _pulse(self, org: str, name: str, at: int, membership: str | None) -> Pulse:
        facts = self._nodes.facts(org)
        if facts is None:
            raise machine_token_invalid()
        return Pulse(
            time=at,
            interval_seconds=self._nodes.presence.interval(),
            name=name,
            org=facts,
            keys_version=self._news.keys.version,
            revocations_version=self._news.lists.version(org),
            membership=membership,
            urls=list(self.options.urls()),
        )


def _shut_out(tx: Transaction, node: str, now: int, because: str) -> None:
    revocations.revoke_node(tx, node)
    accounts.end_sessions_through(tx, node, now, because)
