"""A full disk refuses a backup or a restore; what was there and the next attempt are unharmed."""

import errno
import os
import subprocess

import pytest

from tests.ops.backup.folders import KEY, NOBODY, Data
from unibos.base.errors import StorageFull
from unibos.core.store.system import System
from unibos.ops.backup.create import create
from unibos.ops.backup.repository import Repository
from unibos.ops.backup.restore import restore
from unibos.ops.backup.verify import verify


class Full(System):
    """A disk with room for so many bytes more."""

    def __init__(self, room):
        self.room = room

    def write(self, file, data):
        self.room -= len(data)
        if self.room < 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        super().write(file, data)


ROOMS = [0, 100, 5_000, 20_000, 60_000, 150_000]


@pytest.mark.parametrize("room", ROOMS)
def test_no_room_for_a_backup(data, repository, room):
    create(data.folder, repository, NOBODY)
    data.fill(records=5, blobs=10, size=20_000)
    full = Repository.open(repository.shelf.folder, KEY, Full(room))
    with pytest.raises(StorageFull) as told:
        create(data.folder, full, NOBODY)
    assert (told.value.code, bool(told.value.hint)) == ("backup_disk_full", True)
    assert repository.numbers() == [1]
    assert list((repository.shelf.folder / "incoming").iterdir()) == []
    assert verify(repository, deep=True).findings == []
    again = create(data.folder, repository, NOBODY)
    assert again.number == 2
    # What the first attempt could write serves the second.
    assert again.new_bytes < 230_000 - room / 2
    assert verify(repository, deep=True).findings == []


@pytest.mark.parametrize("room", ROOMS)
def test_no_room_for_a_restore(data, repository, room):
    data.fill(blobs=5, size=20_000)
    header = create(data.folder, repository, NOBODY)
    said = data.said()
    for path in data.blob_paths():
        path.unlink()
    full = Repository.open(repository.shelf.folder, KEY, Full(room))
    present = data.said()
    with pytest.raises(StorageFull) as told:
        restore(full, header, data.folder, replace=True)
    assert (told.value.code, bool(told.value.hint)) == ("storage_full", True)
    assert data.said() == present
    restore(repository, header, data.folder, replace=True)
    assert data.said() == said


def can_mount():
    if os.geteuid() != 0:
        return False
    tried = subprocess.run(["unshare", "--mount", "true"], capture_output=True, check=False)
    return tried.returncode == 0


@pytest.mark.fault
@pytest.mark.skipif(not can_mount(), reason="a small file system cannot be mounted here")
def test_a_disk_that_is_really_full(tmp_path):
    usb = tmp_path / "usb"
    usb.mkdir()
    data = Data(tmp_path / "data")
    data.fill(records=3, blobs=2, size=100_000)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", usb], check=True)
    try:
        repository = Repository.create(usb / "unibos", KEY)
        create(data.folder, repository, NOBODY)
        data.fill(blobs=20, size=100_000)
        with pytest.raises(StorageFull):
            create(data.folder, repository, NOBODY)
        assert repository.numbers() == [1]
        assert verify(repository, deep=True).findings == []
        subprocess.run(["mount", "-o", "remount,size=8m", usb], check=True)
        create(data.folder, repository, NOBODY)
        assert verify(repository, deep=True).findings == []
    finally:
        subprocess.run(["umount", usb], check=True)
