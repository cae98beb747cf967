"""Whatever happens to a repository's bytes is found, and never restored as if it were right."""

import shutil

import pytest

from tests.ops.backup.folders import KEY, NOBODY, Data
from unibos.base.errors import Damaged, Error, NotFound
from unibos.ops.backup.create import create
from unibos.ops.backup.drill import drill
from unibos.ops.backup.repository import Repository
from unibos.ops.backup.restore import restore
from unibos.ops.backup.retention import prune
from unibos.ops.backup.verify import verify


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A repository with two snapshots; tests put back what they break."""
    folder = tmp_path_factory.mktemp("made")
    data = Data(folder / "data")
    data.fill(records=3, blobs=2, size=700)
    repository = Repository.create(folder / "usb", KEY)
    create(data.folder, repository, NOBODY)
    data.fill(records=1, blobs=1, size=100_000)
    create(data.folder, repository, NOBODY)
    return folder, data.said()


def files(folder):
    return sorted(path for path in (folder / "usb").rglob("*") if path.is_file())


def found(folder):
    """The codes that a deep check tells, with the error that kept it from beginning."""
    try:
        repository = Repository.open(folder / "usb", KEY)
        return [one.code for one in verify(repository, deep=True).findings]
    except Error as error:
        return [error.code]


def comes_back_wrong(folder, said):
    """Whether a restore ends well and yet gives something else."""
    target = folder / "back"
    try:
        repository = Repository.open(folder / "usb", KEY)
        restore(repository, repository.header(2), target)
        return Data(target).said() != said
    except (Damaged, NotFound):
        return False
    finally:
        shutil.rmtree(target, ignore_errors=True)
        shutil.rmtree(folder / ".back.restoring", ignore_errors=True)


def places(size):
    """Every byte of small files; of large ones the head, the tail and some in between."""
    if size < 500:
        return range(size)
    return sorted({*range(220), *range(220, size, 241), *range(size - 18, size)})


def test_every_changed_byte(made):
    folder, said = made
    missed, wrong, tried = [], [], 0
    for path in files(folder):
        whole = path.read_bytes()
        for place in places(len(whole)):
            broken = bytearray(whole)
            broken[place] ^= 1 << place % 8
            path.write_bytes(broken)
            tried += 1
            if not found(folder):
                missed.append((path.name, place))
            if tried % 97 == 0 and comes_back_wrong(folder, said):
                wrong.append((path.name, place))
        path.write_bytes(whole)
    assert tried > 1500
    assert (missed, wrong) == ([], [])
    assert found(folder) == []


@pytest.mark.parametrize("harm", ["removed", "emptied", "shortened", "longer"])
def test_every_file_that_is_not_as_it_was(made, harm):
    folder, said = made
    for path in files(folder):
        whole = path.read_bytes()
        if path.name == "lock" or (path.name == "2.age" and harm == "removed"):
            continue
        if harm == "removed":
            path.unlink()
        else:
            parts = {"emptied": b"", "shortened": whole[:-1], "longer": whole + b"\0"}
            path.write_bytes(parts[harm])
        # A header that is gone is a snapshot that was removed, nothing else can be told of it.
        if path.name != "1.age" or harm != "removed":
            assert found(folder) != [], path
        assert not comes_back_wrong(folder, said), path
        path.write_bytes(whole)
    assert found(folder) == []


def test_files_that_changed_places(made):
    folder, said = made
    by_size = {}
    for path in files(folder):
        by_size.setdefault(path.stat().st_size, []).append(path)
    pairs = [same for same in by_size.values() if len(same) == 2 and "key" not in same[0].name]
    snapshots = folder / "usb" / "snapshots"
    pairs.append([snapshots / "1.age", snapshots / "2.age"])
    pairs.append([snapshots / "1.list.age", snapshots / "2.list.age"])
    assert len(pairs) >= 3
    for one, other in pairs:
        first, second = one.read_bytes(), other.read_bytes()
        one.write_bytes(second)
        other.write_bytes(first)
        assert found(folder) != []
        assert not comes_back_wrong(folder, said)
        one.write_bytes(first)
        other.write_bytes(second)


def test_one_damaged_copy_of_the_key_locks_nobody_out(made):
    folder, said = made
    for name in ("key.age", "key-2.age"):
        path = folder / "usb" / name
        whole = path.read_bytes()
        path.write_bytes(b"")
        assert found(folder) == ["backup_key_damaged"]
        repository = Repository.open(folder / "usb", KEY)
        back = restore(repository, repository.header(2), folder / "back").folder
        assert Data(back).said() == said
        shutil.rmtree(back)
        path.write_bytes(whole)


def test_a_damaged_snapshot_keeps_anything_from_being_removed(made):
    folder, _ = made
    path = folder / "usb" / "snapshots" / "2.list.age"
    whole = path.read_bytes()
    path.write_bytes(whole[:-1])
    repository = Repository.open(folder / "usb", KEY)
    before = files(folder)
    with pytest.raises(Damaged):
        prune(repository, repository.header(2).instance, 1)
    assert files(folder) == before
    path.write_bytes(whole)


def test_a_shallow_check_sees_what_is_missing_and_a_drill_what_is_damaged(made):
    folder, _ = made
    repository = Repository.open(folder / "usb", KEY)
    header = repository.header(2)
    blob = next(one for one in repository.entries(header) if one.kind == "blob")
    path = repository.shelf.path(repository.name("blob", blob.sha256))
    whole = path.read_bytes()
    path.unlink()
    told = verify(repository).findings
    assert {(one.code, one.snapshot) for one in told} <= {
        ("backup_object_missing", 1), ("backup_object_missing", 2),
    }  # fmt: skip
    assert len(told) == 1
    path.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    assert verify(repository).findings == []
    assert [one.code for one in drill(repository, header, folder, 10).findings] == [
        "backup_damaged"
    ]
    path.write_bytes(whole)
