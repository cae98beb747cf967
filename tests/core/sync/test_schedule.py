"""Rounds on changes, on news, at intervals, after failures; with a clock that stands still."""

import asyncio

import pytest

from unibos.base.errors import Conflict, Unavailable
from unibos.core.sync.exchange.progress import Outcome
from unibos.core.sync.schedule.pace import Pace
from unibos.core.sync.schedule.schedule import Hooks, Schedule, Times, Ways

GONE = Unavailable("peer_unreachable", "Nobody there.")
PATIENCE = 30


class Peer:
    """Rounds that a test answers."""

    def __init__(self):
        self.ran = []
        self.failures = []
        self.pulled = 0
        self.news = asyncio.Queue()
        self.held = None
        self.rounds = asyncio.Queue()

    async def run(self, told, *, pull=True, push=True):
        self.ran.append((pull, push))
        self.rounds.put_nowait((pull, push))
        if self.held is not None:
            await self.held.wait()
        if self.failures:
            raise self.failures.pop(0)
        return Outcome(peer="them", pulled=self.pulled)

    async def wait(self):
        answer = await self.news.get()
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def round(self):
        """The next round that begins."""
        async with asyncio.timeout(PATIENCE):
            return await self.rounds.get()


class Clock:
    """Seconds that pass when a test says so, or when somebody has to wait for nothing else."""

    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


class Made:
    """A schedule, its peer and its clock."""

    def __init__(self, **pace):
        self.peer, self.clock, self.unsent, self.moved = Peer(), Clock(), True, asyncio.Event()
        hooks = Hooks(self._unsent, lambda progress: None, self.moved.set)
        times = Times(wall=lambda: 5, steady=self.clock, chance=lambda: 0.5)
        self.schedule = Schedule("them", self.peer, hooks, Pace(**pace), times=times)

    async def _unsent(self):
        return self.unsent

    async def settled(self):
        """Wait until no round runs, and every task has had its turn."""
        async with asyncio.timeout(PATIENCE):
            while self.schedule.state == "running":
                self.moved.clear()
                await self.moved.wait()
        for _ in range(5):
            await asyncio.sleep(0)


@pytest.fixture
def run():
    """Runs a test with a schedule that is started and stopped."""

    def running(test, **pace):
        async def whole():
            made = Made(**pace)
            made.schedule.start()
            try:
                assert await made.peer.round() == (True, True)
                await made.settled()
                await test(made)
            finally:
                await made.schedule.stop()

        asyncio.run(whole())

    return running


def test_a_change_here_causes_a_round(run):
    async def test(made):
        assert made.schedule.state == "idle"
        made.clock.now += 1
        made.schedule.changed()
        made.clock.now += 1
        await made.peer.round()

    run(test)


def test_a_change_that_came_from_the_peer_causes_none(run):
    async def test(made):
        made.unsent = False
        made.schedule.changed()
        made.clock.now += 1
        for _ in range(5):
            await made.settled()
        assert len(made.peer.ran) == 1
        made.unsent = True
        made.schedule.changed()
        made.clock.now += 1
        await made.peer.round()
        assert len(made.peer.ran) == 2

    run(test, gather_s=0.0)


def test_changes_close_together_are_one_round(run):
    async def test(made):
        for _ in range(20):
            made.schedule.changed()
        made.clock.now += 1
        await made.peer.round()
        await made.settled()
        assert len(made.peer.ran) == 2

    run(test)


def test_a_change_during_a_round_is_taken_by_the_next(run):
    async def test(made):
        made.peer.held = asyncio.Event()
        made.schedule.hurry()
        await made.peer.round()
        made.schedule.changed()
        made.clock.now += 1
        made.peer.held.set()
        await made.peer.round()

    run(test)


def test_news_there_cause_a_round_that_asks_again(run):
    async def test(made):
        made.peer.news.put_nowait(False)
        made.clock.now += 50
        made.peer.news.put_nowait(True)
        await made.peer.round()
        await made.settled()
        made.peer.news.put_nowait(True)
        await made.peer.round()

    run(test)


