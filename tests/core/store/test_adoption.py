"""One org's data become another's, all of it, and nobody else's."""

import sqlite3

import pytest

from unibos.base.errors import StorageFull
from unibos.core.store import (
    accounts,
    adoption,
    blobs,
    collections,
    integrity,
    jobs,
    meta,
    purging,
    records,
    search,
)
from unibos.core.store.blobs import Blob
from unibos.core.store.definitions import Collection, Search
from unibos.core.store.drafts import Schema
from unibos.core.store.job import JobSpec
from unibos.core.store.store import Store

NEW = "01990000-0000-7000-8000-000000000001"
NOTES = Collection("notes", Schema({"type": "object"}), search=Search("title"))
EMAIL = "owner@example.org"


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "data"


def opened(folder, first=None):
    return Store(folder, "node", "origin-a", first=first)


def adopting(org):
    return lambda tx: adoption.adopt(tx, org)


def filled(store):
    """One of everything in the local org; its id."""
    org = store.write(lambda tx: accounts.make_local_org(tx, "Home", "family"))

    def fill(tx):
        collections.declare(tx, NOTES)
        kept = records.create(tx, "notes", NOTES.draft({"title": "Groceries"}))
        gone = records.create(tx, "notes", NOTES.draft({"title": "Gone"}))
        records.delete(tx, "notes", gone.id)
        owner = accounts.create(tx, EMAIL, EMAIL, "Owner", "verifier", "owner")
        accounts.open_session(tx, owner.id, 1, 2)
        blobs.add(tx, Blob("ab" * 32, 3))
        meta.put(tx, "fact", "kept")
        return kept

    return org, store.write(fill, org)


def rows(store, org):
    """How many rows of each table are the org's."""

    def count(view):
        return {
            name: view.connection.execute(
                f"SELECT count(*) FROM {name} WHERE org = ?", (org,)
            ).fetchone()[0]
            for name in (*purging.tables(view), "search")
        }

    return {name: count for name, count in store.read(count).items() if count}


def test_everything_changes_its_org(folder):
    store = opened(folder)
    home, kept = filled(store)
    before = rows(store, home)
    feed = store.read(lambda view: records.get(view, "notes", kept.id), home)
    assert set(before) >= {"records", "members", "sessions", "collections", "blobs", "search"}
    store.close()

    store = opened(folder, adopting(NEW))
    assert rows(store, home) == {}
    assert rows(store, NEW) == before
    assert store.read(accounts.local_org) == NEW
    assert store.read(lambda view: records.get(view, "notes", kept.id), NEW) == feed
    assert [h.id for h in store.read(lambda v: search.find(v, "groc"), NEW)] == [kept.id]
    assert store.read(lambda view: accounts.by_email(view, EMAIL)).org == NEW
    assert store.read(lambda view: meta.get(view, "fact"), NEW) == "kept"
    assert store.read(lambda view: meta.get(view, "fact"), home) is None
    assert store.read(lambda view: integrity.check(view, store.blobs), NEW)[0].code == (
        "blob_missing"
    )
    store.close()


def test_the_search_index_goes_on_working(folder):
    store = opened(folder)
    _, kept = filled(store)
    store.close()
    store = opened(folder, adopting(NEW))
    store.write(
        lambda tx: records.put(tx, "notes", kept.id, NOTES.draft({"title": "Dentist"})), NEW
    )
    assert store.read(lambda view: search.find(view, "groceries"), NEW) == []
    assert len(store.read(lambda view: search.find(view, "dentist"), NEW)) == 1
    check = "INSERT INTO search(search, rank) VALUES ('integrity-check', 1)"
    store.write(lambda tx: tx.connection.execute(check))
    store.close()


def test_another_org_s_data_stay_its_own(folder):
    store = opened(folder)
    home, _ = filled(store)
    other = home[:-1] + ("0" if home[-1] != "0" else "1")
    for org in (other, home + "0", home + "-"):
        store.write(lambda tx: meta.put(tx, "fact", "other"), org)
    store.write(lambda tx: collections.declare(tx, NOTES), other)
    draft = NOTES.draft({"title": "Groceries"})
    store.write(lambda tx: records.create(tx, "notes", draft), other)
    before = rows(store, other)
    store.close()
    store = opened(folder, adopting(NEW))
    assert rows(store, other) == before
    for org in (other, home + "0", home + "-"):
        assert store.read(lambda view: meta.get(view, "fact"), org) == "other"
    store.close()


def test_the_same_org_again_writes_nothing(folder):
    store = opened(folder)
    home, _ = filled(store)
    store.close()
    before = (folder / "node.db").read_bytes()
    opened(folder, adopting(home)).close()
    assert (folder / "node.db").read_bytes() == before


def test_a_database_without_an_org_has_nothing_to_give(folder):
    store = opened(folder, adopting(NEW))
    assert store.read(accounts.local_org) is None
    store.close()


def test_every_table_with_an_org_is_known(folder):
    """A table that the list of tables missed would keep the old org."""
    store = opened(folder)
    store.close()
    connection = sqlite3.connect(folder / "node.db")
    found = {
        name
        for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        if "org" in {row[1] for row in connection.execute(f"PRAGMA table_info({name})")}
    }
    connection.close()
    store = opened(folder)
    assert found == {*store.read(purging.tables), "search"}
    store.close()


def test_jobs_that_wait_are_done_for_the_new_org(folder):
    store = opened(folder)
    home, _ = filled(store)
    job = store.write(lambda tx: jobs.add(tx, JobSpec(name="a.b"), {}), home)
    store.close()
    store = opened(folder, adopting(NEW))
    found = store.read(lambda view: jobs.get(view, job.id), NEW)
    assert (found.org, found.state, found.kind) == (NEW, job.state, "a.b")
    store.close()


def test_a_full_disk_leaves_the_old_org(folder, monkeypatch):
    store = opened(folder)
    home, _ = filled(store)
    before = rows(store, home)
    store.close()

    def full(tx):
        adoption.adopt(tx, NEW)
        error = sqlite3.OperationalError("database or disk is full")
        error.sqlite_errorcode = sqlite3.SQLITE_FULL
        raise error

    with pytest.raises(StorageFull):
        opened(folder, full)
    store = opened(folder)
    assert rows(store, home) == before
    assert store.read(accounts.local_org) == home
    store.close()
