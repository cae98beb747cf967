"""All peers of a node: who gets a round when, which hub is chosen, what is told."""

import asyncio

import pytest

from tests.core.sync.replicas import Replica, plain
from unibos.base.errors import Unavailable
from unibos.core.store import collections, policies, records
from unibos.core.store.definitions import Export
from unibos.core.sync import export as exporting
from unibos.core.sync.exchange.progress import Outcome, Progress
from unibos.core.sync.schedule.hubs import Wishes
from unibos.core.sync.schedule.line import Partner
from unibos.core.sync.schedule.pace import Pace
from unibos.core.sync.schedule.sync import Options, Sync

PATIENCE = 30
DRAFT = plain().draft({"title": "x"})


class Link:
    """A way to a peer that nobody goes."""

    sent_bytes, received_bytes = 7, 9

    def __init__(self, peer, kind="hub"):
        self.peer, self.kind, self.address = peer, kind, f"https://{peer}"
        self.closed = False

    async def close(self):
        self.closed = True


class Rounds:
    """Rounds over such a link, as the test wants them."""

    def __init__(self, link):
        self.link = link
        self.gone = False
        self.ran = asyncio.Queue()

    async def run(self, told, *, pull=True, push=True):
        self.ran.put_nowait((pull, push))
        if self.gone:
            raise Unavailable("peer_unreachable", "Nobody there.")
        told(Progress("pull", "things", 1, 2))
        return Outcome(peer=self.link.peer, peer_name=f"hub {self.link.peer}", pulled=1, skew_ms=4)

    async def wait(self):
        await asyncio.Event().wait()

    async def round(self):
        async with asyncio.timeout(PATIENCE):
            return await self.ran.get()


class Made:
    """A node's sync over made-up rounds."""

    def __init__(self, replica, *hubs, **options):
        options.setdefault("pace", Pace(gather_s=0.0, retry_s=0.01, longest_s=0.01))
        self.rounds = {}
        self.sync = Sync(replica.local, replica.org, Options(**options), make=self._make)
        for hub in hubs:
            self.sync.add(Partner(hub, Link(hub)))

    def _make(self, link):
        self.rounds[link.peer] = Rounds(link)
        return self.rounds[link.peer]

    async def until(self, true):
        """Wait for something that an event brings about."""
        happened = asyncio.Event()
        unlisten = self.sync.events.listen(happened.set)
        async with asyncio.timeout(PATIENCE):
            while not await true():
                happened.clear()
                await happened.wait()
        unlisten()

    async def peer(self, number=0):
        return (await self.sync.status()).peers[number]


@pytest.fixture
def replica(tmp_path):
    one = Replica(tmp_path, "one")
    for name, export in (("things", Export.HUB), ("mine", Export.LOCAL)):
        one.home.write(
            lambda tx, name=name, export=export: collections.create(tx, plain(name, export))
        )
    yield one
    one.store.close()


def write(replica, collection):
    return replica.home.write(lambda tx: records.create(tx, collection, DRAFT))


def running(made, test):
    async def whole():
        now = made() if callable(made) else made
        now.sync.start()
        try:
            await test(now)
        finally:
            await now.sync.stop()

    asyncio.run(whole())


def test_a_write_here_causes_a_round(replica):
    async def test(made):
        await made.rounds["a"].round()
        write(replica, "things")
        await made.rounds["a"].round()

    running(lambda: Made(replica, "a"), test)


def test_what_stays_here_causes_none(replica):
    async def test(made):
        # The first round writes nothing down here, so the peer has to be known from before.
        await made.rounds["a"].round()
        write(replica, "mine")
        for _ in range(20):
            # Turns of the event loop and of the store's readers, so that a round would begin.
            assert (await made.peer()).lag_there == 0
        assert made.rounds["a"].ran.empty()
        write(replica, "things")
        await made.rounds["a"].round()
        assert (await made.sync.status()).peers[0].lag_there == 1
        await made.sync.now()
        assert made.rounds["a"].ran.qsize() == 1

    def made():
        from unibos.core.store import peers

        replica.home.write(lambda tx: peers.meet(tx, "a", "epoch", "hub", "A"))
        return Made(replica, "a")

    running(made, test)


