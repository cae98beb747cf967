"""Who was away so long that deletions were forgotten finds them by comparing ids."""

from dataclasses import replace

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.sync.collecting_family import DAY_MS, join
from tests.core.sync.replicas import Clock, Replica, plain, run
from unibos.base.errors import Conflict, Unavailable
from unibos.core.store.checkpoints import Checkpoint
from unibos.core.store.definitions import Export
from unibos.core.store.drafts import Schema
from unibos.core.store.tombstones import Living
from unibos.core.sync import conflicts
from unibos.core.sync.collecting import Collecting
from unibos.core.sync.exchange import census
from unibos.core.sync.exchange.census import deleted_there, reached
from unibos.core.sync.exchange.messages import Ids, IdsPage, Pulled
from unibos.core.sync.exchange.round import Round

PEER = 3


def living(id_, seq, via=None, origins=("a",)):
    return Living(id_, seq, via, frozenset(origins))


def found(ids, own, upto, may=lambda origins: True):
    gone = deleted_there(ids, own, reached=upto, peer=PEER, may=may)
    return [one.id for one in gone]


def test_what_was_there_and_is_not_there_now_was_deleted_there():
    own = [living("a", 1), living("b", 2), living("c", 3)]
    assert found(["a"], own, 2) == ["b"], "c was never sent"
    assert found([], [living("d", 9, via=PEER)], 2) == ["d"], "it came from there"
    assert found([], [living("d", 9, via=PEER + 1)], 2) == []


def test_what_may_not_be_told_says_nothing_by_its_absence():
    own = [living("a", 1), living("b", 2, origins=("a", "secret"))]
    assert found([], own, 9, lambda origins: "secret" not in origins) == ["a"]


@given(st.sets(st.integers(0, 9)), st.sets(st.integers(0, 9)), st.integers(0, 10))
def test_nothing_goes_that_is_there_or_was_never_sent(there, own, upto):
    records = [living(str(number), number) for number in sorted(own)]
    gone = found([str(number) for number in there], records, upto)
    assert gone == [str(number) for number in sorted(own - there) if number <= upto]


@pytest.mark.parametrize(
    ("checkpoint", "version", "expected"),
    [
        (Checkpoint(), 1, 0),
        (Checkpoint(pushed=7, own_epoch="e", own_version=1, sent=9), 1, 7),
        (Checkpoint(pushed=7, own_epoch="e", own_version=1, sent=9), 2, 0),
    ],
)
def test_only_what_was_sent_in_this_version_counts(checkpoint, version, expected):
    assert reached(checkpoint, version) == expected


@pytest.fixture
def family(tmp_path):
    """A hub and two nodes of one mind, with five records."""
    clock = Clock()
    hub, a, b = (
        Replica(tmp_path / name, name, kind, clock=clock)
        for name, kind in (("hub", "hub"), ("a", "node"), ("b", "node"))
    )
    for one in (hub, a, b):
        one.declare(plain())
    for one in (a, b):
        join(hub, one)
    for number in range(5):
        (a, b)[number % 2].create(number=number)

    async def meet():
        for one in (a, b, a):
            await one.sync(hub)

    run(hub, a, b, do=meet)
    yield hub, a, b
    for one in (hub, a, b):
        one.close()


def away(family, *ids):
    """While b is away, a deletes these, and the hub forgets it: that a ever did."""
    hub, a, b = family
    for id_ in ids:
        a.delete(id_)
    run(hub, a, b, do=lambda: a.sync(hub))
    a.tick(200 * DAY_MS)
    run(hub, a, b, do=lambda: a.sync(hub))
    assert Collecting(hub.local)() == len(ids)
    assert not set(ids) & set(hub.states())


def test_who_comes_back_loses_what_was_deleted_and_brings_what_is_new(family):
    hub, a, b = family
    first, second, third, *_ = sorted(a.data())
    away(family, first, second, third)
    new = b.create(number="new")
    b.patch(third, number="changed while away")

    async def meet():
        await b.sync(hub)
        assert first not in b.data()
        for one in (a, b, a):
            await one.sync(hub)

    run(hub, a, b, do=meet)
    assert a.data() == b.data() == hub.data()
    assert {first, second} & set(b.data()) == set()
    assert b.data()[new] == {"number": "new"}
    assert b.data()[third] == {"number": "changed while away"}


