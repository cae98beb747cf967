"""Tombstones go when everybody has them, and not a moment before."""

import os
import tempfile
from contextlib import ExitStack
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.core.sync.collecting_family import (
    DAY_MS,
    HUB,
    THE_LAST_OF_THE_HUB,
    A,
    B,
    agree,
    buried,
    collect,
    join,
)
from tests.core.sync.replicas import ORG, Clock, Replica, plain, run
from unibos.base.errors import NotFound
from unibos.core.store import collections, nodes, peers, tombstones
from unibos.core.store.peers import Peer
from unibos.core.store.tombstones import Acknowledged
from unibos.core.sync.collecting import forget, is_gone


def horizon(replica):
    return replica.home.read(lambda view: collections.standings(view)["things"].horizon)


@pytest.fixture
def family(tmp_path):
    """A hub and two nodes that have one record, all of one mind."""
    clock = Clock()
    hub, a, b = (
        Replica(tmp_path / name, name, kind, clock=clock)
        for name, kind in (("hub", "hub"), ("a", "node"), ("b", "node"))
    )
    for one in (hub, a, b):
        one.declare(plain())
    for one in (a, b):
        join(hub, one)
    id_ = a.create(title="milk")

    async def meet():
        for one in (a, b, a):
            await one.sync(hub)

    run(hub, a, b, do=meet)
    yield hub, a, b, id_
    for one in (hub, a, b):
        one.close()


def test_with_nobody_to_wait_for_only_the_age_counts(tmp_path):
    alone = Replica(tmp_path, "a")
    alone.declare(plain())
    ids = [alone.create() for _ in range(3)]
    for id_ in ids[:2]:
        alone.delete(id_)
    alone.tick(7 * DAY_MS)
    alone.delete(ids[2])
    assert collect(alone) == 0
    alone.tick(1)
    assert collect(alone) == 2
    assert buried(alone) == {ids[2]}
    assert alone.home.read(lambda view: collections.standings(view)["things"].head) > horizon(alone)
    assert horizon(alone) > 0
    alone.close()


def test_a_setting_says_how_old(tmp_path):
    alone = Replica(tmp_path, "a")
    alone.declare(plain())
    alone.delete(alone.create())
    alone.tick(7 * DAY_MS + 1)
    assert collect(alone, days=8) == 0
    assert collect(alone, days=7) == 1
    alone.close()


def test_a_tombstone_waits_for_each_peer(family):
    hub, a, b, id_ = family
    a.delete(id_)

    async def story():
        await a.sync(hub)
        a.tick(8 * DAY_MS)
        assert collect(hub) == 0, "b has not heard of it"
        await b.sync(hub)
        await a.sync(hub)
        await b.sync(hub)
        hub.answer.acknowledged.keep()
        assert collect(hub) == 1

    run(hub, a, b, do=story)
    assert buried(hub) == set()
    assert horizon(hub) > 0
    assert collect(a) == 1
    assert collect(b) == 1
    assert a.data() == b.data() == hub.data() == {}


def test_who_brought_a_tombstone_is_not_waited_for(family):
    hub, a, b, id_ = family
    hub.home.write(lambda tx: peers.retire(tx, b.instance))
    a.delete(id_)
    run(hub, a, b, do=lambda: a.sync(hub))
    a.tick(8 * DAY_MS)
    assert collect(hub) == 1


def test_what_was_acknowledged_in_an_earlier_epoch_does_not_count(family):
    hub, a, b, id_ = family
    a.delete(id_)

    async def all_know():
        for one in (a, b, a, b):
            await one.sync(hub)
        hub.answer.acknowledged.keep()

    run(hub, a, b, do=all_know)
    a.tick(8 * DAY_MS)
    hub.store.replica.begin()
    assert collect(hub) == 0
    run(hub, a, b, do=all_know)
    assert collect(hub) == 1


@pytest.mark.parametrize("step", ["revoke", "remove"])
def test_a_node_that_left_the_hub_is_not_waited_for(family, step):
    hub, a, b, id_ = family
    a.delete(id_)
    run(hub, a, b, do=lambda: a.sync(hub))
    a.tick(8 * DAY_MS)
    assert collect(hub) == 0

    def leave(tx):
        nodes.revoke(tx, b.instance, hub.clock.ms)
        if step == "remove":
            nodes.remove(tx, b.instance)

    hub.home.write(leave)
    assert collect(hub) == 1


