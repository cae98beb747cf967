"""Opening, writing in groups, being the only owner, closing."""

import asyncio
import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from unibos.base.errors import Conflict, Damaged, Invalid, NotFound, StorageFull, Unavailable
from unibos.core.store import collections, meta, records, system, writer
from unibos.core.store.schema import MIGRATIONS, migrate
from unibos.core.store.store import Store
from unibos.core.store.system import System

from .conftest import NOTES


def test_a_second_owner_is_refused_and_told_who_holds_it(store, tmp_path):
    with pytest.raises(Conflict, match=r"in use by process \d+") as caught:
        Store(tmp_path, "node", "origin-b")
    assert caught.value.code == "database_in_use"


def test_a_closed_store_can_be_opened_again(tmp_path):
    first = Store(tmp_path, "node", "a")
    first.write(lambda tx: meta.put(tx, "k", "v"), "org-a")
    first.close()
    again = Store(tmp_path, "node", "a")
    assert again.read(lambda view: meta.get(view, "k"), "org-a") == "v"
    assert again.read(lambda view: meta.get(view, "k"), "org-b") is None
    assert again.healthy()
    again.close()
    assert not again.healthy()
    assert not (tmp_path / "node.db-wal").exists()


def test_opening_writes_nothing_when_nothing_is_new(tmp_path):
    Store(tmp_path, "node", "a").close()
    before = {path: path.stat().st_mtime_ns for path in tmp_path.iterdir() if path.is_file()}
    size = (tmp_path / "node.db").read_bytes()
    Store(tmp_path, "node", "a").close()
    after = {path: path.stat().st_mtime_ns for path in tmp_path.iterdir() if path.is_file()}
    assert (tmp_path / "node.db").read_bytes() == size
    assert after == before


def test_many_writers_share_commits_and_all_are_kept(store, org):
    commits = 0

    def count(name: str) -> None:
        nonlocal commits
        commits += name == "writer.before_commit"

    system.listen(count)
    try:
        with ThreadPoolExecutor(16) as pool:

            def work(number: int) -> str:
                draft = NOTES.draft({"title": str(number)})
                return org.write(lambda tx: records.create(tx, "notes", draft)).id

            made = list(pool.map(work, range(400)))
    finally:
        system.listen(None)
    assert len(set(made)) == 400
    assert commits < 400
    assert all(org.read(lambda view, one=one: records.get(view, "notes", one)) for one in made)


def test_one_failing_piece_does_not_harm_its_neighbours(store, org):
    gate, errors, made = threading.Event(), [], []
    store_write = store.write

    def hold(tx) -> None:
        gate.wait()

    def fail(tx) -> None:
        records.create(tx, "notes", NOTES.draft({"title": "half"}))
        raise Invalid("test", "no")

    def work(change) -> None:
        try:
            made.append(store_write(change, "org-a"))
        except Invalid as error:
            errors.append(error)

    good = [
        lambda tx: records.create(tx, "notes", NOTES.draft({"title": "good"})) for _ in range(5)
    ]
    threads = [threading.Thread(target=work, args=(item,)) for item in [hold, *good, fail, fail]]
    for thread in threads:
        thread.start()
    gate.set()
    for thread in threads:
        thread.join()
    assert len(errors) == 2
    count = "SELECT count(*) FROM records WHERE data LIKE ?"
    told = {
        word: org.read(lambda v, w=word: v.connection.execute(count, (f"%{w}%",)).fetchone()[0])
        for word in ("good", "half")
    }
    assert told == {"good": 5, "half": 0}


def test_event_loops_are_answered_after_the_commit(store, org):
    async def work() -> list[str]:
        drafts = [NOTES.draft({"title": str(number)}) for number in range(20)]
        made = await asyncio.gather(
            *(org.awrite(lambda tx, d=d: records.create(tx, "notes", d)) for d in drafts)
        )
        with pytest.raises(Conflict):
            await org.awrite(lambda tx: records.create(tx, "notes", drafts[0], made[0].id))
        return [
            (await org.aread(lambda view, one=one: records.get(view, "notes", one.id))).id
            for one in made
        ]

    assert len(set(asyncio.run(work()))) == 20
    assert len(set(asyncio.run(work()))) == 20


def test_a_waiter_that_gave_up_is_not_missed(store, org):
    async def work() -> int:
        write = asyncio.ensure_future(org.awrite(lambda tx: meta.put(tx, "k", "late")))
        await asyncio.sleep(0)
        write.cancel()
        return await org.awrite(lambda tx: 7)

    assert asyncio.run(work()) == 7


def test_readers_cannot_write(org):
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        org.read(lambda view: view.connection.execute("DELETE FROM records"))


def test_listeners_hear_of_commits_and_a_broken_one_harms_nobody(store, org, caplog):
    heard = []
    stop = org.listen(heard.extend)
    silent = store.org("org-b").listen(lambda changes: pytest.fail("not mine"))

    def broken(changes) -> None:
        raise RuntimeError("listener")

    end = store.listen(broken)
    made = org.write(lambda tx: records.create(tx, "notes", NOTES.draft({})))
    end()
    stop()
    silent()
    org.write(lambda tx: records.create(tx, "notes", NOTES.draft({})))
    assert [(one.topic, one.id) for one in heard] == [("record", made.id)]
    assert "a listener failed" in caplog.text


def test_a_closed_store_refuses_work(tmp_path):
    store = Store(tmp_path, "node", "a")
    store.close()
    with pytest.raises(Unavailable) as caught:
        store.write(lambda tx: None)
    assert caught.value.code == "store_closed"


