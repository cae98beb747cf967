"""One peer that this node asks: the way to it, its rounds, and what there is to tell of it."""

from collections.abc import Callable
from dataclasses import dataclass

from msgspec import Struct

from unibos.base.clock import iso
from unibos.base.errors import Error
from unibos.core.store import peers
from unibos.core.store.transaction import View
from unibos.core.sync.exchange.link import PeerLink
from unibos.core.sync.exchange.progress import Outcome, Progress
from unibos.core.sync.local import Local
from unibos.core.sync.schedule import status
from unibos.core.sync.schedule.events import SyncEvent, SyncEvents
from unibos.core.sync.schedule.hubs import Seen
from unibos.core.sync.schedule.latency import Timed
from unibos.core.sync.schedule.pace import Pace
from unibos.core.sync.schedule.schedule import Failure, Hooks, Rounds, Schedule, Times
from unibos.core.sync.schedule.status import Backlog, LastError, PeerStatus


@dataclass(frozen=True, slots=True)
class Partner:
    """A peer to sync with.

    :param key: a hub's instance id, or the address of a node.
    :param name: what people call it; empty: what it says itself.
    :param reached: called after each round that went well.
    """

    key: str
    link: PeerLink
    name: Callable[[], str] = str
    reached: Callable[[], object] = str


class Tried(Struct, frozen=True, kw_only=True):
    """What came of a round that was asked for; ``error`` is null where it went well."""

    id: str
    name: str
    pulled: int = 0
    pushed: int = 0
    quarantined: int = 0
    conflicts: int = 0
    error: LastError | None = None


class Line:
    """One peer with its schedule.

    :param make: makes the rounds over a link.
    :param moved: called when the schedule is in another state, or a round has ended.
    """

    def __init__(
        self,
        local: Local,
        org: str,
        partner: Partner,
        make: Callable[[PeerLink], Rounds],
        moved: Callable[[], None],
        events: SyncEvents,
        pace: Pace,
        times: Times,
    ) -> None:
        self._local = local
        self._org = org
        self._moved = moved
        self._events = events
        self._told: tuple[Outcome | None, Failure | None] = None, None
        self._behind: int | None = None
        self.partner = partner
        self.link = Timed(partner.link, times.steady)
        hooks = Hooks(self._unsent, self._progress, self._looked)
        self.schedule = Schedule(partner.key, make(self.link), hooks, pace, times=times)

    @property
    def id(self) -> str:
        """The peer's instance id, or its address while that is not known."""
        return self.link.peer or self.partner.key

    @property
    def name(self) -> str:
        """What people call it."""
        outcome = self.schedule.outcome
        return self.partner.name() or (outcome.peer_name if outcome else "") or self.partner.key

    def seen(self) -> Seen:
        """As a hub among several."""
        known = self.schedule
        return Seen(self.partner.key, self.name, known.gone_since, self.link.latency_s)

    def back(self) -> None:
        """Others reached the peer, so what failed may go well now."""
        if self.schedule.state == "failing":
            self.schedule.hurry()

    def lost(self) -> None:
        """Others do not reach the peer any more: find out whether rounds do."""
        if self.schedule.state == "idle":
            self.schedule.hurry()

    async def now(self) -> Tried:
        """A whole round, and what came of it."""
        try:
            outcome = await self.schedule.now()
        except Error as error:
            told = LastError(error.code, error.detail, iso(self._local.now()))
            return Tried(id=self.id, name=self.name, error=told)
        return Tried(
            id=self.id,
            name=self.name,
            pulled=outcome.pulled,
            pushed=outcome.pushed,
            quarantined=outcome.quarantined,
            conflicts=outcome.conflicts,
        )

    def status(self, known: Backlog) -> PeerStatus:
        """How it is."""
        schedule, latency = self.schedule, self.link.latency_s
        outcome, failure = schedule.outcome, schedule.failure
        at, ways = schedule.succeeded_at, schedule.ways
        return PeerStatus(
            id=self.id,
            name=self.name,
            kind=self.link.kind,
            address=self.link.address,
            state=schedule.state,
            reads=ways.pull,
            writes=ways.push,
            latency_ms=None if latency is None else round(latency * 1000, 1),
            lag_here=self._behind,
            lag_there=known.unsent.get(self.id),
            last_success=None if at is None else iso(at),
            last_error=_error(failure) if failure else None,
            troubles={one.collection: one.code for one in outcome.troubles} if outcome else {},
            sent_bytes=self.link.sent_bytes,
            received_bytes=self.link.received_bytes,
            skew_ms=outcome.skew_ms if outcome else None,
            quarantined=known.quarantined.get(self.id, 0),
        )

    async def _unsent(self) -> bool:
        def look(view: View) -> bool:
            peer = peers.latest(view).get(self.link.peer)
            return peer is None or status.unsent(view, self._local, peer, limit=1) > 0

        return await self._local.store.aread(look, self._org)

    def _progress(self, progress: Progress) -> None:
        if progress.step == "pull":
            self._behind = progress.total - progress.done
        self._events.tell(
            SyncEvent(
                what="progress",
                peer=self.id,
                name=self.name,
                step=progress.step,
                collection=progress.collection,
                done=progress.done,
                total=progress.total,
            )
        )

    def _looked(self) -> None:
        """Tell of a round that ended, and let the facade look."""
        outcome, failure = self.schedule.outcome, self.schedule.failure
        before = self._told
        self._told = outcome, failure
        if failure is not before[1] and failure is not None:
            self._events.tell(
                SyncEvent(what="failed", peer=self.id, name=self.name, code=failure.error.code)
            )
        if outcome is not before[0] and outcome is not None:
            if self.schedule.ways.pull:
                self._behind = 0
            self._tell_round(outcome)
            self.partner.reached()
        self._moved()

    def _tell_round(self, outcome: Outcome) -> None:
        if not (outcome.pulled or outcome.pushed or outcome.quarantined):
            return
        self._events.tell(
            SyncEvent(
                what="round",
                peer=self.id,
                name=self.name,
                pulled=outcome.pulled,
                pushed=outcome.pushed,
                quarantined=outcome.quarantined,
                conflicts=outcome.conflicts,
            )
        )


def _error(failure: Failure) -> LastError:
    return LastError(failure.error.code, failure.error.detail, iso(failure.at))
