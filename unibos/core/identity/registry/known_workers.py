"""The workers that asked since the start, so that a request costs no look into the database.

It is right because one process owns the database, and only the registry's verbs change a worker:
each of them tells what is remembered here before its caller is answered. Signs of life stay in
memory; the database hears of facts when they change, and of the rest at a stop.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from unibos.base.base64url import from_base64url
from unibos.base.clock import Wall
from unibos.base.errors import Error
from unibos.core.identity.registry.presence import Pace, Presence, State, kept_as_of
from unibos.core.identity.scope import Principal, Role, Scope
from unibos.core.store import workers
from unibos.core.store.claimant import Claimant
from unibos.core.store.job import Locality
from unibos.core.store.store import Store
from unibos.core.store.transaction import Transaction, View
from unibos.core.store.worker_facts import WorkerFacts, claimant_of, read_facts
from unibos.core.store.workers import WorkerRow

log = logging.getLogger(__name__)

_AS_OF = "workers_as_of"
MAX_LOCAL = 64
"""Workers of the local socket that are remembered; the one that was silent longest is not."""


@dataclass(slots=True)
class KnownWorker:
    """A worker that asked since the start.

    :param id: its instance id; for one of the local socket, ``local:`` and what it calls itself.
    :param public_key: raw; empty for one of the local socket.
    :param heard: when it last told of itself, on the monotonic clock; None: not since the start.
    :param claimant: who asks for jobs; None until it has told its facts.
    """

    org: str
    id: str
    name: str
    all_orgs: bool
    public_key: bytes
    revoked: bool
    scope: Scope
    seen_at: int
    facts: WorkerFacts | None = None
    claimant: Claimant | None = None
    heard: float | None = None
    running: int = 0
    stopping: bool = False
    kept_seen: int = 0
    kept_facts: str = ""


class KnownWorkers:
    """What an instance remembers of its workers; for one event loop.

    :param place: where workers are that joined, and ``local_place`` where those of the local
        socket are; see :class:`Claimant`.
    """

    def __init__(
        self,
        store: Store,
        pace: Pace,
        place: Locality,
        local_place: Locality,
        wall: Wall,
        monotonic: Callable[[], float],
    ) -> None:
        self._store = store
        self._place = place
        self._local_place = local_place
        self._wall = wall
        as_of = store.read(lambda view: kept_as_of(view, _AS_OF))
        self.presence = Presence(pace, as_of, wall, monotonic, fact=_AS_OF)
        self._known: dict[str, KnownWorker] = {}
        self._local: dict[str, KnownWorker] = {}

    def close(self) -> None:
        """Keep when workers were seen last. That the disk is full is no reason not to stop."""
        heard = [one for one in self._known.values() if one.kept_seen != one.seen_at]
        try:
            if heard:
                self._store.write(partial(workers.keep, told=[_kept(one) for one in heard]))
            if self._store.read(workers.exist):
                self._store.write(self.presence.keep_as_of)
        except Error as error:
            log.warning("what workers told is not kept", extra={"code": error.code})

    def find(self, id_: str) -> KnownWorker | None:
        """A worker that joined, of whatever org; None: there is no such."""
        known = self._known.get(id_)
        if known is None:
            # Nothing is awaited between the look and the entry, so no change comes between.
            row = self._store.read(lambda view: workers.by_id(view, id_))
            known = self.add(row) if row else None
        return known

    def known(self, id_: str) -> KnownWorker | None:
        """What is remembered of a worker that joined."""
        return self._known.get(id_)

    def local(self, scope: Scope, name: str) -> KnownWorker:
        """A worker that asks over the local socket.

        :param name: what it calls itself, so that several can ask.
        """
        id_ = f"local:{name or scope.principal.id}"
        known = self._local.get(id_)
        if known is None:
            if len(self._local) >= MAX_LOCAL:
                longest = min(self._local.values(), key=lambda one: one.heard or 0.0)
                del self._local[longest.id]
            known = KnownWorker(
                org=scope.org,
                id=id_,
                name=name or id_,
                all_orgs=True,
                public_key=b"",
                revoked=False,
                scope=scope,
                seen_at=self._wall(),
            )
            self._local[id_] = known
        return known

    def locals(self) -> list[KnownWorker]:
        """Those that asked over the local socket and are not long gone."""
        return [one for one in self._local.values() if self.state(one) is not State.OFFLINE]

    def state(self, known: KnownWorker) -> State:
        """How a worker of the local socket is."""
        return self.presence.since(known.heard)

    def add(self, row: WorkerRow) -> KnownWorker:
        """Remember a worker as it is in the database."""
        known = KnownWorker(
            org=row.org,
            id=row.id,
            name=row.name,
            all_orgs=row.all_orgs,
            public_key=from_base64url(row.public_key),
            revoked=row.revoked_at is not None,
            scope=self._scope(row),
            seen_at=row.seen_at,
            kept_seen=row.seen_at,
            kept_facts=row.facts,
        )
        self._learn(known, read_facts(row.facts))
        self._known[row.id] = known
        return known

    def hear(
        self, known: KnownWorker, facts: WorkerFacts | None, running: int, *, stopping: bool
    ) -> int:
        """Take note of a sign of life; the time of it, in milliseconds since 1970."""
        known.seen_at = self._wall()
        known.heard = self.presence.now()
        known.running, known.stopping = running, stopping
        if facts is not None and facts != known.facts:
            self._learn(known, facts)
        return known.seen_at

    async def keep_facts(self, known: KnownWorker) -> None:
        """Keep what a worker told of itself; writes nothing where it is kept so."""
        if not known.public_key or known.facts is None or known.facts.text == known.kept_facts:
            return
        told = _kept(known)
        await self._store.awrite(lambda tx: _keep(tx, told))
        known.kept_facts, known.kept_seen, _ = told

    def renamed(self, row: WorkerRow) -> None:
        """A worker has another name."""
        known = self._known.get(row.id)
        if known is not None:
            known.name, known.scope = row.name, self._scope(row)

    def revoked(self, id_: str) -> None:
        """A worker may take jobs no longer."""
        known = self._known.get(id_)
        if known is not None:
            known.revoked = True

    def forget(self, id_: str) -> None:
        """A worker is out of the list."""
        self._known.pop(id_, None)

    def claimant(self, row: WorkerRow) -> Claimant | None:
        """A worker as the claim of jobs sees it; None where its facts are not known."""
        known = self._known.get(row.id)
        if known is not None:
            return known.claimant
        facts = read_facts(row.facts)
        if facts is None:
            return None
        org = None if row.all_orgs else row.org
        return claimant_of(facts, owner=row.id, place=self._place, org=org)

    def _learn(self, known: KnownWorker, facts: WorkerFacts | None) -> None:
        known.facts = facts
        if facts is None:
            return
        known.claimant = claimant_of(
            facts,
            owner=known.id,
            place=self._place if known.public_key else self._local_place,
            org=None if known.all_orgs else known.org,
        )

    def _scope(self, row: WorkerRow) -> Scope:
        principal = Principal("worker", row.id, row.name)
        held = partial(self._stands, row.id)
        return Scope(row.org, self._store.org(row.org), principal, Role.VIEWER, held=held)

    def _stands(self, id_: str, _: View) -> bool:
        known = self._known.get(id_)
        return known is not None and not known.revoked


def _kept(known: KnownWorker) -> tuple[str, int, str]:
    text = known.facts.text if known.facts is not None else known.kept_facts
    return text, known.seen_at, known.id


def _keep(tx: Transaction, told: tuple[str, int, str]) -> None:
    workers.keep(tx, [told])
