"""What becomes of a node's jobs that its hub's workers do."""

import asyncio
import threading

import pytest

from tests.core.jobs.handing import handing_world
from tests.core.jobs.handing.handing_world import HUB, PRIVATE, SUM
from unibos.core.jobs.handing.landing import Landing
from unibos.core.jobs.handing.messages import Watch
from unibos.core.store import jobs


def done(id_, text):
    return [(id_, {"letters": len(text), "loud": text.upper()})]


def test_a_job_that_cannot_be_done_here_is_done_by_the_hubs_worker(world):
    id_ = world.node.text("some words")

    async def story():
        world.hub.work(await world.hub.claimed())
        job = await world.node.ended(id_)
        assert (job.state, job.result["loud"]) == ("done", "SOME WORDS")
        await world.hub.empty()

    world.run(story())
    assert world.node.seen() == done(id_, "some words")
    assert world.node.log() == [(HUB, "texts", "job", 10)]
    assert not (world.node.folder / "handed" / f"{id_}-1").exists()


def test_values_alone_go_without_a_file(world):
    id_ = world.node.add(SUM, numbers=[1, 2, 3])

    async def story():
        world.hub.work(await world.hub.claimed())
        assert (await world.node.ended(id_)).result == 6
        await world.hub.empty()

    world.run(story())
    assert "send" not in world.node.line.calls


def test_what_can_be_done_here_goes_only_after_a_while(world):
    world.node.can()
    id_ = world.node.text("words")

    async def story():
        await world.node.handed(id_)
        world.hub.work(await world.hub.claimed())
        await world.node.ended(id_)

    began = world.node.get(id_).run_at
    world.run(story(), hand_over_seconds=0.3)
    events = world.node.org.read(lambda view: jobs.events(view, id_))
    assert next(event.at for event in events if event.type == "running") >= began + 300


def test_nothing_is_written_while_the_hub_has_no_worker(world):
    world.hub.takers = []
    id_ = world.node.text("words")

    async def story():
        await world.node.line.called("hand")
        before = world.node.org.read(jobs.newest_event)
        assert world.node.get(id_).state == "queued"
        assert (world.node.line.bytes, world.node.log(), world.hub.left()) == (0, [], [])
        assert world.node.org.read(jobs.newest_event) == before

    world.run(story())


def test_what_must_stay_is_never_offered(world):
    private = world.node.add(PRIVATE, say="a face")
    id_ = world.node.text("words")

    async def story():
        world.hub.work(await world.hub.claimed())
        await world.node.ended(id_)

    world.run(story())
    assert world.node.get(private).attempt == 0
    assert world.node.line.calls.count("hand") == 2  # once to ask, once when all was sent


def test_a_closed_gate_lets_nothing_out_and_calls_back_what_is_out(world):
    world.node.gate.closed = True
    kept = world.node.text("first")

    async def story():
        await world.restart_node()
        assert world.node.get(kept).attempt == 0
        world.node.gate.closed = False
        handed = world.node.text("second")
        await world.node.handed(handed)
        await world.node.handed(kept)
        lost = await world.hub.claimed()
        world.node.gate.closed = True
        world.node.handing._woken.set()
        await world.node.queued(handed)
        await world.node.queued(kept)
        await world.hub.empty()
        assert world.hub.get(lost.id).state == "cancelled"

    world.run(story())
    assert world.node.seen() == []


def test_a_cancelled_job_is_cancelled_there(world):
    id_ = world.node.text("words")

    async def story():
        there = await world.hub.claimed()
        world.node.org.write(lambda tx: world.node.jobs.cancel(tx, id_))
        await world.hub.empty()
        assert world.hub.get(there.id).state == "cancelled"

    world.run(story())
    assert world.node.seen() == [(id_, "job_cancelled")]