def test_a_peer_that_a_person_forgets_is_not_waited_for(family):
    hub, a, b, id_ = family
    a.delete(id_)
    run(hub, a, b, do=lambda: a.sync(hub))
    a.tick(8 * DAY_MS)
    hub.home.write(lambda tx: forget(tx, b.instance))
    assert collect(hub) == 1
    with pytest.raises(NotFound) as caught:
        hub.home.write(lambda tx: forget(tx, b.instance))
    assert caught.value.code == "peer_not_found"


def test_half_a_year_of_silence_is_enough(family):
    hub, a, b, id_ = family
    a.delete(id_)
    a.tick(170 * DAY_MS)
    run(hub, a, b, do=lambda: a.sync(hub))
    assert collect(hub) == 0
    a.tick(11 * DAY_MS)
    run(hub, a, b, do=lambda: a.sync(hub))
    assert collect(hub) == 1
    assert [one.id for one in hub.home.read(peers.lives)] == [a.instance]


def life(num, seen_days_ago, id_="b", kind="node"):
    return Peer(num, id_, f"e{num}", kind, "b", (1000 - seen_days_ago) * DAY_MS, False)


def test_a_hub_is_waited_for_however_long_it_is_silent():
    hub = life(1, 900, kind="hub")
    assert not is_gone(hub, [hub], 1000 * DAY_MS)
    assert is_gone(hub, [hub, life(2, 0, kind="hub")], 1000 * DAY_MS)


@pytest.mark.parametrize(
    ("seen_days_ago", "later", "gone"),
    [(6, True, False), (8, True, True), (8, False, False), (179, False, False), (181, False, True)],
)
def test_an_earlier_life_is_over_after_a_week_of_silence(seen_days_ago, later, gone):
    peer = life(1, seen_days_ago)
    lives = [peer, life(2, 0)] if later else [peer, life(2, 0, "another")]
    assert is_gone(peer, lives, 1000 * DAY_MS) is gone
    assert not is_gone(lives[1], lives, 1000 * DAY_MS)


def test_a_life_that_is_heard_of_is_noted_now_and_then(family):
    hub, a, b, _ = family

    def noted():
        return hub.home.read(lambda view: peers.latest(view)[a.instance]).seen_at

    first = noted()
    for days, moved in ((2, False), (2, True)):
        a.tick(days * DAY_MS)
        run(hub, a, b, do=lambda: a.sync(hub))
        assert (noted() > first) is moved


def test_a_retired_peer_that_comes_back_is_waited_for_again(family):
    hub, a, b, _ = family
    hub.home.write(lambda tx: forget(tx, b.instance))
    again = b.create(title="again")
    run(hub, a, b, do=lambda: b.sync(hub))
    run(hub, a, b, do=lambda: a.sync(hub))
    a.delete(again)
    run(hub, a, b, do=lambda: a.sync(hub))
    a.tick(8 * DAY_MS)
    assert collect(hub) == 0


def test_many_go_in_bounded_transactions(tmp_path, monkeypatch):
    alone = Replica(tmp_path, "a")
    alone.declare(plain())
    monkeypatch.setattr("unibos.core.sync.collecting.AT_ONCE", 3)
    for _ in range(10):
        alone.delete(alone.create())
    alone.tick(8 * DAY_MS)
    sizes, remove = [], tombstones.remove
    monkeypatch.setattr(
        tombstones,
        "remove",
        lambda tx, name, gone: (sizes.append(len(gone)), remove(tx, name, gone)),
    )
    assert collect(alone) == 10
    assert sizes == [3, 3, 3, 1]
    alone.close()


def test_where_nothing_is_to_be_done_nothing_is_written(family, monkeypatch):
    hub, *_ = family
    monkeypatch.setattr(hub.store, "write", None)
    assert collect(hub) == 0


