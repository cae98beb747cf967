"""What cannot be taken yet is held with its reason, and taken as soon as it can be."""

from dataclasses import replace

import msgspec
import pytest

from tests.core.sync.replicas import ORG, Replica, plain, run
from unibos.base.errors import NotFound
from unibos.core.store import peers, policies, quarantine
from unibos.core.store.definitions import Export
from unibos.core.store.drafts import Schema
from unibos.core.store.policies import Policy
from unibos.core.sync.exchange.messages import Change
from unibos.core.sync.exchange.quarantine import Retried, discard, retry, retry_everywhere

HOUR_MS = 3_600_000
STRICT = Schema({"properties": {"title": {"type": "string"}}})


def installed(folder, name, kind="node"):
    """A replica that keeps to its own definition, as one with another version of a module."""
    replica = Replica(folder / name, name, kind)
    replica.local = replace(replica.local, installed=frozenset({"things"}))
    replica.declare(plain())
    return replica


@pytest.fixture
def pair(tmp_path):
    """A hub and a node with clocks of their own."""
    hub, node = installed(tmp_path, "hub", "hub"), installed(tmp_path, "a")
    yield hub, node
    for one in (hub, node):
        one.close()


def held(replica):
    return replica.home.read(lambda view: quarantine.some(view, 0, 1000))


def test_a_change_from_the_future_is_held_until_its_time_has_come(pair):
    hub, node = pair
    node.tick(HOUR_MS)
    future = node.create(title="tomorrow")

    async def before():
        outcome = await node.sync(hub)
        assert outcome.pushed == 1
        await node.sync(hub)

    run(hub, node, do=before)
    (one,) = held(hub)
    assert (one.code, one.record, one.peer) == ("change_from_future", future, "a-instance")
    assert one.due == node.clock.ms - 5 * 60_000
    assert hub.data() == {}

    async def early():
        assert await retry(hub.local, ORG) == Retried(0, 0)
        assert await retry(hub.local, ORG, everything=True) == Retried(0, 1)

    hub.clock.ms = one.due - 1
    run(hub, node, do=early)
    assert held(hub) == [one]

    async def due():
        assert await retry(hub.local, ORG) == Retried(1, 0)

    hub.clock.ms = one.due
    run(hub, node, do=due)
    assert held(hub) == []
    assert hub.states() == node.states()


def test_one_bad_change_does_not_hold_up_the_others(pair):
    hub, node = pair
    hub.declare(replace(plain(), schema=STRICT))
    good, bad, last = node.create(title="a"), node.create(title=7), node.create(title="b")

    async def story():
        await node.sync(hub)
        assert set(hub.data()) == {good, last}
        (one,) = held(hub)
        assert (one.record, one.code, one.due) == (bad, "record_invalid", None)
        assert await retry(hub.local, ORG) == Retried(0, 0), "nothing has changed since"
        hub.declare(plain())
        assert await retry(hub.local, ORG) == Retried(1, 0)

    run(hub, node, do=story)
    assert hub.data() == node.data()
    assert held(hub) == []


def test_a_round_tries_again_by_itself_on_both_sides(pair):
    hub, node = pair
    for one in pair:
        one.declare(replace(plain(), schema=STRICT))
    lenient = installed(node.folder.parent, "b")
    lenient.create(title=7)

    async def story():
        await lenient.sync(hub)
        assert len(held(hub)) == 1
        hub.declare(plain())
        await node.sync(hub)
        assert (held(hub), hub.data()) == ([], lenient.data())
        assert len(held(node)) == 1
        node.declare(plain())
        await node.sync(hub)
        assert (held(node), node.data()) == ([], lenient.data())

    run(hub, node, lenient, do=story)
    lenient.close()


def test_a_chore_tries_everywhere_and_writes_nothing_when_nothing_is_due(pair):
    hub, node = pair
    hub.declare(replace(plain(), schema=STRICT))
    node.create(title=7)
    run(hub, node, do=lambda: node.sync(hub))
    before = hub.store.read(lambda view: view.connection.execute("PRAGMA data_version").fetchone())
    assert retry_everywhere(hub.local) == 0
    after = hub.store.read(lambda view: view.connection.execute("PRAGMA data_version").fetchone())
    assert before == after
    hub.declare(plain())
    assert retry_everywhere(hub.local) == 1
    assert hub.data() == node.data()