def test_what_the_hub_holds_in_quarantine_is_not_taken_for_deleted(family):
    hub, a, b = family
    strict = replace(plain(), schema=Schema({"properties": {"number": {"type": "integer"}}}))
    for one, installed in ((hub, strict), (b, plain())):
        one.local = replace(one.local, installed=frozenset({"things"}))
        one.declare(installed)
    held = b.create(number="a word")
    run(hub, a, b, do=lambda: b.sync(hub))
    assert held not in hub.data()
    (gone, *_) = sorted(a.data())
    away(family, gone)
    run(hub, a, b, do=lambda: b.sync(hub))
    assert gone not in b.data()
    assert held in b.data()


def test_a_page_of_ids_is_given_under_the_policies_that_were_heard(family):
    hub, a, b = family

    async def ask():
        await b.sync(hub)
        asked = Ids(hub.local.epoch, b.local.epoch, b.rounds[hub.instance]._heard, "things", "")
        link = hub.link(b)
        assert len((await link.ids(asked)).ids) == 5
        a.export("things", Export.LOCAL)
        await a.sync(hub)
        with pytest.raises(Conflict) as caught:
            await link.ids(asked)
        assert caught.value.code == "version_changed"

    run(hub, a, b, do=ask)


def test_the_words_of_what_was_deleted_there_go_too(family):
    hub, a, b = family
    (gone, *_) = sorted(b.data())
    away(family, gone)
    run(hub, a, b, do=lambda: b.sync(hub))
    count = "SELECT count(*) FROM search WHERE rowid = (SELECT num FROM records WHERE id = ?)"
    assert b.home.read(lambda view: view.connection.execute(count, (gone,)).fetchone()) == (0,)
    state = b.states()[gone]
    assert state[-1], "it is a tombstone here, for who only asks b"


def test_what_a_census_deletes_can_be_brought_back(family):
    hub, a, b = family
    (gone, *_) = sorted(b.data())
    data = b.data()[gone]
    away(family, gone)
    run(hub, a, b, do=lambda: b.sync(hub))
    (entry,) = b.conflicts()
    assert (entry.record, entry.mine, entry.peer) == (gone, True, hub.instance)
    b.home.write(lambda tx: conflicts.restore(tx, entry.num))
    run(hub, a, b, do=lambda: b.sync(hub))
    run(hub, a, b, do=lambda: a.sync(hub))
    assert a.data()[gone] == b.data()[gone] == data


def lying(link, **lies):
    """A link to a hub that has forgotten deletions, and says something of what it has."""
    hello = link.hello

    async def told(asked):
        answer = await hello(asked)
        heads = [msgspec.structs.replace(head, horizon=2**61) for head in answer.hello.collections]
        said = msgspec.structs.replace(answer.hello, collections=heads)
        return msgspec.structs.replace(answer, hello=said)

    link.hello = told
    for name, answer in lies.items():
        setattr(link, name, answer)
    return link


def test_a_peer_that_says_it_has_nothing_ends_nothing(family, monkeypatch):
    """Whether it lies, or is broken: what it once had is given to it again."""
    hub, a, b = family
    monkeypatch.setattr(census, "FEW", 3)
    monkeypatch.setattr(census, "AT_ONCE", 2)
    before = b.data()

    async def nothing(asked):
        return IdsPage([], "")

    async def do():
        outcome = await Round(b.local, b.org, lying(hub.link(b), ids=nothing)).run()
        assert [one.code for one in outcome.troubles] == ["census_unbelieved"]
        assert outcome.pushed == len(before)

    run(hub, a, b, do=do)
    assert b.data() == before


def test_many_go_where_more_stay(family, monkeypatch):
    hub, a, b = family
    monkeypatch.setattr(census, "FEW", 1)
    monkeypatch.setattr(census, "AT_ONCE", 1)
    first, second, *_ = sorted(b.data())
    away(family, first, second)
    run(hub, a, b, do=lambda: b.sync(hub))
    assert len(b.data()) == 3
    assert b.conflicts() == [], "they would push out what is there"


@pytest.mark.parametrize("what", ["ids", "pull"])
def test_a_peer_that_comes_to_no_end_is_left(family, what):
    hub, a, b = family
    a.create(number="new")

    async def again(asked):
        return IdsPage(["x"], "x") if what == "ids" else Pulled(asked.after, True, [])

    async def do():
        await a.sync(hub)
        with pytest.raises(Unavailable) as caught:
            await Round(b.local, b.org, lying(hub.link(b), **{what: again})).run()
        assert caught.value.code == "peer_confused"

    run(hub, a, b, do=do)
