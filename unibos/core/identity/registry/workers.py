"""The workers of a hub or a node, from joining to leaving.

Its rows are the only truth about who may take jobs here. A worker joins with a token as a node
does, and proves itself with machine tokens; a process of this machine, over the local socket, need
not join. What they may do, and do, with jobs is the business of ``core.jobs.leasing``.
"""

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from unibos.base.base64url import base64url
from unibos.base.clock import Wall, wall_ms
from unibos.base.errors import Conflict, Forbidden, Unauthenticated
from unibos.core.identity import throttle
from unibos.core.identity.keys import instance_id
from unibos.core.identity.registry.join_proof import check_proof
from unibos.core.identity.registry.join_tokens import JoinTokens
from unibos.core.identity.registry.known_workers import KnownWorker, KnownWorkers
from unibos.core.identity.registry.machine_tokens import MachineReader, machine_token_invalid
from unibos.core.identity.registry.presence import Pace
from unibos.core.identity.registry.worker_events import WorkerEvent, WorkerEvents
from unibos.core.identity.registry.worker_shapes import (
    Worker,
    WorkerEnrolled,
    WorkerEnrollment,
    WorkerPage,
    shown,
    shown_local,
)
from unibos.core.identity.scope import Role, Scope
from unibos.core.identity.throttle import Throttle
from unibos.core.identity.users import check_name
from unibos.core.store import orgs, workers
from unibos.core.store.claimant import Claimant
from unibos.core.store.job import Locality
from unibos.core.store.paging import behind, page_of
from unibos.core.store.store import Store
from unibos.core.store.transaction import Transaction
from unibos.core.store.worker_facts import WorkerFacts
from unibos.core.store.workers import WorkerRow

MAX_LOCAL_NAME = 64


@dataclass(frozen=True, slots=True)
class Options:
    """What a role decides.

    :param id: the instance that the workers take jobs from.
    :param name: what it is called.
    :param urls: where it is reached, best first.
    :param place: where workers are that joined; see :class:`Claimant`.
    :param local_place: where those of the local socket are.
    """

    id: str
    name: str
    role: Literal["hub", "node"]
    urls: Callable[[], Sequence[str]]
    place: Locality
    local_place: Locality
    pace: Pace = Pace()


