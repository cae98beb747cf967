"""The feed tells each record's newest state once, in order, deletions included."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unibos.base.errors import Forbidden
from unibos.core.store import census, collections, feed, records
from unibos.core.store.clocks import restamp
from unibos.core.store.definitions import Collection, Export
from unibos.core.store.drafts import Schema

from .conftest import NOTES


def test_the_feed_gives_newest_states_in_order(store, org):
    org.write(lambda tx: collections.declare(tx, Collection("plain", Schema({}))))
    first, second, third = (
        org.write(lambda tx, name=name: records.create(tx, name, NOTES.draft({"title": name})))
        for name in ("notes", "plain", "notes")
    )
    org.write(lambda tx: records.patch(tx, "notes", first.id, {"title": "x"}, NOTES.draft))
    org.write(lambda tx: records.delete(tx, "notes", third.id))
    told = org.read(feed.all_changes)
    assert [(one.id, one.deleted) for one in told] == [
        (second.id, False),
        (first.id, False),
        (third.id, True),
    ]
    assert [one.seq for one in told] == sorted(one.seq for one in told)
    assert org.read(feed.newest_seq) == told[-1].seq
    assert org.read(lambda view: feed.all_changes(view, told[1].seq)) == told[2:]
    assert org.read(lambda view: feed.all_changes(view, limit=1)) == told[:1]
    assert store.org("org-b").read(feed.all_changes) == []
    assert store.org("org-b").read(feed.newest_seq) == 0


def test_large_records_make_a_batch_shorter(org, monkeypatch):
    monkeypatch.setattr(feed, "PAGE_BYTES", 1000)
    made = [
        org.write(lambda tx: records.create(tx, "notes", NOTES.draft({"body": "x" * 400})))
        for _ in range(5)
    ]
    told, after = [], 0
    while batch := org.read(lambda view, after=after: feed.all_changes(view, after)):
        assert len(batch) <= 3
        told += batch
        after = batch[-1].seq
    assert told == made


def test_the_census_counts_what_is_there(org):
    made = [org.write(lambda tx: records.create(tx, "notes", NOTES.draft({}))) for _ in range(3)]
    org.write(lambda tx: records.delete(tx, "notes", made[0].id))
    told = org.read(census.take)
    assert (told.records, told.blob_bytes, told.users) == ({"notes": 2}, 0, 0)


def test_a_ceiling_cannot_be_raised_above(org):
    camera = Collection(
        "camera", Schema({}), export=Export.HUB, ceiling=Export.NODES, module="cctv"
    )
    with pytest.raises(Forbidden) as caught:
        org.write(lambda tx: collections.declare(tx, camera))
    assert caught.value.code == "export_over_ceiling"


def clock_of(field, clocks, row, data):
    return clocks.get(field, row if field in data else (0, ""))


_DATA = st.dictionaries(st.sampled_from("abcd"), st.integers(0, 2))


@given(states=st.lists(_DATA, min_size=1, max_size=8))
def test_each_field_has_the_clock_of_the_write_that_last_touched_it(states):
    truth: dict = {}
    clocks: dict = {}
    row, before = (0, "a"), {}
    for number, after in enumerate(states, start=1):
        now = (number, "a")
        for field in before.keys() | after.keys():
            if before.get(field) != after.get(field):
                truth[field] = now
        clocks = restamp(before, clocks, row, after, now)
        row, before = now, after
        for field in "abcd":
            assert clock_of(field, clocks, row, after) == truth.get(field, (0, ""))
