"""Bytes that are still to come: told as such, no damage, and their part outlives the collector."""

import hashlib
import os
import time

import pytest

from unibos.base.errors import NotFound, Unavailable
from unibos.core.store import blob_troubles, blobs, collections, integrity, pending_blobs
from unibos.core.store.definitions import Collection
from unibos.core.store.drafts import Schema

DATA = os.urandom(50_000)
NAME = hashlib.sha256(DATA).hexdigest()
FILES = Collection("files", Schema({}), blobs=("sha256", "thumbnail"))
LIMIT = 1 << 20
HOUR = 3600


@pytest.fixture
def waiting(org):
    """An org with a record of which only the bytes are wanting."""
    org.write(lambda tx: collections.declare(tx, FILES))
    org.write(lambda tx: pending_blobs.follow(tx, FILES, "r1", None, {"sha256": NAME}))
    return org


def age(path, hours):
    before = time.time() - hours * HOUR
    os.utime(path, (before, before))


def sweep(store, hours=24):
    files, grace = store.blobs, hours * HOUR
    stale = [
        path
        for path in files.stale(grace)
        if not store.read(lambda view, path=path: blobs.named(view, path.name))
    ]
    return store.write(lambda tx: files.collect(tx, stale, grace))


def receive(org, data, size=None):
    upload = org.blobs.resume(org.org, NAME, LIMIT)
    upload.write(data[upload.size : size])
    return upload


def test_it_is_told_as_still_to_come(store, waiting):
    with pytest.raises(Unavailable) as caught:
        waiting.read(lambda view: blobs.open_path(view, waiting.blobs, NAME))
    assert (caught.value.code, caught.value.facts) == ("blob_pending", {"sha256": NAME})
    assert store.read(lambda view: integrity.check(view, store.blobs, deep=True)) == []
    with pytest.raises(NotFound):
        store.org("org-b").read(lambda view: blobs.get(view, NAME))


def test_it_is_had_once_it_is_here(waiting):
    blob = receive(waiting, DATA).finish(waiting.blobs, NAME)
    assert waiting.write(lambda tx: pending_blobs.arrived(tx, blob))
    assert waiting.read(lambda view: blobs.uses(view, NAME)) == ["files/r1"]
    assert waiting.read(pending_blobs.waiting).blobs == 0
    assert not waiting.write(lambda tx: pending_blobs.arrived(tx, blob))


def test_what_the_record_names_now_counts(waiting):
    other = "0" * 64
    waiting.write(
        lambda tx: pending_blobs.follow(
            tx, FILES, "r1", {"sha256": NAME}, {"sha256": other, "thumbnail": NAME}
        )
    )
    needs = waiting.read(lambda view: pending_blobs.page(view, 0, 10))
    assert [(need.sha256, need.used_by) for need in needs] == [
        (other, "files/r1"),
        (NAME, "files/r1/thumbnail"),
    ]
    waiting.write(lambda tx: blobs.release(tx, NAME, "files/r1/thumbnail"))
    waiting.write(lambda tx: pending_blobs.follow(tx, FILES, "r1", {"sha256": other}, None))
    assert waiting.read(pending_blobs.waiting).blobs == 0


def test_trouble_ends_with_the_waiting(waiting):
    waiting.write(
        lambda tx: blob_troubles.add(tx, "fetch", NAME, 1, "blob_not_there", 1000, 10, 25)
    )
    assert waiting.read(lambda view: blob_troubles.next_due(view, 1)) == 1010
    assert waiting.read(lambda view: pending_blobs.due(view, 1, 1009, None, 10)) == []
    assert waiting.read(lambda view: pending_blobs.due(view, 2, 1009, None, 10)) == [NAME]
    assert waiting.read(lambda view: pending_blobs.due(view, 1, 1010, None, 10)) == [NAME]
    for due in (1020, 1025, 1025):
        waiting.write(
            lambda tx: blob_troubles.add(tx, "fetch", NAME, 1, "blob_not_there", 1000, 10, 25)
        )
        assert waiting.read(lambda view: blob_troubles.next_due(view, 1)) == due
    waiting.write(lambda tx: blobs.release(tx, NAME, "files/r1"))
    assert waiting.read(lambda view: blob_troubles.next_due(view, 1)) is None


def test_known_sizes_are_counted(waiting):
    assert waiting.read(pending_blobs.waiting) == pending_blobs.Waiting(1, 0, 0)
    waiting.write(lambda tx: pending_blobs.sized(tx, {NAME: len(DATA)}))
    assert waiting.read(pending_blobs.waiting) == pending_blobs.Waiting(1, 1, len(DATA))
    assert waiting.read(lambda view: pending_blobs.due(view, 1, 0, len(DATA) - 1, 10)) == []
    assert waiting.read(lambda view: pending_blobs.due(view, 1, 0, len(DATA), 10)) == [NAME]


def test_a_part_stays_as_long_as_somebody_waits_for_the_rest(store, waiting):
    receive(waiting, DATA, 1000).pause()
    (part,) = (store.blobs.folder / "incoming").iterdir()
    age(part, 1000)
    assert sweep(store) == 0
    waiting.write(lambda tx: blobs.release(tx, NAME, "files/r1"))
    assert sweep(store) == 1


def test_a_part_that_is_taken_up_again_is_fresh(store, org):
    receive(org, DATA, 1000).pause()
    (part,) = (store.blobs.folder / "incoming").iterdir()
    age(part, 1000)
    files = store.blobs
    stale = list(files.stale(HOUR))
    assert stale == [part]
    upload = files.resume(org.org, NAME, LIMIT)
    assert store.write(lambda tx: files.collect(tx, stale, HOUR)) == 0
    upload.write(DATA[upload.size :])
    # Whole, renamed, and not named by a row yet.
    blob = upload.finish(files, NAME)
    assert sweep(store) == 0
    org.write(lambda tx: blobs.add(tx, blob))
    assert org.read(lambda view: blobs.open_path(view, files, NAME)).read_bytes() == DATA
