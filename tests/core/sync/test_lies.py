"""What a peer that lies, or is broken, says; and what it may bring about by that."""

import asyncio
import json
from dataclasses import replace

import msgspec
import pytest

from tests.core.sync.replicas import Replica, later_than, plain, run
from unibos.base.errors import Error, TooLarge
from unibos.core.store import checkpoints, collections, peers, policies, quarantine
from unibos.core.store.definitions import Export
from unibos.core.store.drafts import Schema
from unibos.core.sync.exchange import hearing
from unibos.core.sync.exchange.answer import Answer
from unibos.core.sync.exchange.messages import (
    MESSAGE_BYTES,
    Change,
    DefinitionTold,
    Head,
    Hello,
    PolicyTold,
    Push,
    Wait,
)
from unibos.core.sync.exchange.round import Round

ID = "01a207db-7f80-7000-8000-0000000000{:02x}"
DEFINED = (0, "")


@pytest.fixture
def pair(tmp_path):
    """A hub, and a node of it whose messages are made up."""
    hub, liar = Replica(tmp_path / "hub", "hub", "hub"), Replica(tmp_path / "liar", "liar")
    for one in (hub, liar):
        one.declare(plain())
    yield hub, liar
    for one in (hub, liar):
        one.close()


def hello(liar, **more):
    said = {
        "protocol": 1,
        "kind": "node",
        "name": "liar",
        "epoch": "e1",
        "counter": 1,
        "holds": "",
        "time": liar.clock.ms,
        "collections": [],
        "digest": "d",
        "heard": "",
        "policies": [PolicyTold("things", liar.instance, "hub", 1)],
    }
    return Hello(**(said | more))


def held(name, seq, version=1):
    return Head(name, 0, 1, 0, DEFINED, False, seq, version)


def push(hub, changes, **more):
    said = {
        "epoch": hub.local.epoch,
        "own_epoch": "e1",
        "collection": "things",
        "version": 1,
        "after": 0,
        "upto": len(changes),
        "changes": changes,
    }
    return Push(**(said | more))


def change(liar, number=1, **more):
    said = {
        "id": ID.format(number),
        "hlc": later_than(liar, 0),
        "origin": liar.instance,
        "data": msgspec.Raw(b'{"title":"x"}'),
    }
    return Change(**(said | more))


def count(replica, table):
    query = f"SELECT count(*) FROM {table}"
    return replica.home.read(lambda view: view.connection.execute(query).fetchone()[0])


async def refusal(asked):
    with pytest.raises(Error) as caught:
        await asked
    return caught.value.code


def test_a_peer_has_a_replica_begin_anew_but_once(pair):
    """A new epoch has all peers of all orgs exchange everything again."""
    hub, liar = pair

    async def do():
        for number in range(3):
            before = hub.local.epoch
            lie = hello(liar, name=str(number), holds=before, collections=[held("things", 10**9)])
            if number == 0:
                await hub.link(liar).hello(lie)
                assert hub.local.epoch != before
            else:
                assert await refusal(hub.link(liar).hello(lie)) == "epoch_unbelieved"
                assert hub.local.epoch == before
        await hub.link(liar).hello(hello(liar))

    run(hub, do=do)


def test_a_hub_has_its_node_begin_anew_but_once(pair):
    hub, node = pair
    node.create(title="x")

    async def do():
        link = hub.link(node)
        told = link.hello

        async def lie(asked):
            said = await told(asked)
            heads = [held("things", 10**9)]
            return msgspec.structs.replace(
                said,
                hello=msgspec.structs.replace(said.hello, holds=asked.epoch, collections=heads),
            )

        link.hello = lie
        began = node.local.epoch
        codes, epochs = [], {began}
        for _ in range(3):
            codes.append(await refusal(Round(node.local, node.org, link).run()))
            epochs.add(node.local.epoch)
        assert set(codes) == {"epoch_unbelieved"}
        assert len(epochs) == 2

    run(hub, node, do=do)


def decoded(message):
    """A message as it comes over the wire."""
    return msgspec.json.decode(msgspec.json.encode(message), type=type(message))


@pytest.mark.parametrize("origin", ["", "a\r\n\r\n<b", "a b", "a\n", "\u00e9", '"', "x" * 129])
def test_who_wrote_something_is_named_as_instances_are(pair, origin):
    """The name stands in the header ``ETag``."""
    hub, liar = pair
    stamp = (1, origin)
    for message in (
        push(hub, [change(liar, origin=origin)]),
        push(hub, [change(liar, clocks={"title": stamp})]),
        push(hub, [change(liar, seen={origin: 1})]),
        hello(liar, policies=[PolicyTold("things", origin, "hub", 1)]),
    ):
        with pytest.raises(msgspec.ValidationError):
            decoded(message)


@pytest.mark.parametrize("export", ["hub\n", "everywhere"])
def test_an_export_is_one_of_three(pair, export):
    with pytest.raises(msgspec.ValidationError):
        decoded(hello(pair[1], policies=[PolicyTold("things", "a", export, 1)]))


