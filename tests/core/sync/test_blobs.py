"""Blobs follow their records: whole, once, after any cut, and only to who may have them."""

import asyncio
from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.sync.blob_replicas import Keeper, files, name_of, some_bytes
from tests.core.sync.replicas import run
from unibos.base.errors import Conflict, Forbidden, Unavailable
from unibos.core.store import blob_troubles, blobs, integrity, orgs, peers
from unibos.core.store.definitions import Export
from unibos.core.sync.blobs.blobs import BlobRules, next_due
from unibos.core.sync.exchange.messages import BlobsOffered
from unibos.core.sync.exchange.round import Round

DATA = some_bytes(700_000)
OTHER = DATA[:-1] + bytes([DATA[-1] ^ 1])
NAME = name_of(DATA)
SMALL = b"small picture"
HOUR_MS = 3_600_000


@pytest.fixture
def make(tmp_path):
    made = []

    def one(name, kind="node", **more):
        replica = Keeper(tmp_path / name, name, kind, **more)
        made.append(replica)
        return replica

    yield one
    for replica in made:
        replica.close()


@pytest.fixture
def family(make):
    """A hub and two nodes that share ``files``."""
    hub, a, b = make("hub", "hub"), make("a"), make("b")
    for node in (a, b):
        node.declare(files())
    return hub, a, b


def troubles(replica):
    return replica.home.read(lambda view: blob_troubles.listed(view, 100))


def sound(replica):
    return replica.store.read(lambda view: integrity.check(view, replica.store.blobs, deep=True))


def test_what_is_taken_in_on_one_node_is_whole_on_the_other(family):
    hub, a, b = family
    a.take_in(DATA, thumbnail=SMALL)

    async def do():
        told = []
        await a.sync(hub, told=told.append)
        assert (told[-1].step, told[-1].done, told[-1].total) == (
            "blobs",
            len(DATA) + len(SMALL),
            len(DATA) + len(SMALL),
        )
        await b.sync(hub)

    run(hub, a, b, do=do)
    for replica in family:
        assert replica.bytes_of(NAME) == DATA
        assert replica.bytes_of(name_of(SMALL)) == SMALL
        assert replica.waiting() == 0
        assert replica.parts() == []
        assert sound(replica) == []


def test_a_round_without_news_asks_one_question_and_writes_nothing(family):
    hub, a, b = family
    a.take_in(DATA)

    async def do():
        for node in (a, b, a, b):
            await node.sync(hub)
        for node in (a, b):
            before = [replica.store.read(_writes) for replica in family]
            way = node.way(hub)
            await node.sync(hub, way)
            assert way.asked == [BlobsOffered(after=way.asked[0].after)]
            assert way.carried == 0
            assert [replica.store.read(_writes) for replica in family] == before

    run(hub, a, b, do=do)


def _writes(view):
    return view.connection.execute("PRAGMA data_version").fetchone(), view.connection.execute(
        "SELECT group_concat(value) FROM meta"
    ).fetchone()


def test_what_many_wait_for_is_told_once(family):
    hub, a, b = family
    ids = [a.take_in(some_bytes(10)) for _ in range(3)]
    assert len(ids) == 3

    async def do():
        with suppress(Unavailable):
            await a.sync(hub, a.way(hub, bytes_left=0))
        assert hub.waiting() == 3
        first, second = b.way(hub), b.way(hub)
        await b.sync(hub, first)
        await b.sync(hub, second)
        assert first.asked[-1].after == 0
        # Behind all three: they are not told again and again to somebody who does not have them.
        assert second.asked[-1].after == 3
        b.tick(25 * HOUR_MS)
        third = b.way(hub)
        await b.sync(hub, third)
        assert third.asked[-1].after == 0

    run(hub, a, b, do=do)


