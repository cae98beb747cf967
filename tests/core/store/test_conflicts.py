"""The conflict log keeps its bounds, and what waits for a decision stays."""

import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unibos.base.errors import NotFound
from unibos.core.store import conflicts
from unibos.core.store.definitions import Strategy
from unibos.core.store.store import Store

LAST = "SELECT seq FROM sqlite_sequence WHERE name = 'conflicts'"


def add(tx, record="r", collection="notes", open_=False, **fields):
    conflicts.add(
        tx,
        collection,
        record,
        Strategy.MANUAL if open_ else Strategy.FIELDS,
        fields or {"title": "lost"},
        (7 << 16, "origin-b"),
        mine=False,
        peer="peer-b",
        copy=None,
        open_=open_,
    )


def every(org, **only):
    return org.read(lambda view: conflicts.some(view, None, 1000, **only))


def test_an_entry_tells_what_lost(org):
    org.write(lambda tx: add(tx, title="lost", tags=["a"], empty=None))
    (entry,) = every(org)
    assert (entry.collection, entry.record, entry.peer) == ("notes", "r", "peer-b")
    assert (entry.names, entry.clock) == (("title", "tags", "empty"), (7 << 16, "origin-b"))
    assert (entry.mine, entry.open, entry.strategy) == (False, False, Strategy.FIELDS)
    lost = org.read(lambda view: conflicts.fields(view, entry.num))
    assert lost == {"title": "lost", "tags": ["a"], "empty": None}
    assert org.read(lambda view: conflicts.get(view, entry.num)) == entry


def test_pages_go_from_the_newest_to_the_oldest(org):
    for number in range(5):
        org.write(lambda tx, number=number: add(tx, f"r{number}"))
    first = org.read(lambda view: conflicts.some(view, None, 2))
    second = org.read(lambda view: conflicts.some(view, first[-1].num, 10))
    assert [one.record for one in (*first, *second)] == ["r4", "r3", "r2", "r1", "r0"]


def test_the_list_is_narrowed_by_collection_record_and_state(org):
    def fill(tx):
        add(tx, "a")
        add(tx, "b", open_=True)
        add(tx, "a", "tasks")

    org.write(fill)
    assert [one.record for one in every(org, collection="notes")] == ["b", "a"]
    assert [one.collection for one in every(org, record="a")] == ["tasks", "notes"]
    assert [one.record for one in every(org, open_=True)] == ["b"]
    assert len(every(org, open_=False)) == 2
    assert org.read(conflicts.count) == conflicts.Tally(3, 1)


def test_another_org_sees_none_of_it(store, org):
    org.write(add)
    (entry,) = every(org)
    other = store.org("org-b")
    assert every(other) == []
    assert other.read(lambda view: conflicts.fields(view, entry.num)) == {}
    with pytest.raises(NotFound):
        other.read(lambda view: conflicts.get(view, entry.num))
    other.write(lambda tx: conflicts.remove(tx, entry.num))
    assert every(org) == [entry]


@given(st.lists(st.sampled_from(["closed", "closed", "open", "decided", "elsewhere"]), max_size=80))
def test_the_log_is_bounded_and_what_is_open_stays(steps):
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(conflicts, "MAX_ENTRIES", 10)
        patch.setattr(conflicts, "_ROOM", 2)
        store = Store(Path(folder), "node", "origin-a")
        try:
            store.org("org-a").write(lambda tx: go(tx, steps, most=10))
        finally:
            store.close()


def go(tx, steps, most):
    opened, newest, peak = set(), None, 0
    for step in steps:
        if step == "elsewhere":
            add(replace(tx, org="org-b"))
        elif step == "decided" and opened:
            decided = min(opened)
            opened.discard(decided)
            newest = None if newest == decided else newest
            conflicts.remove(tx, decided)
        elif step in ("open", "closed"):
            add(tx, open_=step == "open")
            (newest,) = tx.connection.execute(LAST).fetchone()
            if step == "open":
                opened.add(newest)
        peak = max(peak, len(opened))
        left = {one.num for one in conflicts.some(tx, None, 1000)}
        assert opened <= left
        assert len(left) <= most or left == opened
        if newest is not None and peak < most - 2:
            assert newest in left
