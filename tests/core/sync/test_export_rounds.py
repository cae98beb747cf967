"""Export control over whole rounds: relays, withdrawals, ceilings, the kill switch."""

from dataclasses import replace

import msgspec
import pytest

from tests.core.sync.replicas import Replica, plain, run
from unibos.base.errors import Conflict, Error
from unibos.core.store import collections, export_log, policies
from unibos.core.store.definitions import Export
from unibos.core.store.policies import Policy
from unibos.core.sync import export
from unibos.core.sync.exchange import introducing
from unibos.core.sync.exchange.messages import BATCH_RECORDS, Push


@pytest.fixture
def family(tmp_path):
    """A hub and three nodes; the first two share ``things``, the third knows nothing yet."""
    made = [Replica(tmp_path / "hub", "hub", "hub")]
    made += [Replica(tmp_path / name, name) for name in ("a", "b", "c")]
    for node in made[1:3]:
        node.declare(plain())
    yield made
    for replica in made:
        replica.close()


def tell(family, *rounds):
    """Rounds one after the other: pairs of who asks and whom."""

    async def do():
        for asker, asked in rounds:
            await asker.sync(asked)

    run(*family, do=do)


def everybody(family):
    hub, *nodes = family
    return [(node, hub) for node in nodes]


def test_a_narrowed_collection_is_withdrawn_from_the_hub_and_from_a_third_node(family):
    hub, a, b, c = family
    mine, theirs = a.create(title="mine"), b.create(title="theirs")
    tell(family, *everybody(family), *everybody(family))
    assert set(c.data()) == {mine, theirs}
    a.export("things", Export.LOCAL)
    tell(family, *everybody(family))
    assert set(a.data()) == {mine, theirs}
    assert set(hub.data()) == set(b.data()) == set(c.data()) == {theirs}
    # No tombstones: it is no deletion, and wider again it is all back.
    assert set(hub.states()) == set(c.states()) == {theirs}
    a.export("things", Export.HUB)
    tell(family, *everybody(family))
    for replica in family:
        assert set(replica.data()) == {mine, theirs}


def test_what_others_contributed_to_stays_with_them_and_goes_nowhere(family):
    hub, a, b, c = family
    made = a.create(title="mine", count=1)
    tell(family, (a, hub), (b, hub))
    b.patch(made, count=2)
    tell(family, *everybody(family))
    assert set(c.data()) == {made}
    a.export("things", Export.NODES)
    tell(family, *everybody(family), *everybody(family))
    assert b.data() == {made: {"title": "mine", "count": 2}}
    assert hub.data() == {}
    # The author lets nodes have it: they keep what they got through the hub.
    assert set(c.data()) == {made}
    a.export("things", Export.LOCAL)
    tell(family, *everybody(family))
    assert set(b.data()) == {made}
    assert c.data() == {}


def test_a_relay_passes_on_no_further_than_author_and_relay_both_let_it(family):
    hub, a, b, c = family
    a.export("things", Export.NODES)
    made = a.create(title="for nodes")
    tell(family, (b, a), (b, hub), (c, hub))
    assert set(b.data()) == {made}
    assert hub.data() == c.data() == {}
    b.export("things", Export.LOCAL)
    tell(family, (c, b))
    assert c.data() == {}
    b.export("things", Export.NODES)
    tell(family, (c, b))
    assert set(c.data()) == {made}
    tell(family, (c, hub), (b, hub))
    assert hub.data() == {}


def test_a_relay_tells_of_a_policy_that_its_author_narrowed(family):
    _, a, b, c = family
    b.export("things", Export.NODES)
    made = a.create(title="x")
    tell(family, (b, a), (c, b))
    assert set(c.data()) == {made}
    a.export("things", Export.LOCAL)
    tell(family, (b, a))
    assert b.data() == {}
    tell(family, (c, b))
    assert c.data() == {}


def test_a_hub_in_a_new_life_is_told_to_withdraw_what_it_had_before(family):
    hub, a, _, _ = family
    a.create(title="x")
    tell(family, (a, hub))
    a.export("things", Export.LOCAL)
    hub.store.replica.begin()
    tell(family, (a, hub))
    assert hub.data() == {}


def test_nothing_of_a_local_collection_is_in_what_a_peer_is_told(family):
    _, a, _, _ = family
    a.declare(plain("diary", Export.LOCAL))
    a.create("diary", title="dear diary")
    for kind in ("hub", "node"):
        said = a.home.read(lambda view, kind=kind: introducing.introduce(view, a.local, kind, None))
        told = msgspec.json.encode(said.hello)
        assert b"things" in told
        assert b"diary" not in told


def test_a_ceiling_holds_against_definitions_of_peers(family):
    hub, a, b, _ = family
    camera = plain("camera", Export.NODES, ceiling=Export.NODES)
    a.declare(camera)
    made = a.create("camera", title="door")
    tell(family, (b, a), (a, hub), (b, hub))
    assert set(b.data("camera")) == {made}
    assert "camera" not in hub.home.read(collections.names)
    with pytest.raises(Error) as caught:
        b.export("camera", Export.HUB)
    assert caught.value.code == "export_over_ceiling"


