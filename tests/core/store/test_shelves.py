"""Shelves on a disk: names, room, what may be replaced, what is tidied."""

import errno

import pytest

from unibos.base.errors import Error
from unibos.base.ids import new_id
from unibos.core.store.shelves import Shelves
from unibos.core.store.system import System

OBJECT = "ab" * 32
MOST = 1000


@pytest.fixture
def org():
    return new_id()


@pytest.fixture
def shelves(tmp_path):
    return Shelves(tmp_path / "shelves", MOST)


@pytest.fixture
def shelf(shelves, org):
    return shelves.shelf(org, "kitchen")


@pytest.fixture
def lock(shelves, shelf):
    return shelves.locks.take(shelf, alone=True)


def put(shelves, shelf, name, lock, content=b"x" * 10):
    arriving = shelves.arriving(shelf, name, lock)
    try:
        arriving.write(content)
    except Error:
        arriving.abort()
        raise
    return arriving.finish()


def failed(code, function, *args):
    with pytest.raises(Error) as raised:
        function(*args)
    assert raised.value.code == code


def test_files_are_listed_page_by_page(shelves, shelf, lock):
    names = sorted(f"{first:02x}" + "0" * 62 for first in (0, 7, 255))
    names += ["07" + "f" * 62, "1.age", "1.list.age", "key.age", "unibos-backup"]
    for name in names:
        assert put(shelves, shelf, name, lock) == 10
    found, after = [], ""
    while page := shelves.files(shelf, after, 3):
        found += page
        after = page[-1][0]
    assert sorted(found) == sorted((name, 10) for name in names)
    assert len(found) == len(names)


@pytest.mark.parametrize(
    "name", ["", "..", "../1.age", "0.age", "01.age", OBJECT.upper(), OBJECT + "0", "lock", "a/b"]
)
def test_no_other_names(shelves, shelf, lock, name):
    failed("shelf_file_name_invalid", shelves.arriving, shelf, name, lock)


@pytest.mark.parametrize("name", ["", "..", "A", "a b", "a/b", "-a", "a" * 49])
def test_no_other_shelves(shelves, org, name):
    failed("shelf_name_invalid", shelves.shelf, org, name)


def test_what_is_there_stays(shelves, shelf, lock):
    for name in (OBJECT, "1.list.age", "key.age"):
        put(shelves, shelf, name, lock)
    put(shelves, shelf, "1.list.age", lock, b"of another attempt")
    put(shelves, shelf, "key.age", lock, b"of another attempt")
    for name in ("1.age", "unibos-backup"):
        put(shelves, shelf, name, lock)
    for name in (OBJECT, "1.list.age", "key.age", "1.age", "unibos-backup"):
        failed("shelf_file_present", shelves.arriving, shelf, name, lock)
    assert shelves.path(shelf, "key.age").read_bytes() == b"of another attempt"


def test_a_lock_that_was_lost_on_the_way(shelves, shelf, lock):
    arriving = shelves.arriving(shelf, OBJECT, lock)
    arriving.write(b"much")
    shelves.locks.give_back(shelf, lock)
    failed("shelf_lock_lost", arriving.finish)
    failed("shelf_file_not_found", shelves.path, shelf, OBJECT)
    failed("shelf_lock_lost", shelves.remove, shelf, OBJECT, lock)
    failed("shelf_lock_lost", shelves.arriving, shelf, OBJECT, lock)


def test_no_more_than_allowed(shelves, shelf, lock, org):
    put(shelves, shelf, OBJECT, lock, b"x" * 600)
    other = "cd" * 32
    failed("shelf_full", put, shelves, shelf, other, lock, b"x" * 600)
    failed("shelf_file_not_found", shelves.path, shelf, other)
    assert not list(shelves.path(shelf, OBJECT).parents[2].glob("incoming/*"))
    again = Shelves(shelves._folder, MOST)
    lock = again.locks.take(shelf, alone=True)
    failed("shelf_full", put, again, shelf, other, lock, b"x" * 600)
    again.remove(shelf, OBJECT, lock)
    put(again, shelf, other, lock, b"x" * 600)
    foreign = again.shelf(new_id(), "kitchen")
    put(again, foreign, other, again.locks.take(foreign, alone=True), b"x" * 600)


def test_what_is_on_its_way_counts_for_all_shelves_of_the_org(shelves, shelf, lock, org):
    attic = shelves.shelf(org, "attic")
    other = shelves.locks.take(attic, alone=True)
    first = shelves.arriving(shelf, OBJECT, lock)
    first.write(b"x" * 600)
    failed("shelf_full", put, shelves, attic, OBJECT, other, b"x" * 600)
    first.abort()
    assert put(shelves, attic, OBJECT, other, b"x" * 600) == 600


def test_a_disk_that_fills_up(tmp_path, org):
    class Full(System):
        def write(self, file, data):
            raise OSError(errno.ENOSPC, "No space left on device")

    shelves = Shelves(tmp_path, MOST, Full())
    shelf = shelves.shelf(org, "kitchen")
    lock = shelves.locks.take(shelf, alone=True)
    failed("storage_full", put, shelves, shelf, OBJECT, lock)
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_nothing_is_kept_unless_it_is_wanted(tmp_path, org):
    shelves = Shelves(tmp_path, 0)
    failed("shelves_off", shelves.shelf, org, "kitchen")
    failed("shelves_off", shelves.names, org)


def test_orgs_that_are_gone_and_halves_are_tidied_away(shelves, shelf, lock, org):
    put(shelves, shelf, OBJECT, lock)
    gone = shelves.shelf(new_id(), "attic")
    put(shelves, gone, OBJECT, shelves.locks.take(gone, alone=True))
    half = shelves.path(shelf, OBJECT).parents[2] / "incoming" / "1.age"
    half.write_bytes(b"half")
    under_way = shelves.arriving(shelf, "2.age", lock)
    under_way.write(b"whole ")
    shelves.tidy(lambda: {org})
    assert not half.exists()
    assert shelves.names(gone.org) == []
    under_way.write(b"soon")
    assert under_way.finish() == 10
    assert shelves.names(org) == ["kitchen"]
