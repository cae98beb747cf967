"""Blobs beside rounds, and blobs on demand."""

import asyncio
from contextlib import suppress

import pytest

from tests.core.sync.blob_replicas import LIMIT, Keeper, Way, files, name_of, some_bytes
from tests.core.sync.replicas import run
from unibos.base.errors import Unavailable
from unibos.core.sync import export
from unibos.core.sync.blobs import fetching as blob_fetching
from unibos.core.sync.blobs import schedule as blob_schedule
from unibos.core.sync.blobs.demand import BlobDemand
from unibos.core.sync.blobs.schedule import BlobSchedule
from unibos.core.sync.blobs.taking import BlobRules
from unibos.core.sync.exchange.round import Round

DATA = some_bytes(400_000)
NAME = name_of(DATA)
ON_DEMAND = BlobRules(eager=False, limit=LIMIT)


@pytest.fixture
def family(tmp_path):
    hub = Keeper(tmp_path / "hub", "hub", "hub")
    a, b = Keeper(tmp_path / "a", "a"), Keeper(tmp_path / "b", "b")
    for node in (a, b):
        node.declare(files())
    yield hub, a, b
    for replica in (hub, a, b):
        replica.close()


class Slow(Way):
    """Stops in the middle of a blob until it is let on."""

    def __init__(self, link):
        super().__init__(link)
        self.begun, self.on = asyncio.Event(), asyncio.Event()
        self.times = 0

    async def get_blob(self, sha256, offset):
        self.times += 1
        async for chunk in super().get_blob(sha256, offset):
            yield chunk
            self.begun.set()
            await self.on.wait()


def rounds(replica, link, step):
    return Round(replica.local, replica.org, link, blobs=step)


def test_a_large_blob_holds_no_record_up(family):
    hub, a, b = family
    a.take_in(DATA)

    async def do():
        await a.sync(hub)
        step, way = BlobSchedule(b.local, b.org, b.rules), Slow(hub.link(b))
        beside = rounds(b, way, step)
        await beside.run()
        await way.begun.wait()
        made = a.create("files", title="at once")
        await a.sync(hub)
        await beside.run()
        assert made in b.data("files")
        assert b.bytes_of(NAME) == "blob_pending"
        way.on.set()
        await step.settled()
        assert b.bytes_of(NAME) == DATA
        assert way.times == 1
        await step.stop()

    run(hub, a, b, do=do)


def test_what_made_trouble_is_tried_again_without_a_round(family, monkeypatch):
    hub, a, b = family
    monkeypatch.setattr(blob_fetching, "_SOON_MS", 1)
    monkeypatch.setattr(blob_schedule, "_LEAST_S", 0.001)
    a.take_in(DATA)

    async def do():
        with suppress(Unavailable):
            await a.sync(hub, a.way(hub, bytes_left=0))
        step, way = BlobSchedule(b.local, b.org, b.rules), Slow(hub.link(b))
        await rounds(b, way, step).run()
        await step.settled()
        assert b.waiting() == 1
        await a.sync(hub)
        b.tick()
        await way.begun.wait()
        way.on.set()
        await step.settled()
        await step.stop()

    run(hub, a, b, do=do)
    assert b.bytes_of(NAME) == DATA


def test_a_stop_keeps_what_has_arrived(family):
    hub, a, b = family
    a.take_in(DATA)

    async def do():
        await a.sync(hub)
        step, way = BlobSchedule(b.local, b.org, b.rules), Slow(hub.link(b))
        await rounds(b, way, step).run()
        await way.begun.wait()
        await step.stop()
        clean = b.way(hub)
        await b.sync(hub, clean)
        assert 0 < clean.carried < len(DATA)

    run(hub, a, b, do=do)
    assert b.bytes_of(NAME) == DATA


def test_a_peer_that_is_gone_ends_it_and_the_next_round_begins_anew(family):
    hub, a, b = family
    a.take_in(DATA)

    async def do():
        await a.sync(hub)
        step, way = BlobSchedule(b.local, b.org, b.rules), b.way(hub, bytes_left=1000)
        beside = rounds(b, way, step)
        await beside.run()
        await step.settled()
        assert b.waiting() == 1
        way.bytes_left = None
        await beside.run()
        await step.settled()
        await step.stop()
        assert way.carried == len(DATA)

    run(hub, a, b, do=do)
    assert b.bytes_of(NAME) == DATA


def on_demand(family, ways, do, **more):
    """``do(demand, ways)`` once a record and no bytes of it are at b."""
    hub, a, b = family
    b.rules = ON_DEMAND
    a.take_in(DATA)

    async def story():
        await a.sync(hub)
        await b.sync(hub)
        await b.sync(a)
        assert b.bytes_of(NAME) == "blob_pending"
        made = ways()
        demand = BlobDemand(b.local, b.org, lambda: made, ON_DEMAND, **more)
        await do(demand, *made)
        await demand.stop()

    run(hub, a, b, do=story)


def test_what_somebody_reads_is_fetched_once_for_all_readers(family):
    hub, _, b = family

    async def do(demand, way):
        readers = [asyncio.create_task(demand.fetch(NAME)) for _ in range(3)]
        await way.begun.wait()
        way.on.set()
        assert await asyncio.gather(*readers) == [True] * 3
        assert way.times == 1
        assert await demand.fetch(NAME)
        assert way.times == 1

    on_demand(family, lambda: [Slow(hub.link(b))], do)
    assert b.bytes_of(NAME) == DATA


def test_another_peer_is_asked_where_one_fails(family):
    hub, a, b = family

    async def do(demand, broken, other):
        assert await demand.fetch(NAME)
        assert (broken.carried, other.carried) == (1000, len(DATA) - 1000)

    on_demand(family, lambda: [b.way(hub, bytes_left=1000), b.way(a)], do)
    assert b.bytes_of(NAME) == DATA


def test_who_waits_long_is_told_and_the_bytes_come_nevertheless(family):
    hub, _, b = family

    async def do(demand, way):
        assert not await demand.fetch(NAME)
        way.on.set()
        while not await demand.fetch(NAME):
            pass
        assert way.times == 1

    on_demand(family, lambda: [Slow(hub.link(b))], do, patience_s=0.05)
    assert b.bytes_of(NAME) == DATA


def test_nobody_within_reach_has_it(family):
    _, _, b = family

    async def do(demand):
        assert not await demand.fetch(NAME)

    on_demand(family, list, do)
    assert b.bytes_of(NAME) == "blob_pending"


def test_the_kill_switch_of_the_giver_holds_on_demand_too(family):
    hub, _, b = family

    async def do(demand, _):
        await hub.home.awrite(export.stop)
        assert not await demand.fetch(NAME)

    on_demand(family, lambda: [b.way(hub)], do)
    assert b.bytes_of(NAME) == "blob_pending"