def test_a_policy_that_changes_is_told_at_once(replica):
    async def test(made):
        await made.rounds["a"].round()
        replica.home.write(lambda tx: policies.set_own(tx, "mine", Export.HUB))
        await made.rounds["a"].round()
        replica.home.write(exporting.stop)
        await made.rounds["a"].round()

    running(lambda: Made(replica, "a"), test)


def test_a_pause_is_kept_over_restarts(replica):
    async def pausing(made):
        await made.rounds["a"].round()
        await made.sync.pause()
        assert (await made.sync.status()).paused

    running(lambda: Made(replica, "a"), pausing)

    async def paused(made):
        assert (await made.peer()).state == "paused"
        write(replica, "things")
        (tried,) = await made.sync.now()
        assert (tried.pulled, tried.error) == (1, None)
        assert made.rounds["a"].ran.qsize() == 1
        await made.sync.resume()
        await made.rounds["a"].round()
        await made.rounds["a"].round()
        assert not (await made.sync.status()).paused

    running(lambda: Made(replica, "a"), paused)


def test_on_a_metered_line_rounds_are_made_on_command_only(replica):
    async def test(made):
        status = await made.sync.status()
        assert (status.metered, status.paused) == (True, False)
        assert status.peers[0].state == "paused"
        await made.sync.resume()
        assert made.rounds["a"].ran.empty()
        assert (await made.sync.now())[0].error is None

    running(lambda: Made(replica, "a", metered=True), test)


def test_alone_there_is_nobody(replica):
    async def test(made):
        assert (await made.sync.status()).mode == "alone"
        assert await made.sync.now() == []

    running(lambda: Made(replica), test)


def test_writes_fail_over_and_come_back(replica):
    async def test(made):
        async def writes_to(key):
            return [p.id for p in (await made.sync.status()).peers if p.writes] == [key]

        await made.until(lambda: writes_to("a"))
        made.rounds["a"].gone = True
        made.sync.add(Partner("c", Link("c")))
        (tried, *_) = await made.sync.now()
        assert tried.error.code == "peer_unreachable"
        await made.until(lambda: writes_to("b"))
        assert made.sync.mode == "online"
        made.rounds["a"].gone = False
        await made.until(lambda: writes_to("a"))

    running(lambda: Made(replica, "a", "b", wishes=Wishes(failover_s=0.01)), test)


def test_with_all_hubs_gone_it_is_offline_and_says_so(replica):
    async def test(made):
        async def mode(wanted):
            return made.sync.mode == wanted

        await made.until(lambda: mode("online"))
        for rounds in made.rounds.values():
            rounds.gone = True
        await made.sync.now()
        await made.until(lambda: mode("offline"))
        for rounds in made.rounds.values():
            rounds.gone = False
        await made.until(lambda: mode("online"))
        told = [event for _, event in made.sync.events.after(0)]
        modes = [event.mode for event in told if event.what == "mode"]
        assert modes[-1] == "online"
        assert "offline" in modes
        assert {"failed", "round", "progress"} <= {event.what for event in told}

    running(lambda: Made(replica, "a", "b"), test)


def test_the_status_tells_of_each_peer(replica):
    async def test(made):
        async def once():
            return (await made.peer()).last_success is not None

        await made.until(once)
        peer = await made.peer()
        assert (peer.id, peer.name, peer.kind, peer.state) == ("a", "hub a", "hub", "idle")
        assert (peer.address, peer.sent_bytes, peer.received_bytes) == ("https://a", 7, 9)
        assert (peer.lag_here, peer.skew_ms, peer.last_error) == (0, 4, None)

    running(lambda: Made(replica, "a"), test)


def test_a_peer_that_is_removed_is_let_go(replica):
    async def test(made):
        await made.rounds["a"].round()
        await made.sync.remove("a")
        assert made.rounds["a"].link._link.closed
        assert (await made.sync.status()).peers == []

    running(lambda: Made(replica, "a"), test)


def test_only_the_newest_events_are_remembered(replica):
    events = Sync(replica.local, replica.org).events
    from unibos.core.sync.schedule.events import SyncEvent

    for number in range(1000):
        events.tell(SyncEvent(what="progress", done=number))
    assert [event.done for _, event in events.after(998)] == [998, 999]
    assert len(events.after(0)) == 256
    assert events.after(events.newest) == []
