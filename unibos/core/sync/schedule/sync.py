"""Sync of one node: the facade that its role starts and stops.

One :class:`Line` for each peer, and one choice among the hubs (:mod:`hubs` beside this). All
runs in one event loop; what is written here is noticed through :meth:`Store.listen`.
"""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock

from unibos.core.store import meta
from unibos.core.store.transaction import Changed
from unibos.core.sync.blobs.demand import BlobDemand
from unibos.core.sync.blobs.schedule import BlobSchedule
from unibos.core.sync.blobs.taking import BlobRules
from unibos.core.sync.exchange.link import PeerLink
from unibos.core.sync.exchange.round import Round
from unibos.core.sync.local import Local
from unibos.core.sync.schedule import hubs
from unibos.core.sync.schedule.events import SyncEvent, SyncEvents
from unibos.core.sync.schedule.hubs import NOWHERE, Wishes
from unibos.core.sync.schedule.line import Line, Partner, Tried
from unibos.core.sync.schedule.pace import Pace
from unibos.core.sync.schedule.schedule import Rounds, Times, Ways
from unibos.core.sync.schedule.status import Mode, SyncStatus, backlog_of

log = logging.getLogger(__name__)

_PAUSED = "sync_paused"
_TOLD_AT_ONCE = frozenset({"policy", "export"})
"""Topics of :meth:`Transaction.changed`: how far something may travel has changed."""
_TOPICS = frozenset({"record", *_TOLD_AT_ONCE})


@dataclass(frozen=True, slots=True)
class Options:
    """What the operator decides.

    :param metered: the line is metered, so no round is made but on command.
    :param blobs: which of them are taken.
    """

    wishes: Wishes = field(default_factory=Wishes)
    pace: Pace = field(default_factory=Pace)
    metered: bool = False
    blobs: BlobRules = field(default_factory=BlobRules)