@given(cuts=st.lists(st.integers(0, 90_000), max_size=6), fetching=st.booleans())
def test_it_goes_on_after_a_cut_at_any_byte(cuts, fetching, tmp_path_factory):
    data = bytes(range(256)) * 300 + b"end"
    folder = tmp_path_factory.mktemp("cut")
    hub, a, b = (
        Keeper(folder / "hub", "hub", "hub"),
        Keeper(folder / "a", "a"),
        Keeper(folder / "b", "b"),
    )
    for node in (a, b):
        node.declare(files())
    a.take_in(data)
    asker = b if fetching else a

    async def do():
        if fetching:
            await a.sync(hub)
        carried = 0
        for cut in cuts:
            way = asker.way(hub, bytes_left=cut)
            with suppress(Unavailable):
                await asker.sync(hub, way)
            carried += way.carried
        way = asker.way(hub)
        await asker.sync(hub, way)
        # Nothing travelled twice.
        assert carried + way.carried == len(data)

    try:
        run(hub, a, b, do=do)
        other = b if fetching else hub
        assert other.bytes_of(name_of(data)) == data
        assert other.parts() == []
        assert sound(other) == []
    finally:
        for replica in (hub, a, b):
            replica.close()


def test_bytes_with_another_hash_are_told_forgotten_and_tried_again_later(family):
    hub, a, b = family
    a.take_in(DATA)
    good = a.take_in(b"good")
    assert good

    async def do():
        await a.sync(hub)
        await b.sync(hub, b.way(hub, wrong={NAME: OTHER}))
        assert b.bytes_of(NAME) == "blob_pending"
        assert b.bytes_of(name_of(b"good")) == b"good"
        assert b.parts() == []
        (trouble,) = troubles(b)
        assert (trouble.sha256, trouble.way, trouble.why, trouble.tries) == (
            NAME,
            "fetch",
            "blob_hash_mismatch",
            1,
        )
        peer = b.home.read(peers.latest)[hub.instance]
        assert b.home.read(lambda view: next_due(view, peer)) == trouble.due > b.clock.ms
        first = trouble.due - b.clock.ms
        await b.sync(hub)
        assert b.bytes_of(NAME) == "blob_pending"
        b.clock.ms = trouble.due
        await b.sync(hub, b.way(hub, wrong={NAME: DATA + b"!"}))
        (again,) = troubles(b)
        assert again.tries == 2
        assert again.due - b.clock.ms == 2 * first
        b.clock.ms = again.due
        await b.sync(hub)
        assert troubles(b) == []

    run(hub, a, b, do=do)
    assert b.bytes_of(NAME) == DATA
    assert sound(b) == []


def test_a_giver_whose_bytes_are_damaged_does_not_spoil_the_hub(family):
    hub, a, b = family
    a.take_in(DATA)
    path = a.home.read(lambda view: blobs.open_path(view, a.home.blobs, NAME))
    path.write_bytes(bytes(len(DATA)))

    async def do():
        await a.sync(hub)
        assert [each.why for each in troubles(a)] == ["blob_hash_mismatch"]
        assert hub.bytes_of(NAME) == "blob_pending"
        assert hub.parts() == []
        path.write_bytes(DATA)
        a.tick(HOUR_MS)
        await a.sync(hub)

    run(hub, a, b, do=do)
    assert hub.bytes_of(NAME) == DATA
    assert troubles(a) == []