@given(
    st.lists(st.tuples(st.integers(1, 30), st.one_of(st.none(), st.integers(1, 3))), max_size=20),
    st.lists(
        st.tuples(st.integers(1, 3), st.integers(0, 30)), max_size=3, unique_by=lambda one: one[0]
    ),
)
def test_who_is_waited_for_has_or_brought_all_that_goes(stones, waiting):
    """``old`` against what it says, one tombstone after the other."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        replica = Replica(Path(folder), "a")
        stack.callback(replica.close)
        by_seq = dict(stones)

        def fill(tx):
            for seq, via in by_seq.items():
                tx.connection.execute(
                    "INSERT INTO records (org, collection, id, seq, hlc, origin, data, deleted,"
                    " via) VALUES (?, 'things', ?, ?, 1, 'x', '{}', 1, ?)",
                    (ORG, f"r{seq:02}", seq, via),
                )

        replica.home.write(fill)
        reached = sorted((seq, num) for num, seq in waiting)
        known = Acknowledged(
            *(reached[0] if reached else (None, None)), reached[1][0] if reached[1:] else None
        )
        found = replica.home.read(lambda view: tombstones.old(view, "things", known, 1, 100))
    expected = [
        seq
        for seq, via in sorted(by_seq.items())
        if all(seq <= upto or via == num for num, upto in waiting)
    ]
    assert [one.seq for one in found] == expected


LONG = os.environ.get("HYPOTHESIS_PROFILE") == "long"
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("create"), st.integers(0, 2)),
        st.tuples(st.just("delete"), st.integers(0, 2), st.integers(0, 3)),
        st.tuples(st.just("sync"), st.integers(1, 2), st.integers(0, 2)),
        st.tuples(st.just("collect"), st.integers(0, 2)),
        st.tuples(st.just("begin"), st.integers(0, 2)),
        st.tuples(st.just("forget"), st.integers(0, 2), st.integers(0, 2)),
    ),
    min_size=3,
    max_size=15,
)


# `make test` takes the same examples each time, `make test-long` others and more.
@settings(max_examples=settings.default.max_examples // 2, derandomize=not LONG)
@given(STEPS)
def test_no_tombstone_goes_while_a_peer_may_need_it(steps):
    """Whatever is written, given and collected in whichever order: what was deleted stays so."""
    agree(steps)


@pytest.mark.parametrize(
    "before",
    [
        pytest.param([("begin", A), ("collect", HUB)], id="because its sender has a new life"),
        pytest.param([("collect", HUB), ("sync", B, A)], id="because somebody showed the record"),
    ],
)
def test_a_deletion_that_comes_again_after_it_was_forgotten(before):
    """The hub hears of it once more, as of a record that is new to it; who was forgotten has the
    record yet, and must find by its census that it is gone."""
    forgotten = [("delete", A, THE_LAST_OF_THE_HUB), ("sync", A, HUB), ("forget", HUB, B)]
    family = agree([*forgotten, *before])
    assert len(family.deleted) == 1


@pytest.mark.parametrize(
    "before",
    [
        pytest.param(
            [("begin", HUB), ("collect", HUB), ("collect", A)], id="to a new life of who forgot it"
        ),
        pytest.param([("collect", HUB), ("collect", A), ("sync", B, A)], id="to somebody else"),
        pytest.param([("collect", HUB), ("collect", A), ("sync", A, B)], id="by being asked"),
    ],
)
def test_who_was_forgotten_may_bring_back_what_nobody_knows_to_be_deleted(before):
    """The price of forgetting; all agree even so."""
    forgotten = [("delete", A, THE_LAST_OF_THE_HUB), ("sync", A, HUB), ("forget", HUB, B)]
    family = agree([*forgotten, *before])
    assert family.deleted == set()


@pytest.mark.parametrize("forgets", [[("forget", HUB, B)], []])
def test_who_has_acknowledged_a_deletion_may_be_given_the_record_again(forgets):
    """It has collected the tombstone, and nobody waits for it twice."""
    deleted = [("delete", A, THE_LAST_OF_THE_HUB), ("sync", A, HUB), ("collect", A)]
    agree([*deleted, ("sync", B, A), *forgets, ("sync", B, HUB), ("collect", HUB)])
    agree([*deleted, ("sync", B, A), *forgets, ("collect", HUB)])
