"""The nodes that asked since the start, so that a request costs no look into the database.

It is right because one process owns the database, and only the registry's verbs change a node:
each of them tells what is remembered here before its caller is answered.
"""

import logging
import sys
from collections.abc import Callable, Iterable
from functools import partial
from itertools import islice

from unibos.base.base64url import from_base64url
from unibos.base.clock import Wall
from unibos.base.errors import Error, Forbidden, NotFound
from unibos.core.identity.link import OrgFacts
from unibos.core.identity.registry.machine_tokens import machine_token_invalid
from unibos.core.identity.registry.presence import (
    KeptReport,
    KnownNode,
    Pace,
    Presence,
    as_kept,
    facts_of,
    kept_as_of,
    report_of,
)
from unibos.core.identity.scope import Principal, Role, Scope
from unibos.core.store import nodes, orgs
from unibos.core.store.nodes import NodeRow
from unibos.core.store.store import Store
from unibos.core.store.transaction import Changed, Transaction, View

log = logging.getLogger(__name__)

_AT_ONCE = 500
"""Rows in one write, so that others need not wait long."""


class KnownNodes:
    """What a hub remembers of its nodes; for one event loop."""

    def __init__(
        self,
        store: Store,
        facts: Callable[[str], OrgFacts],
        pace: Pace,
        wall: Wall,
        monotonic: Callable[[], float],
    ) -> None:
        self._store = store
        self._facts = facts
        self.presence = Presence(pace, store.read(kept_as_of), wall, monotonic)
        self._known: dict[str, KnownNode] = {}
        self._open: dict[str, OrgFacts] = {}
        self._changes = 0
        self._end = store.listen(self._notice)

    def close(self) -> None:
        """Keep what nodes told last. That the disk is full is no reason not to stop."""
        self._end()
        heard = [one for one in self._known.values() if one.heard and one.kept_seen != one.seen_at]
        try:
            for told in _parts(heard):
                self._store.write(_keeping(told))
            if self._store.read(nodes.exist):
                self._store.write(self.presence.keep_as_of)
        except Error as error:
            _tell_not_kept(error)

    def find(self, id_: str) -> KnownNode | None:
        """A node by its instance id, of whatever org; None: it is of none."""
        known = self._known.get(id_)
        if known is None:
            # Nothing is awaited between the look and the entry, so no change comes between.
            row = self._store.read(lambda view: nodes.by_id(view, id_))
            known = self.add(row) if row else None
        return known

    def known(self, org: str, id_: str) -> KnownNode | None:
        """What is remembered of a node of this org."""
        known = self._known.get(id_)
        return known if known is not None and known.org == org else None

    def asking(self, scope: Scope) -> KnownNode:
        """The node behind a machine's scope.

        :raises Forbidden: ``node_required`` where somebody else asks, ``node_revoked``.
        :raises Unauthenticated: ``machine_token_invalid`` when it was removed meanwhile.
        """
        if scope.principal.kind != "node":
            raise Forbidden("node_required", "Only a node may ask this, with its machine token.")
        known = self.known(scope.org, scope.principal.id)
        if known is None:
            raise machine_token_invalid()
        require_standing(known)
        return known

    def add(self, row: NodeRow) -> KnownNode:
        """Remember a node as it is in the database."""
        report = report_of(row)
        known = KnownNode(
            org=sys.intern(row.org),
            id=row.id,
            name=row.name,
            public_key=from_base64url(row.public_key),
            member_until=row.member_until,
            revoked=row.revoked_at is not None,
            scope=self._scope(row),
            seen_at=row.seen_at,
            kept_seen=row.seen_at,
            kept=facts_of(report) if report else (),
        )
        self._known[row.id] = known
        return known

    def renamed(self, row: NodeRow) -> None:
        """A node has another name."""
        known = self.known(row.org, row.id)
        if known is not None:
            known.name, known.scope = row.name, self._scope(row)

    def revoked(self, org: str, id_: str) -> None:
        """A node is a member no longer."""
        known = self.known(org, id_)
        if known is not None:
            known.revoked = True

    def forget(self, org: str, id_: str) -> None:
        """A node is out of the list."""
        if self.known(org, id_) is not None:
            del self._known[id_]

    def facts(self, org: str) -> OrgFacts | None:
        """What nodes are told of their org; None: it is gone.

        :raises Forbidden: ``org_closing`` when it is about to be deleted.
        """
        known = self._open.get(org)
        if known is not None:
            return known
        before = self._changes
        try:
            self._store.read(orgs.require_open, org)
            known = self._facts(org)
        except NotFound:
            self._known = {id_: one for id_, one in self._known.items() if one.org != org}
            return None
        self._open[org] = known
        if self._changes != before:
            self._open.pop(org, None)
        return known

    async def renew(self, known: KnownNode, until: int) -> None:
        """Take note that a node was given a new membership. Where it is not kept, the node gets
        another one after the next start, which does no harm."""
        known.member_until = until
        try:
            await self._store.awrite(lambda tx: nodes.renew(tx, known.id, until), known.org)
        except Error as error:
            _tell_not_kept(error)

    async def keep_when_due(self) -> None:
        """Every ten minutes: keep what is worth it. Where it fails, the next time will do."""
        if not self.presence.due():
            return
        worth = [one for one in self._known.values() if self.presence.worth_keeping(one)]
        try:
            for told in _parts(worth):
                await self._store.awrite(_keeping(told))
        except Error as error:
            _tell_not_kept(error)

    def _scope(self, row: NodeRow) -> Scope:
        principal = Principal("node", row.id, row.name)
        held = partial(self._stands, row.org, row.id)
        return Scope(row.org, self._store.org(row.org), principal, Role.VIEWER, held=held)

    def _stands(self, org: str, id_: str, _: View) -> bool:
        known = self.known(org, id_)
        return known is not None and not known.revoked

    def _notice(self, changes: list[Changed]) -> None:
        """Look again at an org that changed; on the writer thread."""
        for change in changes:
            if change.topic == orgs.TOPIC:
                self._changes += 1
                self._open.pop(change.id, None)


def require_standing(known: KnownNode) -> None:
    """Let only nodes pass that are members still.

    :raises Forbidden: ``node_revoked``.
    """
    if known.revoked:
        raise nodes.revoked()


def _parts(nodes_: Iterable[KnownNode]) -> Iterable[list[KnownNode]]:
    rest = iter(nodes_)
    while part := list(islice(rest, _AT_ONCE)):
        yield part


def _keeping(told: list[KnownNode]) -> Callable[[Transaction], None]:
    rows: list[KeptReport] = [as_kept(one) for one in told]
    kept = [(one, one.seen_at, facts_of(one.report) if one.report else ()) for one in told]

    def keep(tx: Transaction) -> None:
        nodes.keep_reports(tx, rows)
        tx.after_commit.append(note)

    def note() -> None:
        for one, seen_at, facts in kept:
            one.kept_seen, one.kept = seen_at, facts

    return keep


def _tell_not_kept(error: Error) -> None:
    log.warning("what nodes told is not kept", extra={"code": error.code, "detail": error.detail})
