"""The quarantine holds what cannot be taken, never more than it may, and nothing is dropped."""

from dataclasses import replace

import pytest

from unibos.base.errors import NotFound, StorageFull
from unibos.core.store import collections, quarantine
from unibos.core.store.drafts import Schema

from .conftest import NOTES, T0

CHANGE = b'["r",1,"origin-b",{}]'


def add(tx, record="r", peer="peer-b", due=None, change=CHANGE, collection="notes"):
    quarantine.add(tx, peer, collection, record, "record_invalid", "Why.", due, change)
    quarantine.require_room(tx, peer, collection)


def every(org):
    return org.read(lambda view: quarantine.some(view, 0, 1000))


def ready(org, now=T0):
    return [one.record for one in org.read(lambda view: quarantine.ready(view, now, 0, 1000))]


def test_a_change_is_held_as_it_came(org):
    org.write(lambda tx: add(tx, due=T0 + 5))
    (held,) = every(org)
    assert (held.peer, held.collection, held.record) == ("peer-b", "notes", "r")
    assert (held.code, held.detail, held.due, held.size) == (
        "record_invalid",
        "Why.",
        T0 + 5,
        len(CHANGE),
    )
    assert org.read(lambda view: quarantine.change(view, held.num)) == CHANGE
    assert org.read(lambda view: quarantine.find(view, "peer-b", "notes", "r")) == CHANGE


def test_a_newer_change_of_a_record_takes_the_place_of_the_older_one(org):
    org.write(add)
    org.write(lambda tx: add(tx, change=b'["r",2,"origin-b",{}]'))
    org.write(lambda tx: add(tx, peer="peer-c"))
    assert [(one.peer, one.num) for one in every(org)] == [
        ("peer-b", 1),
        ("peer-c", every(org)[1].num),
    ]
    assert org.read(lambda view: quarantine.change(view, 1)) == b'["r",2,"origin-b",{}]'


def test_what_was_taken_is_forgotten_and_nothing_else(org):
    def fill(tx):
        add(tx)
        add(tx, "s")
        add(tx, peer="peer-c")

    org.write(fill)
    org.write(lambda tx: quarantine.forget(tx, "peer-b", "notes", "r"))
    assert {(one.peer, one.record) for one in every(org)} == {("peer-b", "s"), ("peer-c", "r")}
    assert org.read(lambda view: quarantine.ids(view, "peer-b", "notes", "", "")) == ["s"]
    assert org.read(lambda view: quarantine.ids(view, "peer-b", "notes", "s", "")) == []
    assert org.read(lambda view: quarantine.ids(view, "peer-b", "notes", "", "r")) == []


def test_a_change_is_ready_when_its_time_has_come(org):
    org.write(lambda tx: add(tx, due=T0 + 5))
    assert ready(org, T0 + 4) == []
    assert ready(org, T0 + 5) == ["r"]


def test_a_change_is_ready_once_its_collection_is_another(org):
    org.write(add)
    org.write(lambda tx: add(tx, "x", collection="unknown"))
    assert ready(org) == []
    wider = replace(NOTES, schema=Schema({"type": "object"}))
    org.write(lambda tx: collections.declare(tx, wider))
    assert ready(org) == ["r"]
    org.write(add)
    assert ready(org) == [], "it was tried with the present schema"
    org.write(lambda tx: collections.declare(tx, replace(NOTES, name="unknown", key=None)))
    assert ready(org) == ["x"]


@pytest.mark.parametrize(("limit", "most"), [("MAX_CHANGES", 3), ("MAX_BYTES", 3 * len(CHANGE))])
def test_a_full_quarantine_takes_no_more_and_keeps_what_it_has(org, monkeypatch, limit, most):
    monkeypatch.setattr(quarantine, limit, most)
    for record in "abc":
        org.write(lambda tx, record=record: add(tx, record))
    with pytest.raises(StorageFull) as caught:
        org.write(lambda tx: add(tx, "d"))
    assert caught.value.code == "quarantine_full"
    org.write(lambda tx: add(tx, "b"))
    assert {one.record for one in every(org)} == set("abc")
    org.write(lambda tx: quarantine.forget(tx, "peer-b", "notes", "a"))
    org.write(lambda tx: add(tx, "d"))
    assert org.read(quarantine.count) == quarantine.Tally(3, 3 * len(CHANGE))


def test_a_peer_that_fills_its_share_leaves_that_of_others(org, monkeypatch):
    monkeypatch.setattr(quarantine, "MAX_CHANGES", 2)
    for peer in ("peer-b", "peer-c", "peer-d", "peer-e"):
        for record in "ab":
            org.write(lambda tx, record=record, peer=peer: add(tx, record, peer))
    for peer in ("peer-b", "peer-f"):
        with pytest.raises(StorageFull):
            org.write(lambda tx, peer=peer: add(tx, "c", peer))
    assert org.read(quarantine.count).changes == 8


def test_orgs_are_apart(store, org):
    org.write(add)
    (held,) = every(org)
    other = store.org("org-b")
    assert every(other) == []
    with pytest.raises(NotFound):
        other.read(lambda view: quarantine.get(view, held.num))
    other.write(lambda tx: quarantine.remove(tx, held.num))
    assert every(org) == [held]
    assert store.read(quarantine.orgs) == ["org-a"]
