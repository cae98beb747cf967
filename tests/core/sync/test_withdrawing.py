"""What a narrowed policy forbids goes from where it is; what is one's own stays."""

import asyncio

import msgspec
import pytest

from unibos.core.store import (
    blobs,
    collections,
    conflicts,
    policies,
    quarantine,
    records,
    replication,
    search,
)
from unibos.core.store.definitions import Collection, Export, Search, Strategy
from unibos.core.store.drafts import Schema
from unibos.core.store.policies import Policy
from unibos.core.store.store import Store
from unibos.core.store.versions import Version
from unibos.core.sync.exchange import withdrawing
from unibos.core.sync.exchange.messages import Change

ME, ANN, BEN = "origin-me", "origin-ann", "origin-ben"
NOTES = Collection("notes", Schema({}), search=Search("title"), blobs=("file",))
PLAIN = Collection("plain", Schema({}))
SHA = "ab" * 32


@pytest.fixture
def org(tmp_path, monkeypatch):
    monkeypatch.setattr(withdrawing, "PAGE", 3)
    store = Store(tmp_path, "hub", ME)
    one = store.org("org-a")
    one.write(lambda tx: [collections.declare(tx, each) for each in (NOTES, PLAIN)])
    for name in ("notes", "plain"):
        for origin in (ANN, BEN):
            learn(one, origin, Export.HUB, 10, name)
    yield one
    store.close()


def learn(org, origin, wanted, hlc, name="notes"):
    policy = Policy(name, origin, wanted, hlc)
    return org.write(lambda tx: policies.learn(tx, policy, Export.HUB))


def put(org, id_, origin, fields, collection=NOTES, clocks=None, deleted=False):
    """A record as a peer gave it."""
    version = Version((20, origin), None if deleted else fields, clocks or {}, {})
    draft = None if deleted else collection.draft(fields)
    org.write(lambda tx: replication.keep(tx, collection, id_, version, draft, None, 1))


def ids(org, name="notes"):
    return [one.id for one in org.read(lambda view: list(replication.by_id(view, name, "", 99)))]


def withdraw(org):
    return asyncio.run(withdrawing.withdraw(org, ME))


def test_a_narrowed_origin_s_records_go_and_others_stay(org):
    for number in range(8):
        put(org, f"ann-{number}", ANN, {"title": "secret"})
        put(org, f"ben-{number}", BEN, {"title": "open"})
    put(org, "ann-gone", ANN, {}, deleted=True)
    put(org, "plain", ANN, {}, PLAIN)
    learn(org, ANN, Export.NODES, 30)
    assert withdraw(org) == 9
    assert ids(org) == [f"ben-{number}" for number in range(8)]
    assert ids(org, "plain") == ["plain"]
    assert org.read(policies.unsettled) == []
    assert org.read(lambda view: search.find(view, "secret", limit=5)) == []
    assert len(org.read(lambda view: search.find(view, "open", limit=50))) == 8


def test_what_several_wrote_goes_unless_one_of_them_is_this_instance(org):
    put(org, "ann-ben", BEN, {"title": "x", "body": "y"}, clocks={"body": (15, ANN)})
    put(org, "ann-me", ME, {"title": "x", "body": "y"}, clocks={"body": (15, ANN)})
    put(org, "ann-removed", BEN, {"title": "x"}, clocks={"body": (15, ANN)})
    learn(org, ANN, Export.LOCAL, 30)
    assert withdraw(org) == 2
    assert ids(org) == ["ann-me"]


def rows(org):
    """How many rows the tables of blobs have."""

    def count(view):
        return {
            name: view.connection.execute(f"SELECT count(*) FROM {name}").fetchone()[0]
            for name in ("blobs", "blob_uses", "pending_blobs")
        }

    return org.read(count)


def test_its_blobs_go_with_it(org):
    put(org, "waits", ANN, {"file": SHA})
    held = blobs.Blob("cd" * 32, 5)
    org.write(lambda tx: blobs.add(tx, held, "other"))
    put(org, "there", ANN, {"file": held.sha256})
    org.write(lambda tx: blobs.release(tx, held.sha256, "other"))
    assert rows(org) == {"blobs": 1, "blob_uses": 1, "pending_blobs": 1}
    learn(org, ANN, Export.LOCAL, 30)
    withdraw(org)
    assert rows(org) == {"blobs": 0, "blob_uses": 0, "pending_blobs": 0}