@pytest.mark.parametrize("data", [b'{"a":"\xff"}', b'{"a":1e999999}'])
def test_what_cannot_be_read_is_refused(pair, data):
    hub, liar = pair

    async def do():
        await hub.link(liar).hello(hello(liar))
        given = push(hub, [change(liar, data=msgspec.Raw(data))])
        assert await refusal(hub.link(liar).push(given)) == "change_unreadable"

    run(hub, do=do)
    assert hub.data() == {}


def test_what_a_record_drags_along_is_bounded(pair):
    """A record that is larger than a message would hold up its collection for everybody."""
    hub, liar = pair
    names = [f"{number:0128}" for number in range(10_000)]
    seen = [dict.fromkeys(half, 1) for half in (names[:5_000], names[5_000:])]

    async def do():
        await hub.link(liar).hello(hello(liar))
        given = push(hub, [change(liar, 1, seen=dict.fromkeys(names, 1))])
        assert (await hub.link(liar).push(given)).quarantined == 1
        given = push(hub, [change(liar, 2, seen=seen[0])])
        assert (await hub.link(liar).push(given)).quarantined == 0
        given = push(hub, [change(liar, 2, seen=seen[1])])
        assert (await hub.link(liar).push(given)).quarantined == 1

    run(hub, do=do)
    held = hub.home.read(lambda view: quarantine.some(view, 0, 9))
    assert {one.code for one in held} == {"record_too_large"}
    assert len(hub.data()) == 1


def test_a_record_that_drags_too_much_along_is_written_no_more(pair):
    _, node = pair
    first, second = ({f"{number:0{width}}": 1 for number in range(4_500)} for width in (119, 120))
    made = node.create(**first)
    node.patch(made, title="x")
    node.patch(made, **dict.fromkeys(first), **second)
    with pytest.raises(TooLarge) as caught:
        node.patch(made, title="y")
    assert caught.value.code == "record_too_large"
    node.delete(made)


def test_a_name_that_a_peer_guesses_is_not_told_to_it(tmp_path):
    """Who says that it holds something of a collection does not thereby hear of it."""
    node, liar = Replica(tmp_path / "node", "node"), Replica(tmp_path / "liar", "liar")
    node.declare(plain("diary", Export.LOCAL))
    node.create("diary", title="x")

    async def do():
        await node.link(liar).hello(hello(liar))
        guess = {"diary": (1, 1), **{f"made_up_{number}": (1, 1) for number in range(9)}}
        asked = Wait(node.local.epoch, "e1", "", guess)
        await node.link(liar).wait(asked)
        heads = [held(name, 1) for name in guess]
        await node.link(liar).hello(hello(liar, holds=node.local.epoch, collections=heads))
        node.answer.acknowledged.keep()
        assert count(node, "checkpoints") == 0
        said = await node.link(liar).hello(hello(liar))
        assert said.hello.collections == []
        assert said.hello.policies == [PolicyTold("things", liar.instance, "hub", 1)][:0]

    run(node, do=do)
    for one in (node, liar):
        one.close()


def test_a_peer_waits_once(pair):
    """Who waits anew has given up waiting before: connections are few."""
    hub, liar = pair

    async def do():
        hub.answer = Answer(hub.local)
        said = await hub.link(liar).hello(hello(liar))
        asked = Wait(hub.local.epoch, "e1", said.hello.digest, {"things": (1, 10**6)})
        waiting = [asyncio.create_task(hub.link(liar).wait(asked)) for _ in range(20)]
        done, left = await asyncio.wait(waiting, return_when=asyncio.ALL_COMPLETED, timeout=0.5)
        assert len(left) == 1
        assert not any(one.result().new for one in done)
        hub.create(title="x")
        hub.answer.close()
        await asyncio.gather(*left)

    run(hub, do=do)


def test_what_is_written_here_is_later_than_what_others_say_they_know(pair):
    """Else a later write would pass for one that they knew, and overruled."""
    hub, liar = pair
    ahead = later_than(hub, 60_000)

    async def do():
        await hub.link(liar).hello(hello(liar))
        await hub.link(liar).push(push(hub, [change(liar, seen={hub.instance: ahead})]))

    run(hub, do=do)
    assert hub.patch(ID.format(1), title="later").clock[0] > ahead


def told(replica):
    """The policies that are known at a replica, by collection and origin."""
    found = replica.home.read(policies.known)
    return {(one.collection, one.origin): one for one in found}


def test_policies_that_are_made_up_are_bounded(pair, monkeypatch):
    """All policies are told in one message; who fills it holds up everybody."""
    hub, liar = pair
    monkeypatch.setattr(hearing, "MOST_POLICIES", 5)
    made_up = [PolicyTold("things", f"origin-{number}", "hub", 1) for number in range(9)]

    async def do():
        await hub.link(liar).hello(hello(liar, policies=made_up))
        await hub.link(liar).hello(hello(liar))
        await hub.link(liar).push(push(hub, [change(liar)]))

    run(hub, do=do)
    assert len(told(hub)) == 6
    assert ("things", liar.instance) in told(hub), "its own word on itself has room always"
    many = [PolicyTold(f"c{number}", liar.instance, "hub", 1) for number in range(2000)]
    run(hub, do=lambda: hub.link(liar).hello(hello(liar, policies=many)))
    assert len(told(hub)) == hearing.MOST_OF_ONE + 5