def test_the_limit_of_the_org_at_the_hub_stops_one_blob_and_not_the_others(make):
    hub, a = make("hub", "hub"), make("a")
    hub.home.write(lambda tx: orgs.create(tx, hub.org, "Org", "family"))
    hub.home.write(lambda tx: orgs.save(tx, replace(orgs.get(tx), max_storage_gb=1)))
    hub.home.write(lambda tx: orgs.count_bytes(tx, orgs.GB - 1000))
    a.declare(files())
    a.take_in(DATA)
    a.take_in(SMALL)

    async def do():
        first = a.way(hub)
        await a.sync(hub, first)
        assert first.carried == len(SMALL)
        assert hub.bytes_of(name_of(SMALL)) == SMALL
        assert hub.bytes_of(NAME) == "blob_pending"
        (trouble,) = troubles(a)
        assert (trouble.way, trouble.why, trouble.due - a.clock.ms) == (
            "give",
            "limit_reached",
            HOUR_MS,
        )
        hub.home.write(lambda tx: orgs.count_bytes(tx, -orgs.GB // 2))
        way = a.way(hub)
        await a.sync(hub, way)
        assert way.carried == 0
        a.tick(HOUR_MS)
        await a.sync(hub)

    run(hub, a, do=do)
    assert hub.bytes_of(NAME) == DATA
    assert troubles(a) == []


def test_a_blob_over_the_hubs_size_limit_is_refused_before_it_travels(make):
    hub, a = make("hub", "hub"), make("a")
    a.declare(files())
    a.take_in(DATA)

    async def do():
        hub.blobs._rules = BlobRules(limit=len(DATA) - 1)
        way = a.way(hub)
        await a.sync(hub, way)
        assert way.carried == 0

    run(hub, a, do=do)
    assert [each.why for each in troubles(a)] == ["blob_too_large"]


def test_two_records_with_the_same_bytes_need_them_once(family):
    hub, a, b = family
    first, second = a.take_in(DATA), a.take_in(DATA)

    async def do():
        way = a.way(hub)
        await a.sync(hub, way)
        assert way.carried == len(DATA)
        await b.sync(hub)
        a.purge(first)
        await a.sync(hub)
        await b.sync(hub)
        assert hub.bytes_of(NAME) == b.bytes_of(NAME) == DATA
        a.purge(second)
        await a.sync(hub)
        await b.sync(hub)

    run(hub, a, b, do=do)
    assert [replica.bytes_of(NAME) for replica in family] == ["blob_not_found"] * 3


def test_a_record_that_goes_ends_the_waiting_for_its_bytes(family):
    hub, a, b = family
    made = a.take_in(DATA)

    async def do():
        with suppress(Unavailable):
            await a.sync(hub, a.way(hub, bytes_left=1000))
        await b.sync(hub)
        assert hub.waiting() == b.waiting() == 1
        assert [each.why for each in troubles(b)] == ["blob_not_there"]
        b.purge(made)
        assert b.waiting() == 0
        assert troubles(b) == []
        await b.sync(hub)
        await a.sync(hub)

    run(hub, a, b, do=do)
    assert [replica.bytes_of(NAME) for replica in family[:1]] == ["blob_not_found"]
    assert hub.waiting() == 0


def test_withdrawing_ends_uses_and_waiting(family):
    hub, a, b = family
    a.take_in(DATA)

    async def do():
        await a.sync(hub)
        await b.sync(hub)
        a.export("files", Export.LOCAL)
        await a.sync(hub)
        assert hub.bytes_of(NAME) == "blob_not_found"
        await b.sync(hub)

    run(hub, a, b, do=do)
    assert b.bytes_of(NAME) == "blob_not_found"
    assert a.bytes_of(NAME) == DATA


def test_it_comes_from_whoever_has_it_once_the_writer_is_away(family, make):
    hub, a, b = family
    a.take_in(DATA)

    async def do():
        with suppress(Unavailable):
            await a.sync(hub, a.way(hub, bytes_left=1000))
        await b.sync(hub)
        # From node to node: the hub has waited for it since long, and gets it from b.
        await b.sync(a)
        assert b.bytes_of(NAME) == DATA
        await b.sync(hub)

    run(hub, a, b, do=do)
    assert hub.bytes_of(NAME) == DATA


def test_a_wrong_offset_is_told_with_the_right_one(family):
    hub, a, b = family
    a.take_in(DATA)

    async def chunks(data):
        yield data

    async def do():
        with suppress(Unavailable):
            await a.sync(hub, a.way(hub, bytes_left=1000))
        with pytest.raises(Conflict) as caught:
            await hub.link(a).put_blob(NAME, 0, len(DATA), chunks(DATA))
        assert (caught.value.code, caught.value.facts["received"]) == ("upload_offset_wrong", 1000)

    run(hub, a, b, do=do)


def test_on_demand_only_small_ones_come_by_themselves(family):
    hub, a, b = family
    a.take_in(DATA, thumbnail=SMALL)
    b.rules = BlobRules(eager=False)

    async def do():
        await a.sync(hub)
        await b.sync(hub)
        way = b.way(hub)
        await b.sync(hub, way)
        assert all(not asked.asked for asked in way.asked)

    run(hub, a, b, do=do)
    assert b.bytes_of(name_of(SMALL)) == SMALL
    assert b.bytes_of(NAME) == "blob_pending"
    assert troubles(b) == []
    assert sound(b) == []


def test_bytes_that_come_another_way_end_the_waiting(family):
    hub, a, b = family
    a.take_in(DATA)

    async def do():
        with suppress(Unavailable):
            await a.sync(hub, a.way(hub, bytes_left=0))
        await b.sync(hub)
        assert b.waiting() == 1
        blob = b.store_bytes(DATA)
        b.home.write(lambda tx: blobs.add(tx, blob))
        assert b.waiting() == 0
        await b.sync(hub)

    run(hub, a, b, do=do)
    assert hub.bytes_of(NAME) == DATA


def test_a_name_that_is_no_hash_is_not_waited_for(family):
    hub, a, b = family
    a.create("files", sha256="../../etc/passwd", thumbnail="A" * 64)

    async def do():
        await a.sync(hub)
        await b.sync(hub)

    run(hub, a, b, do=do)
    assert hub.waiting() == b.waiting() == 0


def test_who_is_cancelled_leaves_nothing_open(family):
    hub, a, b = family
    a.take_in(DATA)

    class Stuck:
        def __init__(self, way):
            self._way = way
            self.begun = asyncio.Event()

        def __getattr__(self, name):
            return getattr(self._way, name)

        async def get_blob(self, sha256, offset):
            yield DATA[:1000]
            self.begun.set()
            await asyncio.Event().wait()

    async def do():
        await a.sync(hub)
        way = Stuck(b.way(hub))
        task = asyncio.create_task(b.sync(hub, way))
        await way.begun.wait()
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        clean = b.way(hub)
        await b.sync(hub, clean)
        assert clean.carried == len(DATA) - 1000

    run(hub, a, b, do=do)
    assert b.bytes_of(NAME) == DATA


def test_on_demand_a_large_one_that_was_not_there_is_no_trouble_once_it_is(family):
    hub, a, b = family
    a.take_in(DATA)
    b.rules = BlobRules(eager=False)

    async def do():
        with suppress(Unavailable):
            await a.sync(hub, a.way(hub, bytes_left=0))
        await b.sync(hub)
        assert [each.why for each in troubles(b)] == ["blob_not_there"]
        await a.sync(hub)
        b.tick(HOUR_MS)
        await b.sync(hub)
        # Else it would be due for ever, and each time for nothing.
        assert troubles(b) == []

    run(hub, a, b, do=do)
    assert b.bytes_of(NAME) == "blob_pending"


def test_uploads_that_are_begun_and_never_ended_count_for_the_limit_of_the_org(make):
    hub, a = make("hub", "hub"), make("a")
    other = some_bytes(500_000)
    hub.home.write(lambda tx: orgs.create(tx, hub.org, "Org", "family"))
    hub.home.write(lambda tx: orgs.save(tx, replace(orgs.get(tx), max_storage_gb=1)))
    hub.home.write(lambda tx: orgs.count_bytes(tx, orgs.GB - 1_000_000))
    a.declare(files())
    for data in (DATA, other):
        a.take_in(data)

    async def some(data):
        yield data

    async def do():
        link = hub.link(a)
        await Round(a.local, a.org, link).run()
        with pytest.raises(Unavailable):
            await link.put_blob(NAME, 0, len(DATA), some(DATA[:600_000]))
        with pytest.raises(Forbidden) as caught:
            await link.put_blob(name_of(other), 0, len(other), some(other))
        assert caught.value.code == "limit_reached"
        await link.put_blob(NAME, 600_000, len(DATA), some(DATA[600_000:]))

    run(hub, a, do=do)
    assert hub.bytes_of(NAME) == DATA