def test_what_nobody_begins_comes_back_and_stays_here(world):
    world.node.can()
    id_ = world.node.text("words")

    async def story():
        await world.node.handed(id_)
        job = await world.node.queued(id_)
        assert job.here_until > job.run_at
        await world.hub.empty()
        assert world.node.claim().attempt == 2

    world.run(story(), hand_over_seconds=0, take_back_seconds=0.3)
    assert world.hub.claim() is None


def test_what_somebody_has_begun_is_not_taken_back(world):
    world.node.can()
    id_ = world.node.text("words")

    async def story():
        there = await world.hub.claimed()
        dropped = await world.hub.keeping.drop(
            world.hub.org, "the-node", id_, 1, unless_running=True
        )
        assert not dropped
        world.hub.work(there)
        assert (await world.node.ended(id_)).state == "done"

    world.run(story(), hand_over_seconds=0, take_back_seconds=0.5)


@pytest.mark.parametrize(
    ("text", "code", "there"), [("refuse", "text_refused", 1), ("break", "not_today", 6)]
)
def test_a_failure_there_is_a_failure_here(world, text, code, there):
    """What another attempt would meet again fails at once; anything else is tried again."""
    id_ = world.node.text(text)

    async def story():
        working = asyncio.create_task(world.hub.keep_working())
        assert (await world.node.ended(id_)).state == "failed"
        await world.hub.empty()
        working.cancel()

    world.run(story())
    assert world.node.seen() == [(id_, code)]
    assert world.hub.worked == there


def test_a_job_that_cannot_be_prepared_fails(world):
    id_ = world.node.add(broken=True)

    async def story():
        assert (await world.node.ended(id_)).error.code == "not_prepared"

    world.run(story())
    assert "hand" not in world.node.line.calls


def test_both_sides_go_on_after_restarts(world):
    """The same attempt, and nothing is sent twice."""
    id_ = world.node.text("words")

    async def story():
        there = await world.hub.claimed()
        await world.restart_node()
        await world.restart_hub()
        world.hub.work(there)
        assert (await world.node.ended(id_)).attempt == 1
        await world.hub.empty()

    world.run(story())
    assert world.node.seen() == done(id_, "words")
    assert world.node.line.bytes == 0


def test_what_a_killed_node_had_of_a_result_is_removed(world):
    left = world.node.folder / "handed" / "some-1"
    left.mkdir(parents=True)
    (left / "loud.txt").write_text("WORDS")
    id_ = world.node.text("words")

    async def story():
        world.hub.work(await world.hub.claimed())
        await world.node.ended(id_)

    world.run(story())
    assert not left.exists()


def test_a_result_that_lands_at_a_stop_lands(world, monkeypatch):
    """Its files stay until it has, so that it need not come a second time."""
    landings = []
    id_ = world.node.text("words")
    landing, stopping = threading.Event(), threading.Event()
    collected = Landing._collected

    def late(self, *args):
        landings.append(args)
        landing.set()
        assert stopping.wait(20)
        return collected(self, *args)

    monkeypatch.setattr(Landing, "_collected", late)

    async def story():
        world.hub.work(await world.hub.claimed())
        await asyncio.to_thread(landing.wait, 20)
        restarting = asyncio.create_task(world.restart_node())
        await asyncio.sleep(0.1)
        stopping.set()
        await restarting
        assert (await world.node.ended(id_)).attempt == 1
        await world.hub.empty()

    world.run(story())
    assert world.node.seen() == done(id_, "words")
    events = world.node.org.read(lambda view: jobs.events(view, id_))
    assert [event.type for event in events] == ["queued", "running", "done"]
    assert len(landings) == 1


def test_a_hub_that_was_set_back_has_lost_the_job(world):
    id_ = world.node.text("words")

    async def story():
        await world.hub.claimed()
        world.hub.store.write(
            lambda tx: [
                tx.connection.execute(f"DELETE FROM {table}")
                for table in ("handovers", "jobs", "blobs", "blob_uses")
            ]
        )
        await world.restart_hub()
        world.hub.work(await world.hub.claimed())
        assert (await world.node.ended(id_)).attempt == 2
        await world.hub.empty()

    world.run(story())
    assert world.node.seen() == done(id_, "words")