def test_a_policy_from_the_future_waits_until_its_time_has_come(pair):
    """Nobody could ever change it again."""
    hub, liar = pair
    future = later_than(hub, 600_000)
    lies = [
        PolicyTold("things", origin, "local", hlc)
        for origin, hlc in (("victim", future), ("poor", 2**62 - 1))
    ]
    made = hub.create(title="x")
    hub.export("things", Export.HUB)

    async def do():
        link = hub.link(liar)
        said = await link.hello(hello(liar, policies=lies))
        assert said.hello.heard == "", "so they are told again"
        assert told(hub) == {}
        hub.tick(600_000)
        said = await link.hello(hello(liar, policies=lies[:1]))
        assert said.hello.heard == "d"
        assert set(told(hub)) == {("things", "victim")}

    run(hub, do=do)
    assert set(hub.data()) == {made}


def test_a_nodes_policy_from_the_future_is_told_until_it_is_taken(pair):
    hub, node = pair
    node.create(title="x")

    async def do():
        await node.sync(hub)
        node.tick(600_000)
        node.export("things", Export.LOCAL)
        for _ in range(2):
            await node.sync(hub)
        assert hub.data() != {}
        hub.tick(600_000)
        await node.sync(hub)
        assert hub.data() == {}

    run(hub, node, do=do)


DEFINITION = DefinitionTold("new", {}, "fields", "hub", {}, None, False, None, (), 5, "liar")
LONG = [f"{number:064}" for number in range(3_000)]


@pytest.mark.parametrize(
    "wrong",
    [
        {"blobs": tuple(f"b{number}" for number in range(100))},
        {"search": {"body": LONG}},
        {"schema": {"const": json.loads("[" * 200 + "]" * 200)}},
        {"managed": True},
        {"schema": {"description": "x" * 70_000}},
        {"search": {"title": 7}},
    ],
)
def test_a_definition_is_bounded(pair, wrong):
    hub, liar = pair
    definition = msgspec.structs.replace(DEFINITION, **wrong)

    async def do():
        await hub.link(liar).hello(hello(liar))
        given = push(hub, [], collection="new", definition=definition)
        assert await refusal(hub.link(liar).push(given)) in ("definition_invalid", "schema_invalid")

    run(hub, do=do)
    assert hub.home.read(collections.names) == ["things"]


def test_nobody_makes_a_users_collection_that_of_a_module(pair):
    """People could not write to it any more."""
    hub, liar = pair
    newer = msgspec.structs.replace(
        DEFINITION, name="things", module="m", managed=True, hlc=later_than(hub, 1)
    )

    async def do():
        await hub.link(liar).hello(hello(liar))
        given = push(hub, [], definition=newer)
        assert await refusal(hub.link(liar).push(given)) == "collection_exists"

    run(hub, do=do)
    assert hub.home.read(lambda view: collections.get(view, "things")).module is None


def test_many_large_definitions_are_told_in_parts(tmp_path):
    """They need not fit into one message."""
    hub, node = Replica(tmp_path / "hub", "hub", "hub"), Replica(tmp_path / "node", "node")
    names = [f"c{number:02}" for number in range(70)]
    schema = Schema({"description": "x" * 65_000})
    for name in names:
        hub.declare(replace(plain(name), schema=schema))
        hub.create(name, title="x")

    async def do():
        for _ in range(6):
            link = node.rounds.setdefault(hub.instance, Round(node.local, node.org, hub.link(node)))
            before = link._link.received_bytes
            outcome = await node.sync(hub)
            assert link._link.received_bytes - before < MESSAGE_BYTES // 2
        assert outcome.troubles == []

    run(hub, node, do=do)
    assert all(len(node.data(name)) == 1 for name in names)
    for one in (hub, node):
        one.close()


def test_lives_that_a_peer_makes_up_are_bounded(pair, monkeypatch):
    """What all of them had together is still known: tombstones and withdrawals go by it."""
    hub, liar = pair
    monkeypatch.setattr(peers, "MOST_LIVES", 6)

    async def do():
        await hub.link(liar).hello(hello(liar))
        await hub.link(liar).push(push(hub, [change(liar)]))
        said = await hub.link(liar).hello(
            hello(liar, holds=hub.local.epoch, collections=[held("things", 1)])
        )
        assert [head.name for head in said.hello.collections] == ["things"]
        hub.answer.acknowledged.keep()
        for number in range(2, 9):
            await hub.link(liar).hello(hello(liar, epoch=f"e{number}"))

    run(hub, do=do)
    lives = hub.home.read(lambda view: peers.of_instance(view, liar.instance))
    assert [one.epoch for one in lives] == ["e3", "e4", "e5", "e6", "e7", "e8"]
    assert hub.home.read(lambda view: checkpoints.had(view, liar.instance, "things")) == 1
    assert hub.home.read(lambda view: checkpoints.named_to(view, liar.instance)) == {"things"}
    assert count(hub, "checkpoints") == 1