class Workers:
    """The workers of one instance; for one event loop.

    :param reader: takes machine tokens, each for once.
    :ivar events: what happens to them.
    """

    def __init__(
        self,
        store: Store,
        tokens: JoinTokens,
        reader: MachineReader,
        options: Options,
        *,
        wall: Wall = wall_ms,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._tokens = tokens
        self._reader = reader
        self.options = options
        self._wall = wall
        self._slow = Throttle(monotonic)
        self.events = WorkerEvents()
        self._workers = KnownWorkers(
            store, options.pace, options.place, options.local_place, wall, monotonic
        )

    def close(self) -> None:
        """Have the database know when workers were seen last."""
        self._workers.close()

    async def enroll(self, asked: WorkerEnrollment, address: str) -> WorkerEnrolled:
        """Make an instance a worker of the join token's org.

        A worker that joins its org again keeps its name. Who asks a second time with the same
        token, because the answer was lost, gets it again.

        :param address: the client's, by which guesses are slowed.
        :raises Unauthenticated: ``join_token_invalid``, ``join_proof_invalid``.
        :raises Forbidden: ``join_token_expired``, ``join_token_role_wrong``, ``org_closing``.
        :raises Conflict: ``join_token_used``, ``worker_elsewhere``, ``too_many_workers``.
        :raises Invalid: ``name_invalid``.
        :raises TooMany: ``too_many_attempts``.
        """
        slow = throttle.address(address)
        self._slow.check(slow)
        try:
            token = self._tokens.find(asked.secret, "worker")
            raw = check_proof(asked.proof, asked.public_key, self.options.id, asked.secret)
        except Unauthenticated:
            self._slow.failed(slow)
            raise
        now = self._wall()
        wanted = WorkerRow(
            org=token.org,
            id=instance_id(Ed25519PublicKey.from_public_bytes(raw)),
            name=check_name(asked.name),
            all_orgs=token.all_orgs,
            public_key=base64url(raw),
            join_token=token.id,
            facts=asked.facts.text,
            joined_at=now,
            seen_at=now,
        )
        row, org = await self._store.awrite(lambda tx: self._admit(tx, wanted), token.org)
        known = self._workers.add(row)
        at = self._workers.hear(known, asked.facts, 0, stopping=False)
        return WorkerEnrolled(
            source=self.options.id,
            source_name=self.options.name,
            role=self.options.role,
            name=row.name,
            org=row.org,
            org_name=org,
            all_orgs=row.all_orgs,
            urls=list(self.options.urls()),
            time=at,
            heartbeat_seconds=self._workers.presence.interval(),
        )

    def _admit(self, tx: Transaction, wanted: WorkerRow) -> tuple[WorkerRow, str]:
        self._tokens.require_live(tx, wanted.join_token)
        orgs.require_open(tx)
        present = workers.by_id(tx, wanted.id)
        active = present is not None and present.revoked_at is None
        if present is not None and active and present.org != tx.org:
            raise Conflict(
                "worker_elsewhere",
                "This instance is a worker of another org.",
                hint="Let it leave that org first: unibos-worker leave",
            )
        if present is None or not active or present.join_token != wanted.join_token:
            self._tokens.spend(tx, wanted.join_token)
        same = present is not None and present.org == tx.org
        name = present.name if present and same else workers.free_name(tx, wanted.name)
        row = replace(wanted, name=name)
        workers.put(tx, row)
        self._tell(tx, "joined", row)
        return row, orgs.get(tx).name

    def machine(self, token: str) -> Scope:
        """The scope of the worker that signed a machine token; it opens leases alone.

        :raises Unauthenticated: ``machine_token_invalid``, ``machine_token_used``,
            ``machine_token_expired`` with ``time``.
        :raises Forbidden: ``worker_revoked``, ``org_closing``.
        """
        known = self._workers.find(self._reader.named(token))
        if known is None:
            raise machine_token_invalid()
        ticket = self._reader.read(token, known.id, known.public_key)
        _require_standing(known)
        org = self._store.read(orgs.find, known.org)
        if org is None:
            self._workers.forget(known.id)
            raise machine_token_invalid()
        if org.delete_after is not None:
            raise orgs.closing(org)
        self._reader.accept(ticket)
        return known.scope

    def asking(self, scope: Scope, name: str = "") -> KnownWorker:
        """The worker behind a scope.

        :param name: what one of the local socket calls itself.
        :raises Forbidden: ``worker_required``, ``worker_revoked``.
        :raises Unauthenticated: ``machine_token_invalid`` when it was removed meanwhile.
        """
        if scope.principal.kind == "local":
            shown = name if name.isprintable() else ""
            return self._workers.local(scope, shown[:MAX_LOCAL_NAME])
        if scope.principal.kind != "worker":
            raise Forbidden("worker_required", "Only a worker may ask this, with its own token.")
        known = self._workers.known(scope.principal.id)
        if known is None:
            raise machine_token_invalid()
        _require_standing(known)
        return known

    async def sign(
        self, known: KnownWorker, facts: WorkerFacts | None, running: int, *, stopping: bool
    ) -> int:
        """Take note that a worker lives; the time of it, in milliseconds since 1970."""
        at = self._workers.hear(known, facts, running, stopping=stopping)
        await self._workers.keep_facts(known)
        return at

    def interval(self) -> int:
        """After how many seconds a worker shall give its next sign of life."""
        return self._workers.presence.interval()

    async def leave(self, known: KnownWorker) -> None:
        """Be a worker no longer. One of the local socket has nothing to leave."""
        if known.public_key:

            def apply(tx: Transaction) -> None:
                self._tell(tx, "left", workers.get(tx, known.id))
                workers.remove(tx, known.id)

            await self._store.awrite(apply, known.org)
            self._workers.forget(known.id)

    async def page(self, scope: Scope, limit: int = 50, cursor: str | None = None) -> WorkerPage:
        """One page of the org's workers, those that were revoked among them; on the first one
        also those of the local socket, for who runs the instance or belongs to its only org.

        :raises Invalid: ``cursor_invalid``.
        """
        after = behind(cursor, lambda text: 0 < len(text) <= 64)
        found = await scope.store.aread(lambda view: workers.page(view, after, limit + 1))
        page, following = page_of(found, limit)
        here: list[Worker] = []
        if cursor is None and (scope.operator or self.options.role == "node"):
            here = [shown_local(one, self._workers.state(one)) for one in self._workers.locals()]
        return WorkerPage([*here, *(self._shown(row) for row in page)], following)

    async def get(self, scope: Scope, id_: str) -> Worker:
        """One worker of the org.

        :raises NotFound: ``worker_not_found``.
        """
        return self._shown(scope.store.read(lambda view: workers.get(view, id_)))

    def counts(self, org: str | None) -> dict[str, int]:
        """The number of workers by state, of one org or (None) of all, for operators."""
        rows = self._store.read(lambda view: workers.everything(view, org))
        return dict(Counter(str(self._shown(row).state.value) for row in rows))

    def claimants(self, org: str | None) -> list[tuple[str, Claimant, str]]:
        """Those that work for an org, or (None) all: name, what they take, and state.

        Workers for all orgs have no name for those who do not run the hub.
        """
        rows = self._store.read(lambda view: workers.everything(view, org))
        found = []
        for row in rows:
            claimant = self._workers.claimant(row)
            if claimant is not None:
                name = row.name if row.org == org or org is None else "a worker of the hub"
                found.append((name, claimant, str(self._shown(row).state.value)))
        found += [
            (one.name, one.claimant, str(self._workers.state(one).value))
            for one in self._workers.locals()
            if one.claimant is not None
        ]
        return found

    async def rename(self, scope: Scope, id_: str, name: str) -> Worker:
        """Call a worker otherwise; for admins.

        :raises NotFound: ``worker_not_found``.
        :raises Conflict: ``worker_name_taken``.
        :raises Invalid: ``name_invalid``.
        """
        scope.require(Role.ADMIN)
        wanted = check_name(name)

        def apply(tx: Transaction) -> WorkerRow:
            row = workers.rename(tx, id_, wanted)
            self._tell(tx, "renamed", row)
            return row

        row = await scope.store.awrite(apply)
        self._workers.renamed(row)
        return self._shown(row)

    async def revoke(self, scope: Scope, id_: str) -> None:
        """Have a worker take no more jobs; for admins. Its next call is refused.

        :raises NotFound: ``worker_not_found``.
        """
        scope.require(Role.ADMIN)
        now = self._wall()

        def apply(tx: Transaction) -> None:
            workers.revoke(tx, id_, now)
            self._tell(tx, "revoked", workers.get(tx, id_))

        await scope.store.awrite(apply)
        self._workers.revoked(id_)

    async def remove(self, scope: Scope, id_: str) -> None:
        """Take a revoked worker out of the list; for admins.

        :raises NotFound: ``worker_not_found``.
        :raises Conflict: ``worker_active``.
        """
        scope.require(Role.ADMIN)

        def apply(tx: Transaction) -> None:
            if workers.get(tx, id_).revoked_at is None:
                raise Conflict("worker_active", "The worker takes jobs.", hint="Revoke it first.")
            workers.remove(tx, id_)

        await scope.store.awrite(apply)
        self._workers.forget(id_)

    def _tell(
        self, tx: Transaction, what: Literal["joined", "renamed", "revoked", "left"], row: WorkerRow
    ) -> None:
        tx.after_commit.append(self.events.telling(tx.org, WorkerEvent(what, row.id, row.name)))

    def _shown(self, row: WorkerRow) -> Worker:
        known = self._workers.known(row.id)
        return shown(row, known, self._workers.presence.state(row, known))


def _require_standing(known: KnownWorker) -> None:
    if known.revoked:
        raise workers.revoked()