def test_too_much_waiting_work_is_refused(store, monkeypatch):
    monkeypatch.setattr(writer, "WAITING", 3)
    gate = threading.Event()
    held = threading.Event()

    def hold(tx) -> None:
        held.set()
        gate.wait()

    threads = [threading.Thread(target=store.write, args=(hold,))]
    threads[0].start()
    held.wait()
    outcomes = []
    for _ in range(6):
        try:
            store._submit(lambda tx: None, "", lambda value, error: outcomes.append(error))
        except Unavailable as error:
            outcomes.append(error.code)
    gate.set()
    threads[0].join()
    store.write(lambda tx: None)
    assert outcomes.count("store_overloaded") == 2
    assert outcomes.count(None) == 4


@pytest.mark.parametrize(
    ("code", "kind", "name"),
    [
        (sqlite3.SQLITE_FULL, StorageFull, "storage_full"),
        (sqlite3.SQLITE_IOERR, StorageFull, "storage_full"),
        (sqlite3.SQLITE_CORRUPT, Damaged, "database_damaged"),
        (sqlite3.SQLITE_BUSY, Unavailable, "database_error"),
    ],
)
def test_what_sqlite_says_becomes_an_error_of_ours(code, kind, name):
    error = sqlite3.OperationalError("x")
    error.sqlite_errorcode = code
    told = writer.translate(error)
    assert (type(told), told.code) == (kind, name)


def test_when_the_whole_transaction_is_lost_everyone_is_told(store, org):
    def lose(tx) -> None:
        tx.connection.execute("ROLLBACK")
        raise ValueError("gone")

    with pytest.raises(Unavailable):
        org.write(lose)
    assert org.write(lambda tx: records.create(tx, "notes", NOTES.draft({"title": "after"})))


def test_a_newer_schema_is_refused(tmp_path):
    store = Store(tmp_path, "node", "a")
    store.write(lambda tx: None)
    store.close()
    connection = sqlite3.connect(tmp_path / "node.db")
    connection.execute(f"PRAGMA user_version={len(MIGRATIONS) + 1}")
    connection.close()
    with pytest.raises(Conflict) as caught:
        Store(tmp_path, "node", "a")
    assert caught.value.code == "schema_newer"
    with pytest.raises(Conflict):
        Store(tmp_path, "node", "a")


def test_a_file_that_is_no_database_is_left_alone(tmp_path):
    path = tmp_path / "node.db"
    path.write_bytes(b"not a database, but somebody's" * 100)
    with pytest.raises(Damaged) as caught:
        Store(tmp_path, "node", "a")
    assert caught.value.code == "database_damaged"
    assert path.read_bytes().startswith(b"not a database")


class NoRoom(System):
    def sync(self, file) -> None:
        raise OSError(28, "No space left on device")


def test_without_room_for_a_backup_nothing_is_migrated(tmp_path):
    path = tmp_path / "x.db"
    connection = sqlite3.connect(path, isolation_level=None)
    steps = (lambda db: db.execute("CREATE TABLE a (x)"), lambda db: db.execute("DROP TABLE a"))
    migrate(connection, path, System(), steps[:1])
    with pytest.raises(StorageFull) as caught:
        migrate(connection, path, NoRoom(), steps)
    assert caught.value.code == "backup_failed"
    assert connection.execute("SELECT count(*) FROM a").fetchone() == (0,)
    assert [one.name for one in tmp_path.iterdir()] == ["x.db"]
    migrate(connection, path, System(), steps)
    assert connection.execute("PRAGMA user_version").fetchone() == (2,)
    connection.close()


def test_collections_are_kept_per_org_and_renewed(store, org):
    with pytest.raises(Conflict) as caught:
        org.write(lambda tx: collections.create(tx, NOTES))
    assert caught.value.code == "collection_exists"
    other = store.org("org-b")
    assert other.read(collections.every) == []
    assert org.read(collections.every) == [NOTES]
    assert org.read(collections.names) == ["notes"]
    assert org.read(lambda view: collections.get(view, "notes")).draft({"title": "x"})


def test_an_org_has_a_bounded_number_of_collections(org, monkeypatch):
    monkeypatch.setattr(collections, "MAX_COLLECTIONS", 2)
    org.write(lambda tx: collections.create(tx, replace(NOTES, name="second")))
    with pytest.raises(Conflict) as caught:
        org.write(lambda tx: collections.create(tx, replace(NOTES, name="third")))
    assert caught.value.code == "too_many_collections"


def test_a_renewed_definition_is_told_to_older_views_too(store, org):
    renewed = replace(NOTES, key=None)

    def while_it_changes(view):
        before = view.connection.execute("SELECT key FROM collections").fetchone()
        org.write(lambda tx: collections.declare(tx, renewed))
        return before, collections.get(view, "notes").key

    assert org.read(while_it_changes) == (("serial",), None)
    assert org.read(lambda view: collections.get(view, "notes")) == renewed


def test_a_definition_that_was_not_kept_is_not_remembered(store, org):
    def declare_and_fail(tx):
        for key in ("a", "b"):
            collections.declare(tx, replace(NOTES, name="phantom", key=key))
        raise Invalid("test", "no")

    with pytest.raises(Invalid):
        org.write(declare_and_fail)
    with pytest.raises(NotFound):
        org.read(lambda view: collections.get(view, "phantom"))