class Sync:
    """All peers of a node, for one org.

    :param make: makes the rounds with a peer, over its link.

    :ivar events: what happens.
    """

    def __init__(
        self,
        local: Local,
        org: str,
        options: Options | None = None,
        *,
        make: Callable[[PeerLink], Rounds] | None = None,
        times: Times | None = None,
    ) -> None:
        self._local = local
        self._org = org
        self._options = options or Options()
        self._make = make or self._rounds
        self._times = times or Times()
        self._lines: dict[str, Line] = {}
        self._blobs: dict[PeerLink, BlobSchedule] = {}
        self._demand = BlobDemand(local, org, self._reached, self._options.blobs)
        self._choice = NOWHERE
        self._mode: Mode = "alone"
        self._paused = local.store.read(lambda view: meta.get(view, _PAUSED), org) is not None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._unlisten: Callable[[], None] | None = None
        self._again: asyncio.TimerHandle | None = None
        self._notice = Lock()
        self._noticed: set[str] = set()
        self.events = SyncEvents()

    @property
    def mode(self) -> Mode:
        """Whether any peer is within reach."""
        return self._mode

    @property
    def resting(self) -> bool:
        """Whether rounds are made on command only."""
        return self._paused or self._options.metered

    def start(self) -> None:
        """Begin, with a round with every peer at once."""
        self._loop = asyncio.get_running_loop()
        self._unlisten = self._local.store.listen(self._listen)
        for line in self._lines.values():
            line.schedule.start()
        self._consider()

    async def stop(self) -> None:
        """End all rounds and let go of connections."""
        if self._unlisten is not None:
            self._unlisten()
        self._loop = self._unlisten = None
        self._wait_until(None)
        await self._demand.stop()
        for line in self._lines.values():
            await self._end(line)

    def add(self, partner: Partner) -> Line:
        """Sync with one more peer from now on."""
        line = Line(
            self._local,
            self._org,
            partner,
            self._make,
            self._consider,
            self.events,
            self._options.pace,
            self._times,
        )
        self._lines[partner.key] = line
        if self.resting:
            line.schedule.pause()
        if self._loop is not None:
            line.schedule.start()
            self._consider()
        return line

    async def remove(self, key: str) -> None:
        """Sync with a peer no longer; does nothing where it is none."""
        line = self._lines.pop(key, None)
        if line is not None:
            await self._end(line)
            self._blobs.pop(line.link, None)
            self._consider()

    async def now(self) -> list[Tried]:
        """A whole round with every peer, also while it is paused; what came of each."""
        return list(await asyncio.gather(*(line.now() for line in self._lines.values())))

    async def pause(self) -> None:
        """Make rounds on command only, also after a restart, until :meth:`resume`."""
        if not self._paused:
            await self._local.store.awrite(lambda tx: meta.put(tx, _PAUSED, "1"), self._org)
            self._paused = True
        self._rest()
        for blobs in self._blobs.values():
            await blobs.stop()

    async def resume(self) -> None:
        """Go on after :meth:`pause`, with a round with every peer at once."""
        if self._paused:
            await self._local.store.awrite(lambda tx: meta.drop(tx, _PAUSED), self._org)
            self._paused = False
        self._rest()

    async def status(self) -> SyncStatus:
        """How it is with every peer."""
        known = await self._local.store.aread(lambda view: backlog_of(view, self._local), self._org)
        return SyncStatus(
            mode=self._mode,
            paused=self._paused,
            metered=self._options.metered,
            export_stopped=known.export_stopped,
            quarantined=sum(known.quarantined.values()),
            pending_blobs=known.pending.blobs,
            pending_bytes=known.pending.bytes,
            blob_troubles=known.blob_troubles,
            peers=[line.status(known) for line in self._lines.values()],
        )

    async def fetch_blob(self, org: str, sha256: str) -> bool:
        """Have a blob come now that is waited for here; whether it is here."""
        if org != self._org or self._paused:
            return False
        return await self._demand.fetch(sha256)

    def _reached(self) -> list[PeerLink]:
        """The ways to the peers within reach, the one that is read from first."""
        there = [line for line in self._lines.values() if line.schedule.there]
        there.sort(key=lambda line: line.partner.key != self._choice.read)
        return [line.link for line in there]

    def _rounds(self, link: PeerLink) -> Rounds:
        step = BlobSchedule(self._local, self._org, self._options.blobs)
        self._blobs[link] = step
        return Round(self._local, self._org, link, blobs=step)

    async def _end(self, line: Line) -> None:
        await line.schedule.stop()
        if line.link in self._blobs:
            await self._blobs[line.link].stop()
        await line.link.close()

    def _rest(self) -> None:
        for line in self._lines.values():
            if self.resting:
                line.schedule.pause()
            else:
                line.schedule.resume()

    def _listen(self, changes: list[Changed]) -> None:
        """On the writer thread: one call in the event loop for all that comes until it runs."""
        topics = {one.topic for one in changes if one.org == self._org} & _TOPICS
        loop = self._loop
        if not topics or loop is None:
            return
        with self._notice:
            if not self._noticed:
                loop.call_soon_threadsafe(self._changed)
            self._noticed |= topics

    def _changed(self) -> None:
        with self._notice:
            topics, self._noticed = self._noticed, set()
        for line in self._lines.values():
            if topics & _TOLD_AT_ONCE:
                line.schedule.hurry()
            else:
                line.schedule.changed()

    def _consider(self) -> None:
        """Choose among the hubs, and tell where that changes something."""
        if self._loop is None:
            return
        known = [line for line in self._lines.values() if line.link.kind == "hub"]
        seen, wishes = [line.seen() for line in known], self._options.wishes
        choice = hubs.choose(wishes, seen, self._times.steady(), self._choice)
        for line in known:
            key = line.partner.key
            line.schedule.go(Ways(key == choice.read, key == choice.write))
        moved = (choice.read, choice.write) != (self._choice.read, self._choice.write)
        self._choice = choice
        self._wait_until(choice.again)
        mode = self._mode_now()
        if moved or mode != self._mode:
            self._mode = mode
            log.info("sync: %s", mode, extra={"reads": choice.read, "writes": choice.write})
            self.events.tell(
                SyncEvent(what="mode", mode=mode, reads=choice.read, writes=choice.write)
            )

    def _mode_now(self) -> Mode:
        if not self._lines:
            return "alone"
        there = any(line.schedule.there for line in self._lines.values())
        return "online" if there else "offline"

    def _wait_until(self, again: float | None) -> None:
        if self._again is not None:
            self._again.cancel()
            self._again = None
        if again is not None and self._loop is not None:
            seconds = max(0.0, again - self._times.steady())
            self._again = self._loop.call_later(seconds, self._consider)