def test_a_hub_takes_no_definition_below_its_place(family):
    hub, a, _, _ = family
    a.declare(plain("camera", Export.NODES, ceiling=Export.NODES))
    told = a.home.read(lambda view: introducing.definition(view, "camera"))

    async def force():
        await a.sync(hub)
        push = Push(hub.local.epoch, a.local.epoch, "camera", 1, 0, 1, [], told)
        with pytest.raises(Error) as caught:
            await hub.link(a).push(push)
        assert caught.value.code == "export_over_ceiling"

    run(*family, do=force)
    assert "camera" not in hub.home.read(collections.names)


def test_a_module_s_ceiling_stands_whatever_a_peer_s_definition_says(family):
    hub, a, b, _ = family
    a.declare(plain("camera", Export.HUB))
    b.declare(plain("camera", Export.NODES, ceiling=Export.NODES, module="cctv"))
    b.local = replace(b.local, installed=frozenset({"camera"}))
    a.create("camera", title="x")
    tell(family, (a, hub), (b, hub), (b, hub))
    assert b.home.read(collections.standings)["camera"].ceiling is Export.NODES
    b.create("camera", title="mine")
    tell(family, (b, hub))
    assert {each["title"] for each in hub.data("camera").values()} == {"x"}


def test_within_one_batch_of_the_kill_switch_nothing_leaves(family):
    hub, a, _, _ = family
    for number in range(3 * BATCH_RECORDS):
        a.create(number=number)

    async def do():
        def stop(progress):
            if progress.step == "push" and progress.done:
                a.home.write(export.stop)

        with pytest.raises(Error) as caught:
            await a.sync(hub, told=stop)
        assert caught.value.code == "export_stopped"
        assert len(hub.data()) == BATCH_RECORDS
        with pytest.raises(Error):
            await a.sync(hub)
        said = hub.home.read(lambda view: introducing.introduce(view, hub.local, "node", None))
        with pytest.raises(Error) as caught:
            await a.link(hub).hello(said.hello)
        assert caught.value.code == "export_stopped"

    run(*family, do=do)
    entries = a.home.read(lambda view: export_log.page(view, None, 99))
    assert [(one.blocked, one.records) for one in entries if one.way == "push"] == [
        ("export_stopped", 0),
        (None, BATCH_RECORDS),
    ]
    a.home.write(export.resume)
    tell(family, (a, hub))
    assert len(hub.data()) == 3 * BATCH_RECORDS


def test_a_stopped_hub_answers_nobody_and_takes_up_again(family):
    hub, a, b, _ = family
    made = a.create(title="x")
    tell(family, (a, hub))
    hub.home.write(export.stop)
    with pytest.raises(Error) as caught:
        tell(family, (b, hub))
    assert (caught.value.code, b.data()) == ("export_stopped", {})
    [blocked, *_] = hub.home.read(lambda view: export_log.page(view, None, 9))
    assert (blocked.peer, blocked.blocked) == (b.instance, "export_stopped")
    hub.home.write(export.resume)
    tell(family, (b, hub))
    assert set(b.data()) == {made}


def test_sent_and_blocked_are_in_the_log(family):
    hub, a, b, _ = family
    a.export("things", Export.NODES)
    b.export("things", Export.HUB)
    a.create(title="not for hubs")
    mine = b.create(title="for hubs")
    tell(family, (b, a), (b, hub))
    assert set(hub.data()) == {mine}
    told = [
        (one.peer, one.way, one.records, one.blocked)
        for one in b.home.read(lambda view: export_log.page(view, None, 9))
    ]
    assert (hub.instance, "push", 1, None) in told
    assert (hub.instance, "push", 1, "policy") in told
    assert (a.instance, "push", 1, None) in told


def test_what_is_told_follows_each_change_of_a_policy(family):
    _, a, _, _ = family

    def told():
        def look(view):
            return introducing.introduce(view, a.local, "node", None).hello

        hello = a.home.read(look)
        assert a.home.read(look) == hello
        return hello.digest, [(each.origin, each.export) for each in hello.policies]

    seen = [told()]
    for change in (
        lambda: a.export("things", Export.NODES),
        lambda: learn(a, "far", Export.NODES, 10),
        lambda: learn(a, "far", Export.LOCAL, 20),
        lambda: a.declare(plain(ceiling=Export.NODES)),
        lambda: a.declare(plain("more", Export.NODES)),
    ):
        change()
        seen.append(told())
    digests = [digest for digest, _ in seen]
    # A lower ceiling does not change a policy that was below it already.
    assert digests[3] == digests[4]
    assert len(set(digests)) == len(seen) - 1
    assert seen[3][1] == [(a.instance, "nodes"), ("far", "local")]
    assert len(a.local.policies_told) <= len(seen)


def test_a_policy_that_was_not_kept_is_not_told(family):
    _, a, _, _ = family

    def look(view):
        hello = introducing.introduce(view, a.local, "node", None).hello
        return sorted(each.export for each in hello.policies)

    def fail(tx):
        policies.learn(tx, Policy("things", "far", Export.HUB, 10), Export.NODES)
        assert look(tx) == ["hub", "hub"]
        raise Conflict("not_kept", "Nothing of this is kept.")

    with pytest.raises(Conflict):
        a.home.write(fail)
    learn(a, "far", Export.LOCAL, 20)
    assert a.home.read(look) == ["hub", "local"]


def learn(replica, origin, wanted, hlc):
    policy = Policy("things", origin, wanted, hlc)
    replica.home.write(lambda tx: policies.learn(tx, policy, Export.NODES))
