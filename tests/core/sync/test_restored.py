"""A replica that was restored or cloned is recognised, also when it went on before it met anybody
who knew more."""

import shutil

import msgspec
import pytest

from unibos.core.store import checkpoints, peers
from unibos.core.store import replica as replicas
from unibos.core.store.clocks import instance_of
from unibos.core.store.definitions import Export
from unibos.core.store.system import System

from .replicas import Replica, plain, run


@pytest.fixture
def pair(tmp_path):
    hub, node = Replica(tmp_path / "hub", "hub", "hub"), Replica(tmp_path / "node", "node")
    for one in (hub, node):
        one.declare(plain())
    yield hub, node
    for one in (hub, node):
        one.close()


def back(replica, steps):
    """Take steps, then go back to the folder as it was before."""
    replica.close()
    copy = replica.folder.with_name("copy")
    shutil.copytree(replica.folder, copy)
    replica.open()
    steps()
    replica.close()
    shutil.rmtree(replica.folder)
    copy.rename(replica.folder)
    replica.open()


def renew(replica):
    """Begin a new life, as after a restore by the program."""
    replica.close()
    replicas.renew(replica.folder / "node.replica", 0, 0, system=System())
    replica.open()


def meet(hub, node):
    run(hub, node, do=lambda: node.sync(hub))


@pytest.mark.parametrize("restored", ["hub", "node"])
def test_who_gave_as_much_anew_as_was_lost(pair, restored):
    hub, node = pair
    one, other = (hub, node) if restored == "hub" else (node, hub)

    def lose():
        one.tick()
        one.create(title="lost")
        meet(hub, node)

    back(one, lose)
    lost, epoch = other.data(), one.local.epoch
    assert len(lost) == 1
    one.create(title="anew")
    meet(hub, node)
    assert one.local.epoch != epoch
    assert one.data() == other.data()
    assert sorted(data["title"] for data in one.data().values()) == ["anew", "lost"]


def test_who_was_only_started_again_goes_on(pair):
    hub, node = pair
    for number in range(3):
        node.create(title=str(number))
        hub.create(title=str(number))
        meet(hub, node)
        for one in (hub, node):
            one.close()
            one.open()
    lives = hub.home.read(lambda view: peers.of_instance(view, node.instance))
    assert len(lives) == 1
    assert len(hub.data()) == 6


def test_a_peer_that_tells_of_no_starts_is_believed(pair):
    """Such as a program that is older than they are."""
    hub, node = pair
    node.create(title="x")
    meet(hub, node)
    peer = node.home.read(peers.latest)[hub.instance]
    known = node.home.read(lambda view: checkpoints.get(view, peer.num, "things"))
    assert known.start == hub.store.starts.of(known.pulled) != ""
    untold = known.after_pull(known.peer_version, known.pulled, "")
    node.home.write(lambda tx: checkpoints.put(tx, peer.num, "things", untold))
    epochs = [one.local.epoch for one in pair]
    meet(hub, node)
    assert [one.local.epoch for one in pair] == epochs


def test_a_checkpoint_never_goes_back():
    """Both sides may ask at once, and what was on its way for long says what is true no more."""
    there = checkpoints.Checkpoint().after_pull(2, 7, "x")
    assert there.after_pull(2, 5, "x") == there
    assert there.after_pull(1, 9, "x") == there
    assert there.after_pull(2, 8, "y").pulled == 8
    assert there.after_pull(3, 1, "y").pulled == 1


def test_who_only_waits_says_hello_to_who_was_started_again(pair):
    hub, node = pair
    node.create(title="x")

    async def do():
        await node.sync(hub)
        waiting = node.rounds[hub.instance]
        assert not await waiting.wait()
        hub.end()
        hub.begin()
        waiting._link = hub.link(node)
        assert await waiting.wait()
        await waiting.run()
        assert not await waiting.wait()

    run(hub, node, do=do)


def test_what_a_restore_took_comes_back_before_it_is_withdrawn(pair):
    hub, node = pair
    node.create(title="kept")
    meet(hub, node)

    def lose():
        node.tick()
        node.create(title="lost")
        meet(hub, node)

    back(node, lose)
    renew(node)
    node.tick()
    node.export("things", Export.LOCAL)
    meet(hub, node)
    assert sorted(data["title"] for data in node.data().values()) == ["kept", "lost"]
    assert hub.data() == {}


def test_what_a_replica_wrote_in_its_lives_is_all_its_own(pair):
    hub, node = pair
    first = node.create(title="first")
    renew(node)
    second = node.create(title="second")
    node.patch(first, more="later")
    meet(hub, node)
    writers = {clock[1] for clock in clocks(hub)}
    assert len(writers) == 2
    assert {instance_of(writer) for writer in writers} == {node.instance}
    hub.patch(first, more="hub")
    meet(hub, node)
    node.export("things", Export.LOCAL)
    meet(hub, node)
    assert set(hub.data()) == {first}, "the hub wrote something in it"
    assert set(node.data()) == {first, second}


def clocks(replica):
    for hlc, origin, _, stamps, *_ in replica.states().values():
        yield hlc, origin
        yield from msgspec.json.decode(stamps or "{}").values()


def test_a_conflict_names_the_instance_whatever_its_life(pair):
    hub, node = pair
    renew(node)
    id_ = node.create(title="x")
    meet(hub, node)
    node.patch(id_, title="node")
    hub.tick()
    hub.patch(id_, title="hub")
    meet(hub, node)
    (entry,) = node.conflicts()
    assert entry.clock[1] == node.instance
    assert entry.mine