def test_a_failure_waits_and_a_peer_that_is_back_is_asked_at_once(run):
    async def test(made):
        made.peer.failures = [GONE]
        made.schedule.hurry()
        await made.peer.round()
        await made.settled()
        assert made.schedule.state == "failing"
        assert made.schedule.gone_since == 1000.0
        assert made.schedule.failure.error.code == "peer_unreachable"
        made.schedule.changed()
        await made.settled()
        assert len(made.peer.ran) == 2
        made.schedule.hurry()
        await made.peer.round()
        await made.settled()
        assert made.schedule.state == "idle"
        assert made.schedule.gone_since is None

    run(test, interval_s=1e9)


def test_a_peer_that_refuses_is_not_gone(run):
    async def test(made):
        made.peer.failures = [Unavailable("export_stopped", "No."), Conflict("nope", "No.")]
        for _ in range(2):
            made.schedule.hurry()
            await made.peer.round()
            await made.settled()
            assert made.schedule.state == "failing"
            assert made.schedule.gone_since is None
            assert made.schedule.there

    run(test)


def test_a_peer_whose_news_bring_nothing_is_not_asked_all_the_time(run):
    async def test(made):
        for _ in range(9):
            made.peer.news.put_nowait(True)
            await made.settled()
        assert len(made.peer.ran) == 3
        # A change here does not wait for that.
        made.schedule.changed()
        made.clock.now += 0.1
        await made.settled()
        assert len(made.peer.ran) == 4

    run(test)


def test_a_line_that_breaks_while_asking_for_news_is_a_failure(run):
    async def test(made):
        made.peer.news.put_nowait(GONE)
        async with asyncio.timeout(PATIENCE):
            while made.schedule.state != "failing":
                await made.moved.wait()
                made.moved.clear()
                await asyncio.sleep(0)
        assert made.schedule.gone_since is not None

    run(test)


def test_paused_it_makes_rounds_on_command_only(run):
    async def test(made):
        made.schedule.pause()
        made.schedule.changed()
        made.clock.now += 1e6
        await made.settled()
        assert made.schedule.state == "paused"
        assert len(made.peer.ran) == 1
        assert (await made.schedule.now()).peer == "them"
        assert len(made.peer.ran) == 2
        made.schedule.resume()
        made.peer.rounds.get_nowait()
        await made.peer.round()

    run(test)


def test_what_is_asked_for_during_a_round_gets_one_of_its_own(run):
    async def test(made):
        made.peer.held = asyncio.Event()
        first = asyncio.ensure_future(made.schedule.now())
        await made.peer.round()
        second = asyncio.ensure_future(made.schedule.now())
        await asyncio.sleep(0)
        made.peer.held.set()
        await asyncio.gather(first, second)
        assert len(made.peer.ran) == 3

    run(test)


def test_a_failed_round_answers_who_asked_for_it(run):
    async def test(made):
        made.peer.failures = [GONE]
        with pytest.raises(Unavailable) as caught:
            await made.schedule.now()
        assert caught.value.code == "peer_unreachable"

    run(test)


def test_a_stop_answers_who_still_waits(run):
    async def test(made):
        made.peer.held = asyncio.Event()
        asked = asyncio.ensure_future(made.schedule.now())
        await made.peer.round()
        await made.schedule.stop()
        with pytest.raises(Unavailable) as caught:
            await asked
        assert caught.value.code == "sync_stopped"
        assert made.schedule.state == "stopped"

    run(test)


def test_rounds_go_the_ways_that_were_chosen_and_at_intervals_all_are_read(run):
    async def test(made):
        made.schedule.go(Ways(pull=False, push=True))
        assert await made.peer.round() == (True, True)
        await made.settled()
        made.schedule.changed()
        made.clock.now += 1
        assert await made.peer.round() == (False, True)
        await made.settled()
        made.clock.now += 10_000
        made.schedule.changed()
        assert await made.peer.round() == (True, True)

    run(test)


def test_changes_do_not_concern_a_peer_that_is_only_read_from(run):
    async def test(made):
        made.schedule.go(Ways(pull=True, push=False))
        assert await made.peer.round() == (True, False)
        await made.settled()
        made.schedule.changed()
        made.clock.now += 1
        await made.settled()
        assert len(made.peer.ran) == 2

    run(test)


def test_a_defect_ends_no_schedule(run):
    async def test(made):
        made.peer.failures = [ZeroDivisionError()]
        made.schedule.hurry()
        await made.peer.round()
        await made.settled()
        assert made.schedule.failure.error.code == "internal_error"
        await made.schedule.now()

    run(test)
