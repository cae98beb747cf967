"""Bytes come in whole or not at all, resume after a cut, and go only when nobody names them."""

import errno
import hashlib
import os
from pathlib import Path

import pytest

from unibos.base.errors import Conflict, Damaged, Invalid, NotFound, StorageFull, TooLarge
from unibos.core.store import blobs, census, integrity
from unibos.core.store.blobs import BlobFiles
from unibos.core.store.store import Store
from unibos.core.store.system import System

DATA = os.urandom(100_000)
NAME = hashlib.sha256(DATA).hexdigest()
LIMIT = 1 << 20


def store_blob(org, data=DATA):
    upload = org.blobs.upload(LIMIT)
    upload.write(data)
    blob = upload.finish(org.blobs)
    org.write(lambda tx: blobs.add(tx, blob))
    return blob


def files(store):
    return list(store.blobs._folder.glob("*/*"))


def sweep(store, grace):
    stale = store.blobs.stale(grace)
    return store.write(lambda tx: store.blobs.collect(tx, stale, grace))


def test_what_came_in_is_what_is_there(org):
    blob = store_blob(org)
    assert (blob.sha256, blob.size) == (NAME, len(DATA))
    path = org.read(lambda view: blobs.open_path(view, org.blobs, NAME))
    assert path.read_bytes() == DATA
    assert path.parent.name == NAME[:2]
    assert org.read(census.take).blob_bytes == len(DATA)
    assert org.write(lambda tx: blobs.add(tx, blob)) is False


def test_another_org_does_not_have_it(store, org):
    store_blob(org)
    with pytest.raises(NotFound):
        store.org("org-b").read(lambda view: blobs.open_path(view, store.blobs, NAME))


@pytest.mark.parametrize(
    "name", ["", "..", "../../etc/passwd", "A" * 64, "a" * 63, "a" * 64 + "\n"]
)
def test_a_path_is_made_from_a_hash_only(org, name):
    with pytest.raises(Invalid):
        org.blobs.path(name)


def test_a_wrong_hash_leaves_nothing(store, org):
    upload = org.blobs.upload(LIMIT)
    upload.write(DATA)
    with pytest.raises(Invalid) as caught:
        upload.finish(org.blobs, "0" * 64)
    assert caught.value.code == "blob_hash_mismatch"
    assert files(store) == []


def test_the_limit_holds(org):
    upload = org.blobs.upload(10)
    upload.write(b"12345")
    with pytest.raises(TooLarge):
        upload.write(b"678901")
    upload.abort()


def test_an_upload_goes_on_after_a_cut(org):
    first = org.blobs.resume("org-a", NAME, LIMIT)
    first.write(DATA[:30_000])
    first.pause()
    assert org.blobs.received("org-a", NAME) == 30_000
    assert org.blobs.received("org-b", NAME) == 0
    rest = org.blobs.resume("org-a", NAME, LIMIT)
    assert rest.size == 30_000
    rest.write(DATA[30_000:])
    assert rest.finish(org.blobs, NAME).size == len(DATA)


def test_two_uploads_of_the_same_bytes_do_not_mix(org):
    first = org.blobs.resume("org-a", NAME, LIMIT)
    with pytest.raises(Conflict) as caught:
        org.blobs.resume("org-a", NAME, LIMIT)
    assert caught.value.code == "upload_in_progress"
    with pytest.raises(Conflict):
        org.blobs.resume("org-a", NAME, LIMIT, afresh=True)
    first.write(DATA[:10])
    first.pause()
    org.blobs.resume("org-a", NAME, LIMIT, afresh=True).pause()
    assert org.blobs.received("org-a", NAME) == 0


def test_orphans_go_after_the_grace_and_named_ones_stay(store, org):
    kept = store_blob(org)
    upload = org.blobs.upload(LIMIT)
    upload.write(b"nobody's")
    orphan = upload.finish(org.blobs)
    paused = org.blobs.resume("org-a", "0" * 64, LIMIT)
    paused.write(b"x")
    paused.pause()
    assert sweep(store, 3600) == 0
    for path in files(store):
        os.utime(path, (1, 1))
    # The same bytes again make the orphan fresh: its row may be on the way.
    again = org.blobs.upload(LIMIT)
    again.write(b"nobody's")
    again.finish(org.blobs)
    assert sweep(store, 3600) == 1
    os.utime(store.blobs.path(orphan.sha256), (1, 1))
    assert sweep(store, 3600) == 1
    assert [path.name for path in files(store)] == [kept.sha256]


def test_a_released_blob_stays_while_another_org_has_it(store, org):
    blob = store_blob(org)
    other = store.org("org-b")
    other.write(lambda tx: blobs.add(tx, blob))
    org.write(lambda tx: blobs.release(tx, NAME))
    os.utime(store.blobs.path(NAME), (1, 1))
    assert sweep(store, 0) == 0
    other.write(lambda tx: blobs.release(tx, NAME))
    assert sweep(store, 0) == 1