def test_a_newer_change_that_comes_meanwhile_is_not_lost_to_an_older_one(pair, monkeypatch):
    hub, node = pair
    hub.declare(replace(plain(), schema=STRICT))
    id_ = node.create(title=7)

    async def story():
        await node.sync(hub)
        (one,) = held(hub)
        older = hub.home.read(lambda view: quarantine.change(view, one.num))
        node.patch(id_, title=8)
        await node.sync(hub)
        (newer,) = held(hub)
        monkeypatch.setattr(quarantine, "change", lambda view, num: older)
        hub.declare(plain())
        await retry(hub.local, ORG)
        monkeypatch.undo()
        assert held(hub) == [newer]
        assert await retry(hub.local, ORG) == Retried(1, 0)

    run(hub, node, do=story)
    assert hub.data() == {id_: {"title": 8}}


def test_what_may_not_be_here_any_more_is_let_go(pair):
    hub, node = pair
    hub.declare(replace(plain(), schema=STRICT))
    bad, stranger = node.create(title=7), node.create(title=8)
    run(hub, node, do=lambda: node.sync(hub))
    row = hub.home.read(lambda view: quarantine.find(view, "a-instance", "things", stranger))
    foreign = msgspec.json.decode(row, type=Change)
    foreign = msgspec.json.encode(msgspec.structs.replace(foreign, origin="c-instance"))

    def narrow(tx):
        quarantine.add(tx, "a-instance", "things", stranger, "record_invalid", "", None, foreign)
        policies.learn(tx, Policy("things", "c-instance", Export.NODES, 9), Export.HUB)

    hub.home.write(narrow)
    hub.declare(plain())
    run(hub, node, do=lambda: retry(hub.local, ORG))
    assert held(hub) == []
    assert set(hub.data()) == {bad}


def test_a_sender_that_began_a_new_life_gets_back_what_was_taken_late(pair):
    hub, node = pair
    hub.declare(replace(plain(), schema=STRICT))
    id_ = node.create(title=7)
    run(hub, node, do=lambda: node.sync(hub))
    # It loses the record, and all knowledge of the hub.
    node.home.write(lambda tx: tx.connection.execute("DELETE FROM records"))
    node.home.write(lambda tx: tx.connection.execute("DELETE FROM checkpoints"))
    node.home.write(lambda tx: tx.connection.execute("DELETE FROM peers"))
    node.store.replica.begin()

    async def later():
        await node.sync(hub)
        assert node.data() == {}
        hub.declare(plain())
        assert await retry(hub.local, ORG) == Retried(1, 0)
        await node.sync(hub)

    run(hub, node, do=later)
    assert len(hub.home.read(lambda view: peers.of_instance(view, "a-instance"))) == 2
    assert node.data() == hub.data() == {id_: {"title": 7}}


def test_a_discarded_change_is_let_go_and_can_come_again(pair):
    hub, node = pair
    hub.declare(replace(plain(), schema=STRICT))
    id_ = node.create(title=7)
    run(hub, node, do=lambda: node.sync(hub))
    (one,) = held(hub)
    hub.home.write(lambda tx: discard(tx, one.num))
    assert held(hub) == []
    with pytest.raises(NotFound) as caught:
        hub.home.write(lambda tx: discard(tx, one.num))
    assert caught.value.code == "quarantined_not_found"
    node.patch(id_, title="text")
    run(hub, node, do=lambda: node.sync(hub))
    assert hub.data() == {id_: {"title": "text"}}


def test_a_newer_change_that_can_be_taken_frees_the_place_of_the_older_one(pair):
    hub, node = pair
    hub.declare(replace(plain(), schema=STRICT))
    id_ = node.create(title=7)
    run(hub, node, do=lambda: node.sync(hub))
    assert len(held(hub)) == 1
    node.patch(id_, title="text")
    run(hub, node, do=lambda: node.sync(hub))
    assert held(hub) == []
    assert hub.data() == node.data()