def test_a_late_result_lands_nowhere(world):
    """The hub is gone for longer than a lease: the job is done here, and once."""
    world.node.can()
    id_ = world.node.text("words")

    async def story():
        there = await world.hub.claimed()
        world.node.line.cut = True
        job = await world.node.queued(id_)
        here = world.node.claim()
        assert here.id == job.id
        world.hub.work(there)
        world.reconnect()
        await world.hub.empty()
        world.node.jobs.outcomes.done(here, {"letters": 0})

    world.run(story(), hand_over_seconds=0, lease_seconds=0.5)
    assert world.node.seen() == [(id_, {"letters": 0})]


def test_a_job_that_only_the_hub_can_do_waits_for_it(world):
    id_ = world.node.text("words")

    async def story():
        there = await world.hub.claimed()
        world.node.line.cut = True
        before = world.node.get(id_).lease_until
        while world.node.get(id_).lease_until < before + 1000:
            await asyncio.sleep(0.05)  # a renewed lease is no news to anybody
        assert world.node.get(id_).attempt == 1
        world.hub.work(there)
        world.reconnect()
        assert (await world.node.ended(id_)).state == "done"

    world.run(story(), lease_seconds=0.5)


def test_few_jobs_wait_there_and_others_follow(world):
    ids = [world.node.text(f"text {number}") for number in range(12)]

    async def story():
        for _ in ids:
            there = await world.hub.claimed()
            assert sum(state == "queued" for state in world.node.handing.handed.values()) <= 3
            world.hub.work(there)
        for id_ in ids:
            await world.node.ended(id_)
        await world.hub.empty()

    world.run(story(), waiting=3)
    assert sorted(job for job, _ in world.node.seen()) == sorted(ids)


def test_an_idle_node_asks_once_and_writes_nothing(world):
    async def story():
        await world.node.line.called("watch")
        await world.node.handing._round()
        await world.node.handing._round()

    before = world.node.store.counter
    world.run(story())
    assert world.node.line.calls == ["watch"]
    assert world.node.store.counter == before


def test_an_answer_that_is_overtaken_by_news_does_not_hide_it(world, monkeypatch):
    """The hub's answer to an upload comes after it has told that the job is done."""
    monkeypatch.setattr(handing_world, "PATIENCE", 10.0)  # less than a long poll
    id_ = world.node.text("some words")

    async def story():
        hand = world.node.line.link.hand

        async def late(job, asked):
            answer = await hand(job, asked)
            if answer.state == "queued":
                world.hub.work(await world.hub.claimed())
                while world.node.handing.handed[id_] != "done":
                    await asyncio.sleep(0.01)
            return answer

        world.node.line.link.hand = late
        assert (await world.node.ended(id_)).state == "done"

    world.run(story())


def test_a_question_ends_the_one_before_it_at_whatever_moment(world):
    async def story():
        keeping, org = world.hub.keeping, world.hub.org
        for _ in range(50):
            asked = [keeping.watch(org, "the-node", Watch({}, 0)) for _ in range(8)]
            assert not any(said.items for said in await asyncio.gather(*asked))

    world.run(story())


def test_a_hub_that_has_ended_leaves_nothing_behind_that_runs(world):
    """A node's last question may be answered after the end."""
    id_ = world.node.text("some words")

    async def story():
        await world.hub.claimed()
        await world.hub.keeping.close()
        before = asyncio.all_tasks()
        assert await world.hub.keeping.drop(world.hub.org, "the-node", id_, 1)
        after = asyncio.all_tasks()
        world.hub.open()
        assert not {task for task in after - before if "Sweep" in repr(task)}

    world.run(story())
