"""From a data folder to a snapshot and back."""

import errno
import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.ops.backup.folders import KEY, NOBODY, Data, count, keep, write
from unibos.base.errors import Error
from unibos.core.store import blobs, system
from unibos.core.store.copies import NEWEST_SCHEMA
from unibos.core.store.hold import held
from unibos.modules.care import last_backup
from unibos.ops.backup import building, swap
from unibos.ops.backup.age import Passphrase
from unibos.ops.backup.create import Progress, create
from unibos.ops.backup.drill import drill
from unibos.ops.backup.repository import Repository
from unibos.ops.backup.restore import newest, restore
from unibos.ops.backup.retention import prune
from unibos.ops.backup.verify import verify

ROWS = st.lists(
    st.dictionaries(
        st.text(min_size=1, max_size=8), st.text(max_size=40) | st.integers(-99, 99), max_size=4
    ),
    max_size=6,
)
CONTENTS = st.lists(st.binary(max_size=400) | st.just(bytes(200_000)), max_size=4)


def failed(code, call, *arguments, **named):
    with pytest.raises(Error) as told:
        call(*arguments, **named)
    assert told.value.code == code
    return told.value


# Each example makes two backups and brings both back, with every fsync that belongs to it.
FEWER = settings(max_examples=settings.default.max_examples // 4)


@FEWER
@given(ROWS, CONTENTS, ROWS, CONTENTS)
def test_every_snapshot_comes_back_as_it_was(tmp_path_factory, rows, contents, later, more):
    folder = tmp_path_factory.mktemp("any")
    data, repository = Data(folder / "data"), Repository.create(folder / "usb", KEY)
    told = []
    for some, others in ((rows, contents), (later, more)):
        store = data.store()
        for row in some:
            write(store, row)
        for content in others:
            keep(store, content)
        store.close()
        told.append((create(data.folder, repository, NOBODY), data.said()))
    assert verify(repository, deep=True).findings == []
    for header, said in told:
        back = restore(repository, header, folder / f"back{header.number}").folder
        assert Data(back).said() == said
        assert Data(back).id == data.id


def test_both_databases_of_a_colocated_instance(tmp_path, data, repository):
    data.fill(records=2, blobs=2, name="hub")
    (data.folder / "tls.pem").write_text("certificate")
    header = create(data.folder, repository, NOBODY)
    assert [one.name for one in header.databases] == ["node", "hub"]
    back = Data(restore(repository, header, tmp_path / "back").folder)
    assert (back.said("node"), back.said("hub")) == (data.said("node"), data.said("hub"))
    assert (back.folder / "tls.pem").read_text() == "certificate"
    modes = {path.stat().st_mode & 0o077 for path in (back.folder, *back.folder.rglob("*"))}
    assert modes == {0}


def test_what_did_not_change_is_kept_once(data, repository):
    first = create(data.folder, repository, NOBODY)
    again = create(data.folder, repository, NOBODY)
    assert (again.number, again.new_bytes) == (2, 0)
    data.fill(blobs=1, size=50_000)
    third = create(data.folder, repository, NOBODY)
    assert 50_000 < third.new_bytes < first.size
    assert last_backup.made_at(data.folder).isoformat()[:19] == third.made_at[:19]


def test_names_and_contents_tell_nobody_anything(data, repository):
    store = data.store()
    sha256 = keep(store, b"persimmon" * 1000)
    store.close()
    create(data.folder, repository, NOBODY)
    for path in repository.shelf.folder.rglob("*"):
        assert sha256 not in path.name
        assert not path.is_file() or b"persimmon" not in path.read_bytes()
    other = Repository.create(repository.shelf.folder.parent / "other", KEY)
    assert other.name("blob", sha256) != repository.name("blob", sha256)


def test_a_wrong_secret_touches_nothing(tmp_path, data):
    folder = tmp_path / "usb"
    Repository.create(folder, Passphrase("correct horse", 2))
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    failed("backup_secret_wrong", Repository.open, folder, Passphrase("incorrect"))
    failed("backup_secret_wrong", Repository.open, folder, KEY)
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*")} == before
    assert Repository.open(folder, Passphrase("correct horse")).numbers() == []


def test_a_folder_is_taken_for_a_repository_only_if_it_is_one(tmp_path, data):
    failed("backup_repository_missing", Repository.open, tmp_path / "nowhere", KEY)
    failed("backup_folder_used", Repository.create, data.folder, KEY)
    failed("backup_nothing", create, tmp_path, Repository.create(tmp_path / "usb", KEY), NOBODY)


def test_one_at_a_time(data, repository):
    header = create(data.folder, repository, NOBODY)
    other = Repository.open(repository.shelf.folder, KEY)
    with repository.locked(alone=False):
        failed("backup_repository_busy", create, data.folder, other, NOBODY)
        with other.locked(alone=False):
            pass
    with repository.locked(alone=True):
        failed("backup_repository_busy", drill, other, header, data.folder, 1)


def test_damage_on_the_machine_is_told_and_stops_nothing(tmp_path, data, repository):
    gone, changed, _whole = data.blob_paths()
    create(data.folder, repository, NOBODY)
    data.fill(blobs=2)
    new = [path for path in data.blob_paths() if path not in (gone, changed, _whole)]
    new[0].unlink()
    new[1].write_bytes(bytes(3000))
    header = create(data.folder, repository, NOBODY)
    assert sorted(header.missing) == sorted(path.name for path in new)
    assert verify(repository, deep=True).findings == []
    back = Data(restore(repository, header, tmp_path / "back").folder)
    assert back.blob_paths()[0].name in {gone.name, changed.name, _whole.name}
    assert len(back.blob_paths()) == 3


def test_a_blob_that_rots_later_is_still_whole_in_the_backup(tmp_path, data, repository):
    create(data.folder, repository, NOBODY)
    rotten = data.blob_paths()[0]
    content = rotten.read_bytes()
    rotten.write_bytes(bytes(len(content)))
    header = create(data.folder, repository, NOBODY)
    assert header.missing == ()
    back = restore(repository, header, data.folder, replace=True)
    assert (back.folder / "blobs" / rotten.name[:2] / rotten.name).read_bytes() == content
    assert (back.aside / "blobs" / rotten.name[:2] / rotten.name).read_bytes() != content


def test_nothing_is_collected_while_a_backup_is_made(data):
    store = data.store()
    sha256 = keep(store, b"released")
    store.org("org-a").write(lambda tx: blobs.release(tx, sha256))
    path = store.blobs.path(sha256)
    with held(data.folder):
        assert store.write(lambda tx: store.blobs.collect(tx, [path], 0)) == 0
        assert path.exists()
    assert store.write(lambda tx: store.blobs.collect(tx, [path], 0)) == 1
    store.close()


def test_the_number_of_snapshots_and_what_only_they_need_is_bounded(data, repository):
    kept = []
    for _ in range(4):
        data.fill(records=1, blobs=1, size=20_000)
        kept.append(create(data.folder, repository, NOBODY))
    stranger = Data(data.folder.parent / "stranger")
    stranger.fill(blobs=1)
    create(stranger.folder, repository, NOBODY)
    before = sum(1 for _ in repository.objects())
    assert prune(repository, kept[-1].instance, 2) == [1, 2]
    assert repository.numbers() == [3, 4, 5]
    assert sum(1 for _ in repository.objects()) < before
    assert verify(repository, deep=True).findings == []
    assert prune(repository, kept[-1].instance, 2) == []
    failed("backup_snapshot_ambiguous", newest, repository)
    failed("backup_snapshot_missing", repository.header, 1)


def test_what_only_removed_snapshots_needed_is_gone(data, repository):
    store = data.store()
    sha256 = keep(store, bytes(10))
    store.close()
    create(data.folder, repository, NOBODY)
    store = data.store()
    store.org("org-a").write(lambda tx: blobs.release(tx, sha256))
    store.close()
    header = create(data.folder, repository, NOBODY)
    assert repository.stored("blob", sha256)
    prune(repository, header.instance, 1)
    assert repository.stored("blob", sha256) is None


def test_a_restored_replica_begins_a_new_epoch_above_all_readings(tmp_path, data, repository):
    header = create(data.folder, repository, NOBODY)
    store = data.store()
    epoch = store.replica.epoch
    readings = [store.replica.tick() for _ in range(100)]
    store.close()
    done = restore(repository, header, tmp_path / "back")
    back_epoch, tick = Data(done.folder).replica()
    assert back_epoch == done.epochs["node"] != epoch
    assert tick > max(readings)
    again = restore(repository, header, tmp_path / "again")
    assert again.epochs["node"] != back_epoch


def test_a_replaced_replica_with_a_clock_ahead_is_not_repeated(data, repository):
    header = create(data.folder, repository, NOBODY)
    store = data.store()
    ahead = store.replica.tick() + (1 << 16) * 86_400_000
    store.replica.see(ahead)
    highest = store.replica.tick()
    store.close()
    restore(repository, header, data.folder, replace=True)
    assert data.replica()[1] > highest


def test_a_folder_with_something_in_it_is_kept_aside(data, repository):
    header = create(data.folder, repository, NOBODY)
    (data.folder / "other").write_text("somebody's")
    failed("data_exists", restore, repository, header, data.folder)
    data.fill(records=1)
    said = data.said()
    done = restore(repository, header, data.folder, replace=True)
    assert (done.aside / "other").read_text() == "somebody's"
    assert Data(done.aside).said() == said
    assert not (data.folder / "other").exists()
    names = {path.name for path in data.folder.parent.iterdir()}
    assert names == {"data", "usb", done.aside.name}


def test_blobs_of_the_replaced_folder_take_no_room_twice(data, repository):
    header = create(data.folder, repository, NOBODY)
    inodes = {path.name: path.stat().st_ino for path in data.blob_paths()}
    restore(repository, header, data.folder, replace=True)
    assert {path.name: path.stat().st_ino for path in data.blob_paths()} == inodes


def test_an_empty_folder_and_none_are_both_fine(tmp_path, data, repository):
    header = create(data.folder, repository, NOBODY)
    (tmp_path / "empty").mkdir()
    for name in ("empty", "none"):
        done = restore(repository, header, tmp_path / name)
        assert Data(done.folder).said() == data.said()
        assert done.aside is None


def test_a_running_server_is_not_replaced(data, repository):
    header = create(data.folder, repository, NOBODY)
    store = data.store()
    failed("database_in_use", restore, repository, header, data.folder, replace=True)
    assert count(store) == 5
    store.close()


def test_a_newer_schema_is_refused_before_anything_is_touched(tmp_path, data, repository):
    store = data.store()
    store.write(lambda tx: tx.connection.execute(f"PRAGMA user_version={NEWEST_SCHEMA + 1}"))
    store.close()
    header = create(data.folder, repository, NOBODY)
    failed("schema_newer", restore, repository, header, tmp_path / "back")
    failed("schema_newer", drill, repository, header, tmp_path, 5)
    assert not (tmp_path / "back").exists()


def test_a_drill_leaves_nothing(tmp_path, data, repository):
    header = create(data.folder, repository, NOBODY)
    work = tmp_path / "work"
    work.mkdir()
    done = drill(repository, header, work, 2)
    assert (done.records, done.read, done.findings) == (5, 2, [])
    assert list(work.iterdir()) == []
    assert drill(repository, header, work, 100).read == 3


def test_progress_ends_where_it_was_said_to(tmp_path, data, repository):
    def watched(run):
        totals, counts = [], []
        run(Progress(totals.append, counts.append))
        assert totals == [sum(counts)]
        assert totals[0] > 0

    watched(lambda progress: create(data.folder, repository, NOBODY, progress))
    header = repository.header(1)
    watched(lambda progress: restore(repository, header, tmp_path / "back", progress))
    watched(lambda progress: drill(repository, header, tmp_path, 2, progress))


def test_other_files_in_a_repository_harm_nothing(data, repository):
    header = create(data.folder, repository, NOBODY)
    (repository.shelf.folder / ".Trash-1000").mkdir()
    (repository.shelf.folder / "objects" / "ab").mkdir(exist_ok=True)
    (repository.shelf.folder / "objects" / "ab" / ".DS_Store").write_bytes(b"x")
    (repository.shelf.folder / "snapshots" / "1 (copy).age").write_bytes(b"x")
    assert prune(repository, header.instance, 1) == []
    assert verify(repository, deep=True).findings == []


def test_the_lock_of_a_service_stays_the_services(data, repository):
    if os.geteuid() != 0:
        pytest.skip("only root makes files for others")
    for path in (data.folder, *data.folder.rglob("*")):
        os.chown(path, 12345, 12345)
    header = create(data.folder, repository, NOBODY)
    restore(repository, header, data.folder, replace=True)
    create(data.folder, repository, NOBODY)
    owners = {path.stat().st_uid for path in (data.folder, *data.folder.rglob("*"))}
    assert owners == {12345}


def test_a_file_system_that_cannot_exchange_two_names(data, repository, monkeypatch):
    def refuse(one, other):
        raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))

    monkeypatch.setattr(swap, "_exchange", refuse)
    header = create(data.folder, repository, NOBODY)
    said = data.said()
    data.fill(records=1)
    newer = data.said()
    done = restore(repository, header, data.folder, replace=True)
    assert (data.said(), Data(done.aside).said()) == (said, newer)


class Cut(Exception):
    pass


@pytest.fixture
def cut():
    """Ends what is under way when it reaches a point for the so-manieth time."""

    def at(point, times):
        def reached(name):
            nonlocal times
            times -= name == point
            if not times:
                raise Cut

        system.listen(reached)

    yield at
    system.listen(None)


@pytest.mark.parametrize("times", [1, 2])
def test_a_repository_whose_making_was_cut_is_made_again(tmp_path, data, cut, times):
    cut("backup.key_written", times)
    with pytest.raises(Cut):
        Repository.create(tmp_path / "usb", KEY)
    system.listen(None)
    failed("backup_repository_missing", Repository.open, tmp_path / "usb", KEY)
    create(data.folder, Repository.create(tmp_path / "usb", KEY), NOBODY)
    assert Repository.open(tmp_path / "usb", KEY).numbers() == [1]


def test_two_restores_to_one_folder_do_not_meet(tmp_path, data, repository):
    header = create(data.folder, repository, NOBODY)
    target = tmp_path / "back"
    with building.prepared(building.beside(target), header.id):
        failed("restore_running", restore, repository, header, target)
    other = create(data.folder, repository, NOBODY)
    restore(repository, other, target)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["back", "data", "usb"]
