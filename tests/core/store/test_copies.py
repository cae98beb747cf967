"""Copies of a database in use: of one instant, in nobody's way."""

import shutil
import sqlite3
import threading
from contextlib import closing

import pytest

from unibos.base.errors import Error
from unibos.core.store import blobs, copies, records
from unibos.core.store.copies import Copies
from unibos.core.store.definitions import Collection
from unibos.core.store.drafts import Schema
from unibos.core.store.store import Store

NOTES = Collection("notes", Schema({}))


def made(store):
    """A copy, once it is done."""
    store.copies.start()
    store.copies._thread.join()
    return store.copies.present()


def failed(code, call, *arguments):
    with pytest.raises(Error) as told:
        call(*arguments)
    assert told.value.code == code


def write(org, count=1, size=10):
    drafts = [NOTES.draft({"title": "x" * size}) for _ in range(count)]
    org.write(lambda tx: [records.create(tx, "notes", draft) for draft in drafts])


def test_a_copy_holds_what_was_acknowledged_and_no_half_of_anything(store, org):
    write(org, 300, 5000)
    stop, acknowledged = threading.Event(), []

    def busy():
        while not stop.is_set():
            write(org, 3)
            acknowledged.append(3)

    writers = [threading.Thread(target=busy) for _ in range(3)]
    for one in writers:
        one.start()
    try:
        for _ in range(5):
            before = len(acknowledged)
            copy = made(store)
            after = len(acknowledged)
            assert copy.state == "done"
            with closing(sqlite3.connect(copy.path)) as connection:
                assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
                (count,) = connection.execute("SELECT count(*) FROM records").fetchone()
            # Three writers may each have a write that is committed and not yet told of.
            assert 300 + 3 * before <= count <= 300 + 3 * (after + 3)
            assert count % 3 == 0
    finally:
        stop.set()
        for one in writers:
            one.join()
    assert acknowledged


def test_a_copy_is_one_file_that_stands_for_itself(store, org, tmp_path):
    write(org)
    copy = made(store)
    assert [path.name for path in copy.path.parent.iterdir()] == ["node.db"]
    told = copies.contents(copy.path)
    assert (told.records, told.blobs, told.schema) == (1, 0, copies.NEWEST_SCHEMA)
    assert told.newest == store.read(_newest)
    assert [path.name for path in copy.path.parent.iterdir()] == ["node.db"]
    assert copy.path.stat().st_mode & 0o077 == 0 or copy.path.parent.stat().st_mode & 0o077 == 0
    store.copies.remove()
    assert list(copy.path.parent.iterdir()) == []
    failed("copy_not_found", store.copies.present)


def _newest(view):
    (text,) = view.connection.execute("SELECT value FROM meta WHERE key = 'counters'").fetchone()
    return int(text.split()[1])


def test_the_blobs_of_a_copy_are_those_of_its_instant(store, org):
    names = []
    for content in (b"a", b"bb", b"ccc"):
        upload = org.blobs.upload(100)
        upload.write(content)
        blob = upload.finish(org.blobs)
        names.append(blob)
        org.write(lambda tx, blob=blob: blobs.add(tx, blob))
    copy = made(store)
    org.write(lambda tx: blobs.release(tx, names[0].sha256))
    assert list(copies.blobs_of(copy.path)) == sorted(names, key=lambda one: one.sha256)
    told = copies.contents(copy.path)
    assert (told.blobs, told.blob_bytes) == (3, 6)


@pytest.fixture
def slow(monkeypatch):
    """Copies that go on only when they are told to, or given up."""
    go_on, begun = threading.Event(), threading.Event()

    def copy(source, target, told):
        target.write_bytes(b"half")
        begun.set()
        while not go_on.wait(0.01):
            told(0, 1, 2)

    monkeypatch.setattr(copies, "_copy", copy)
    yield begun
    go_on.set()


def test_one_copy_at_a_time(store, slow):
    store.copies.start()
    slow.wait()
    failed("copy_running", store.copies.start)
    store.copies.remove()
    failed("copy_not_found", store.copies.present)
    assert not list((store.path.parent / "copies").iterdir())


def test_a_store_that_closes_gives_the_copy_up(tmp_path, slow):
    store = Store(tmp_path / "own", "node", "origin-a")
    store.copies.start()
    slow.wait()
    store.close()
    assert not list((tmp_path / "own" / "copies").iterdir())


def test_what_an_earlier_life_left_is_removed(store):
    left = made(store).path
    Copies(store.path)
    assert not left.exists()


def test_no_room_is_told_before_anything_is_written(store, org, monkeypatch):
    usage = shutil._ntuple_diskusage(1000, 999, 1)
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: usage)
    copy = made(store)
    assert (copy.state, copy.error.code) == ("failed", "storage_full")
    assert copy.error.hint
    assert not list((store.path.parent / "copies").iterdir())


def test_a_database_that_nobody_owns_stands_by_itself(tmp_path):
    store = Store(tmp_path / "own", "node", "origin-a")
    failed("database_in_use", copies.standing(store.path).__enter__)
    store.close()
    with copies.standing(store.path) as path:
        assert copies.contents(path).records == 0
        failed("database_in_use", Store, tmp_path / "own", "node", "origin-a")
    Store(tmp_path / "own", "node", "origin-a").close()


def test_what_is_no_database_is_damaged(tmp_path):
    path = tmp_path / "node.db"
    path.write_bytes(bytes(5000))
    failed("database_damaged", copies.standing(path).__enter__)
    failed("database_damaged", copies.contents, path)