def test_missing_and_damaged_files_are_reported_and_never_deleted(store, org):
    def codes(*, deep=False):
        found = org.read(lambda view: integrity.check(view, org.blobs, deep=deep))
        return [one.code for one in found]

    store_blob(org)
    path = store.blobs.path(NAME)
    assert codes(deep=True) == []
    path.write_bytes(DATA[:-1] + bytes([DATA[-1] ^ 1]))
    assert (codes(), codes(deep=True)) == ([], ["blob_damaged"])
    path.write_bytes(DATA[:-1])
    assert codes() == ["blob_size"]
    path.unlink()
    assert codes() == ["blob_missing"]
    with pytest.raises(Damaged) as caught:
        org.read(lambda view: blobs.open_path(view, org.blobs, NAME))
    assert caught.value.code == "blob_missing"
    assert org.read(lambda view: blobs.get(view, NAME)).size == len(DATA)


class Broken(System):
    """Fails one system call by name."""

    failing = ""

    def _maybe(self, name):
        if name == self.failing:
            raise OSError(errno.ENOSPC, "No space left on device")

    def append(self, path):
        self._maybe("append")
        return super().append(path)

    def write(self, file, data):
        self._maybe("write")
        super().write(file, data)

    def sync(self, file):
        self._maybe("sync")
        super().sync(file)

    def rename(self, source, target):
        self._maybe("rename")
        super().rename(source, target)


@pytest.mark.parametrize("call", ["append", "write", "sync", "rename"])
def test_each_failing_system_call_is_a_clear_error_and_leaves_nothing(tmp_path, call):
    system = Broken()
    store = Store(tmp_path, "node", "a", system=system)
    system.failing = call

    def take_in():
        upload = store.blobs.upload(LIMIT)
        try:
            upload.write(DATA)
        except StorageFull:
            upload.abort()
            raise
        upload.finish(store.blobs)

    with pytest.raises(StorageFull) as caught:
        take_in()
    assert caught.value.code == "storage_full"
    assert files(store) == []
    system.failing = ""
    assert store.blobs.upload(LIMIT).finish(store.blobs).size == 0
    store.close()


def test_bytes_that_the_disk_takes_at_no_time_are_forgotten(tmp_path):
    class NeverThere(System):
        def append(self, path):
            return Path("/dev/full").open("ab")

    files = BlobFiles(tmp_path, NeverThere())
    for _ in range(2):
        upload = files.resume("org-a", NAME, LIMIT)
        upload.write(DATA[:10])
        with pytest.raises(StorageFull):
            upload.finish(files)


def test_a_file_that_comes_again_while_orphans_are_collected_stays(store, org):
    store_blob(org)
    org.write(lambda tx: blobs.release(tx, NAME))
    os.utime(store.blobs.path(NAME), (1, 1))
    (stale,) = store.blobs.stale(60)

    class Late(list):
        """The file comes again between the look and the removal."""

        def __iter__(self):
            store_again = store.blobs.upload(LIMIT)
            store_again.write(DATA)
            store_again.finish(store.blobs)
            return super().__iter__()

    assert store.write(lambda tx: store.blobs.collect(tx, Late([stale]), 60)) == 0
    assert store.blobs.path(NAME).read_bytes() == DATA


def test_files_that_go_while_they_are_looked_at_are_no_error(store, org):
    store_blob(org)
    path = store.blobs.path(NAME)
    assert list(store.blobs.stale(-60)) == [path]
    gone = [path.with_name("0" * 64)]
    assert store.write(lambda tx: store.blobs.collect(tx, gone, 0)) == 0


def test_a_file_that_gets_its_row_after_the_look_stays(store, org):
    upload = org.blobs.upload(LIMIT)
    upload.write(DATA)
    blob = upload.finish(org.blobs)
    os.utime(store.blobs.path(NAME), (1, 1))
    stale = list(store.blobs.stale(0))
    org.write(lambda tx: blobs.add(tx, blob))
    assert store.write(lambda tx: store.blobs.collect(tx, stale, 0)) == 0
    assert store.blobs.path(NAME).exists()


class Diary(System):
    """Writes down what is made durable, in order."""

    def __init__(self):
        self.done = []

    def sync(self, file):
        super().sync(file)
        self.done.append("bytes")

    def sync_directory(self, folder):
        super().sync_directory(folder)
        self.done.append(f"names in {folder.name}")


def test_bytes_and_every_name_on_the_way_are_durable_before_a_row_can_name_them(tmp_path):
    diary = Diary()
    store = Store(tmp_path, "node", "a", system=diary)
    diary.done.clear()
    upload = store.blobs.upload(LIMIT)
    upload.write(DATA)
    upload.finish(store.blobs)
    store.close()
    assert diary.done[-3:] == ["bytes", "names in blobs", f"names in {NAME[:2]}"]


def test_a_blob_stays_until_its_last_use_ends(org):
    blob = store_blob(org)
    org.write(lambda tx: blobs.add(tx, blob, "documents/1"))
    assert org.write(lambda tx: blobs.add(tx, blob, "documents/1")) is False
    org.write(lambda tx: blobs.release(tx, NAME))
    org.write(lambda tx: blobs.release(tx, NAME, "documents/2"))
    assert org.read(lambda view: blobs.get(view, NAME)) == blob
    org.write(lambda tx: blobs.release(tx, NAME, "documents/1"))
    with pytest.raises(NotFound):
        org.read(lambda view: blobs.get(view, NAME))