def conflict(org, record, origin):
    def add(tx):
        conflicts.add(
            tx,
            "notes",
            record,
            Strategy.MANUAL,
            {"title": origin},
            (12, origin),
            mine=False,
            peer=BEN,
            copy=None,
            open_=True,
        )

    org.write(add)


def hold(org, record, origin, clocks=None):
    change = msgspec.json.encode(Change(record, 20, origin, None, clocks))
    org.write(
        lambda tx: quarantine.add(tx, BEN, "notes", record, "record_invalid", "", None, change)
    )


def test_nothing_of_it_is_left_in_the_conflict_log_or_the_quarantine(org):
    put(org, "both", ANN, {"title": "x"})
    put(org, "mine", ME, {"title": "x"}, clocks={"body": (15, ANN)})
    put(org, "open", BEN, {"title": "x"})
    for record in ("both", "mine", "open", "never"):
        for origin in (ANN, BEN, ME):
            conflict(org, record, origin)
    for number in range(4):
        hold(org, f"ann-{number}", ANN)
        hold(org, f"ben-{number}", BEN)
        hold(org, f"mixed-{number}", BEN, {"title": (15, ANN)})
    learn(org, ANN, Export.LOCAL, 30)
    withdraw(org)
    left = org.read(lambda view: conflicts.some(view, None, 99))
    assert sorted((one.record, one.clock[1]) for one in left) == sorted(
        [("both", ME), ("mine", ME), ("never", BEN), ("never", ME), ("open", BEN), ("open", ME)]
    )
    held = org.read(lambda view: quarantine.some(view, 0, 99))
    assert [one.record for one in held] == [f"ben-{number}" for number in range(4)]


def test_without_a_narrowed_policy_nothing_is_written(org):
    put(org, "one", ANN, {"title": "x"})
    seen = []
    org.listen(seen.extend)
    assert withdraw(org) == 0
    assert (ids(org), seen) == (["one"], [])


def test_a_policy_that_was_widened_meanwhile_is_kept_to(org, monkeypatch):
    for number in range(9):
        put(org, f"ann-{number}", ANN, {"title": "x"})
    learn(org, ANN, Export.LOCAL, 30)
    pages = []

    def widen(point):
        pages.append(point)
        if len(pages) == 1:
            learn(org, ANN, Export.HUB, 40)

    monkeypatch.setattr(withdrawing, "reach", widen)
    withdraw(org)
    assert ids(org) == [f"ann-{number}" for number in range(3, 9)]
    assert org.read(policies.unsettled) == []


def test_one_that_was_narrowed_meanwhile_waits_for_its_own_turn(org, monkeypatch):
    for number in range(4):
        put(org, f"a-ben-{number}", BEN, {"title": "x"})
        put(org, f"z-ann-{number}", ANN, {"title": "x"})
    learn(org, ANN, Export.LOCAL, 30)
    pages = []

    def narrow(point):
        pages.append(point)
        if len(pages) == 1:
            learn(org, BEN, Export.LOCAL, 40)

    monkeypatch.setattr(withdrawing, "reach", narrow)
    assert withdraw(org) == 4
    assert [policy.origin for policy in org.read(policies.unsettled)] == [BEN]
    assert withdraw(org) == 4
    assert (ids(org), org.read(policies.unsettled)) == ([], [])


def test_a_policy_of_a_collection_that_is_not_here_is_settled(org):
    learn(org, ANN, Export.HUB, 10, "unknown")
    learn(org, ANN, Export.LOCAL, 20, "unknown")
    assert withdraw(org) == 0
    assert org.read(policies.unsettled) == []


def test_each_page_is_a_transaction_of_its_own_and_small(org):
    for number in range(10):
        put(org, f"ann-{number}", ANN, {"title": "x"})
    told = []
    learn(org, ANN, Export.LOCAL, 30)
    org.listen(lambda changes: told.append(len(changes)))
    withdraw(org)
    assert told == [3, 3, 3, 1]


def test_what_this_instance_wrote_alone_is_never_touched(org):
    made = org.write(lambda tx: records.create(tx, "notes", NOTES.draft({"title": "x"})))
    learn(org, ANN, Export.LOCAL, 30)
    withdraw(org)
    assert ids(org) == [made.id]
