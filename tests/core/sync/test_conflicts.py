"""What lost a merge comes back as an ordinary write, or is let go."""

from dataclasses import replace

import pytest

from tests.core.sync.replicas import ORG, Replica, plain
from unibos.base.errors import Invalid, NotFound
from unibos.core.store import blobs, collections, conflicts, pending_blobs, records
from unibos.core.store.blobs import Blob
from unibos.core.store.definitions import Strategy
from unibos.core.store.drafts import Schema
from unibos.core.sync.conflicts import discard, restore, show


@pytest.fixture
def node(tmp_path):
    replica = Replica(tmp_path, "a")
    yield replica
    replica.close()


def lose(node, id_, strategy=Strategy.FIELDS, **fields):
    """Write down that these fields lost; the number of the entry."""
    clock = (node.clock.ms << 16, "b-instance")

    def add(tx):
        conflicts.add(
            tx,
            "things",
            id_,
            strategy,
            fields,
            clock,
            mine=False,
            peer="b-instance",
            copy=None,
            open_=strategy is Strategy.MANUAL,
        )

    node.home.write(add)
    return node.conflicts()[0].num


def test_fields_that_lost_come_back_and_the_others_stay(node):
    node.declare(plain())
    id_ = node.create(title="new", count=1)
    num = lose(node, id_, title="old", tags=["a"])
    shown = node.home.read(lambda view: show(view, num))
    assert (shown.lost, shown.present) == (
        {"title": "old", "tags": ["a"]},
        {"title": "new", "count": 1},
    )
    before = node.states()[id_]
    record = node.home.write(lambda tx: restore(tx, num))
    assert record.data == {"title": "old", "count": 1, "tags": ["a"]}
    assert node.data() == {id_: record.data}
    assert node.states()[id_][0] > before[0], "it is a write like any other"
    assert node.conflicts() == []


def test_a_field_comes_back_as_it_was_and_is_not_merged_into(node):
    node.declare(plain())
    id_ = node.create(place={"city": "Izmir", "street": "1"})
    num = lose(node, id_, place={"city": None})
    assert node.home.write(lambda tx: restore(tx, num)).data == {"place": {"city": None}}


@pytest.mark.parametrize("strategy", [Strategy.RECORD, Strategy.FIRST, Strategy.MANUAL])
def test_a_whole_record_comes_back_whole(node, strategy):
    node.declare(plain(strategy=strategy))
    id_ = node.create(title="new", count=1)
    num = lose(node, id_, strategy, title="old")
    assert node.home.write(lambda tx: restore(tx, num)).data == {"title": "old"}
    assert node.conflicts() == []


@pytest.mark.parametrize("strategy", [Strategy.FIELDS, Strategy.RECORD])
def test_a_deleted_record_comes_back(node, strategy):
    node.declare(plain(strategy=strategy))
    id_ = node.create(title="new")
    num = lose(node, id_, strategy, title="old")
    node.delete(id_)
    assert node.home.read(lambda view: show(view, num)).present is None
    node.home.write(lambda tx: restore(tx, num))
    assert node.data() == {id_: {"title": "old"}}


def test_a_record_of_which_no_trace_is_left_comes_back(node):
    node.declare(plain())
    id_ = node.create(title="new")
    num = lose(node, id_, title="old")
    node.delete(id_)
    node.home.write(lambda tx: tx.connection.execute("DELETE FROM records"))
    node.home.write(lambda tx: restore(tx, num))
    assert node.data() == {id_: {"title": "old"}}


def test_what_the_schema_refuses_by_now_does_not_come_back_and_stays_in_the_log(node):
    node.declare(plain())
    id_ = node.create(title="new")
    num = lose(node, id_, title=7)
    strict = Schema({"properties": {"title": {"type": "string"}}})
    node.declare(replace(plain(), schema=strict))
    with pytest.raises(Invalid) as caught:
        node.home.write(lambda tx: restore(tx, num))
    assert caught.value.code == "record_invalid"
    assert node.data() == {id_: {"title": "new"}}
    assert [one.num for one in node.conflicts()] == [num]


def test_blobs_are_needed_again_with_the_field_that_names_them(node):
    node.declare(plain(blobs=("file",)))
    old, new = "0" * 64, "1" * 64

    def make(tx):
        collection = collections.get(tx, "things")
        record = records.create(tx, "things", collection.draft({"file": new}))
        blobs.add(tx, Blob(new, 3), f"things/{record.id}")
        return record.id

    id_ = node.home.write(make)
    num = lose(node, id_, file=old)
    node.home.write(lambda tx: restore(tx, num))
    waiting = node.home.read(lambda view: pending_blobs.page(view, 0, 10))
    assert [one.sha256 for one in waiting] == [old]
    uses = "SELECT count(*) FROM blob_uses WHERE sha256 = ?"
    assert node.home.read(lambda view: view.connection.execute(uses, (new,)).fetchone()) == (0,)


def test_what_is_discarded_is_gone_and_the_record_stays(node):
    node.declare(plain())
    id_ = node.create(title="new")
    num = lose(node, id_, Strategy.MANUAL, title="old")
    node.home.write(lambda tx: discard(tx, num))
    assert node.conflicts() == []
    assert node.data() == {id_: {"title": "new"}}
    for verb in (discard, restore):
        with pytest.raises(NotFound) as caught:
            node.home.write(lambda tx, verb=verb: verb(tx, num))
        assert caught.value.code == "conflict_not_found"


def test_an_org_cannot_decide_for_another(node):
    node.declare(plain())
    num = lose(node, node.create(title="new"), title="old")
    other = node.store.org(ORG.replace("a", "b"))
    for verb in (discard, restore):
        with pytest.raises(NotFound):
            other.write(lambda tx, verb=verb: verb(tx, num))
    assert [one.num for one in node.conflicts()] == [num]
