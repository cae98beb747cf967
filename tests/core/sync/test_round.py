"""Rounds between replicas in one process."""

from dataclasses import replace

import pytest

from tests.core.sync.replicas import START_MS, Clock, Replica, later_than, plain, run
from unibos.core.store.definitions import Export, Strategy


@pytest.fixture
def family(tmp_path):
    """A hub and two nodes that share ``things``."""
    made = []

    def make(name, kind="node", **more):
        replica = Replica(tmp_path / name, name, kind, **more)
        made.append(replica)
        return replica

    hub, a, b = make("hub", "hub"), make("a"), make("b")
    for node in (a, b):
        node.declare(plain())
    yield hub, a, b
    for replica in made:
        replica.close()


def test_what_one_node_writes_is_at_the_hub_and_at_the_other_node(family):
    hub, a, b = family
    made = a.create(title="milk", count=1)

    async def do():
        first = await a.sync(hub)
        assert (first.pushed, first.pulled) == (1, 0)
        second = await b.sync(hub)
        assert (second.pushed, second.pulled) == (0, 1)

    run(hub, a, b, do=do)
    assert a.data() == b.data() == hub.data() == {made: {"title": "milk", "count": 1}}
    assert a.states() == b.states() == hub.states()


def test_a_second_round_gives_and_takes_nothing(family):
    hub, a, b = family
    a.create(title="milk")
    b.create(title="bread")

    async def do():
        for _ in range(2):
            await a.sync(hub)
            await b.sync(hub)
        before = [replica.store.counter for replica in family]
        for node in (a, b):
            outcome = await node.sync(hub)
            assert (outcome.pushed, outcome.pulled) == (0, 0)
        assert [replica.store.counter for replica in family] == before

    run(hub, a, b, do=do)


def test_fields_that_two_changed_come_together_and_nobody_lost(family):
    hub, a, b = family
    made = a.create(title="milk", count=1)

    async def share():
        for node in (a, b, a):
            await node.sync(hub)

    run(hub, a, b, do=share)
    a.patch(made, title="oat milk")
    b.tick()
    b.patch(made, count=2)
    run(hub, a, b, do=share)
    assert a.data() == b.data() == hub.data() == {made: {"title": "oat milk", "count": 2}}
    assert a.states() == b.states() == hub.states()
    assert a.conflicts() == b.conflicts() == hub.conflicts() == []


def test_the_value_that_loses_is_told_once(family):
    hub, a, b = family
    made = a.create(title="milk")

    async def share():
        for node in (a, b, a, b):
            await node.sync(hub)

    run(hub, a, b, do=share)
    a.patch(made, title="by a")
    b.tick()
    b.patch(made, title="by b")
    run(hub, a, b, do=share)
    assert a.data() == b.data() == hub.data() == {made: {"title": "by b"}}
    told = [entry for replica in family for entry in replica.conflicts()]
    assert [entry.names for entry in told] == [("title",)]


def test_a_deletion_goes_to_who_had_the_record(family):
    hub, a, b = family
    made = a.create(title="milk")

    async def share():
        for node in (a, b, a):
            await node.sync(hub)

    run(hub, a, b, do=share)
    b.tick()
    b.delete(made)
    never = a.create(title="short")
    a.delete(never)
    run(hub, a, b, do=share)
    assert a.data() == b.data() == hub.data() == {}
    assert made in hub.states()
    assert never not in hub.states()


def test_a_local_collection_is_not_even_named(family):
    hub, a, b = family
    a.declare(plain("diary", Export.LOCAL))
    a.create("diary", title="secret")
    a.create(title="milk")

    async def do():
        await a.sync(hub)

    run(hub, a, b, do=do)
    assert len(hub.data()) == 1
    names = hub.home.read(
        lambda view: view.connection.execute("SELECT name FROM collections").fetchall()
    )
    assert names == [("things",)]


def test_a_narrowed_collection_is_withdrawn_everywhere(family):
    hub, a, b = family
    a.create(title="milk")

    async def share():
        for node in (a, b, a):
            await node.sync(hub)

    run(hub, a, b, do=share)
    assert len(b.data()) == 1
    a.tick()
    a.export("things", Export.LOCAL)
    run(hub, a, b, do=share)
    assert len(a.data()) == 1
    assert hub.data() == b.data() == {}
    a.tick()
    a.export("things", Export.HUB)
    run(hub, a, b, do=share)
    assert len(a.data()) == len(hub.data()) == len(b.data()) == 1


def test_many_batches_arrive_whole(family):
    hub, a, b = family

    def fill(tx):
        from unibos.core.store import collections, records

        found = collections.get(tx, "things")
        for number in range(1300):
            records.create(tx, "things", found.draft({"title": f"number {number}"}))

    a.home.write(fill)

    async def do():
        await a.sync(hub)
        await b.sync(hub)

    run(hub, a, b, do=do)
    assert len(b.data()) == 1300
    assert a.states() == b.states()


def test_both_keeps_the_loser_as_a_record_of_its_own(tmp_path, family):
    hub, a, b = family
    for node in (a, b):
        node.declare(plain("letters", strategy=Strategy.BOTH))
    made = a.create("letters", title="dear")

    async def share():
        for node in (a, b, a, b, a):
            await node.sync(hub)

    run(hub, a, b, do=share)
    a.patch(made, "letters", title="dear A")
    b.tick()
    b.patch(made, "letters", title="dear B")
    run(hub, a, b, do=share)
    assert a.states("letters") == b.states("letters") == hub.states("letters")
    assert sorted(data["title"] for data in a.data("letters").values()) == ["dear A", "dear B"]


def test_a_definition_from_the_future_stays_out_and_moves_no_clock(family):
    hub, a, b = family
    a.clock.ms += 10 * 365 * 86_400_000
    a.declare(plain("later"))
    a.create("later", title="too early")
    a.clock.ms -= 10 * 365 * 86_400_000

    async def do():
        outcome = await a.sync(hub)
        assert [(one.collection, one.code) for one in outcome.troubles] == [
            ("later", "change_from_future")
        ]
        await b.sync(hub)

    run(hub, a, b, do=do)
    made = hub.home.write(lambda tx: tx.stamp())
    assert made[0] < later_than(hub, 60_000)


def test_a_clock_that_is_wrong_shows_though_the_node_goes_by_its_hub_s_time(family):
    hub, a, b = family
    a.local = replace(a.local, wall=Clock(START_MS + 180_000))

    async def do():
        return (await a.sync(hub)).skew_ms, (await b.sync(hub)).skew_ms

    assert run(hub, a, b, do=do) == (180_000, 0)


def test_a_collection_from_before_definitions_had_clocks_goes_along(family):
    hub, a, b = family
    a.home.write(lambda tx: tx.connection.execute("UPDATE collections SET hlc = 0, origin = ''"))
    a.create(title="milk")

    async def do():
        assert not (await a.sync(hub)).troubles
        assert not (await b.sync(hub)).troubles

    run(hub, a, b, do=do)
    assert a.data() == hub.data() == b.data()
