"""What is said of a job and the hub: the conditions of an offer, in words."""

import asyncio

from tests.core.jobs.handing.handing_world import PRIVATE, SUM
from unibos.core.jobs.kind import LightKind
from unibos.core.store import jobs


def reason(world, id_):
    def look(view):
        now = world.node.jobs.outcomes.clock.now()
        told = world.node.handing.reason(view, jobs.get(view, id_), now)
        assert told.worker == "the hub"
        return told

    return world.node.org.read(look)


def code(world, id_):
    told = reason(world, id_)
    assert told.may is (told.code in ("has_it", "may_have"))
    return told.code


def test_who_has_the_job_is_told(world):
    id_ = world.node.text("words")

    async def story():
        await world.node.handed(id_)
        there = await world.hub.claimed()
        while reason(world, id_).text != "It is at the hub: running.":
            assert code(world, id_) == "has_it"
            await asyncio.sleep(0.01)
        world.hub.work(there)
        await world.node.ended(id_)
        assert code(world, id_) == "ended"

    world.run(story())


def test_what_stays_says_what_keeps_it(world):
    world.node.can()
    private = world.node.add(PRIVATE, say="a face")
    light = LightKind(name="test.light", run=lambda store, job, report: None)
    light_job = world.node.org.write(lambda tx: jobs.add(tx, light, {})).id
    soon = world.node.org.write(lambda tx: jobs.add(tx, SUM, {}, run_at=tx.now() + 10**6)).id
    first = world.node.add(SUM, numbers=[1])
    needing = world.node.org.write(lambda tx: jobs.add(tx, SUM, {"numbers": [2]}, needs=[first])).id

    async def story():
        assert code(world, private) == "too_far"
        assert code(world, light_job) == "stays_here"
        assert code(world, soon) == "not_due"
        assert code(world, first) == "here_first"
        assert code(world, needing) == "needs_open"
        world.node.gate.closed = True
        assert code(world, first) == "export_blocked"

    world.run(story())


def test_a_hub_without_a_worker_for_it_has_refused_it(world):
    world.hub.takers = []
    id_ = world.node.text("words")

    async def story():
        assert code(world, id_) == "may_have"
        await world.node.line.called("hand")
        while code(world, id_) == "may_have":
            await asyncio.sleep(0.01)
        assert code(world, id_) == "hub_refused"

    world.run(story())


def test_a_hub_that_does_not_answer_is_away(world):
    id_ = world.node.text("words")

    async def story():
        world.node.line.cut = True
        world.node.handing._woken.set()
        while code(world, id_) == "may_have":
            await asyncio.sleep(0.01)
        assert code(world, id_) in ("hub_away", "hub_busy")

    world.run(story())


def test_what_came_back_stays_for_a_while(world):
    world.node.can()
    id_ = world.node.text("words")

    async def story():
        await world.node.handed(id_)
        await world.node.queued(id_)
        assert code(world, id_) == "stays_for_now"

    world.run(story(), hand_over_seconds=0, take_back_seconds=0.2)
