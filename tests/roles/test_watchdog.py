"""The self-check that feeds the watchdog, on a real store."""

import asyncio
import logging
import threading

import pytest

from unibos.base import ready
from unibos.base.errors import Damaged, StorageFull, Unavailable
from unibos.core.store.store import Store
from unibos.roles.watchdog import Watchdog, watched


@pytest.fixture
def store(tmp_path):
    opened = Store(tmp_path, "node", "origin")
    yield opened
    opened.close()


def watching(store):
    watchdog = Watchdog()
    return watchdog, watchdog.over(store)


def test_a_writer_that_hangs_is_not_answered_for(store):
    async def story():
        watchdog, over = watching(store)
        with over:
            assert await watchdog.check()
            taken, let_go = threading.Event(), threading.Event()
            hanging = asyncio.create_task(store.awrite(lambda _: (taken.set(), let_go.wait())))
            await asyncio.to_thread(taken.wait)
            check = asyncio.create_task(watchdog.check())
            await store.aread(lambda _: None)
            assert not check.done()
            let_go.set()
            assert await check
            await hanging

    asyncio.run(story())


def test_readers_that_hang_are_not_answered_for(store):
    async def story():
        watchdog, over = watching(store)
        with over:
            let_go = threading.Event()
            hanging = [asyncio.create_task(store.aread(lambda _: let_go.wait())) for _ in range(2)]
            await asyncio.sleep(0)
            check = asyncio.create_task(watchdog.check())
            await store.awrite(lambda _: None)
            await store.awrite(lambda _: None)
            assert not check.done()
            let_go.set()
            assert await check
            await asyncio.gather(*hanging)

    asyncio.run(story())


@pytest.mark.parametrize(
    ("error", "fine"),
    [
        (StorageFull("storage_full", "The disk is full."), True),
        (Damaged("database_damaged", "The database is damaged."), True),
        (Unavailable("database_error", "The database refused."), False),
    ],
    ids=lambda value: getattr(value, "code", ""),
)
def test_what_a_start_would_not_mend_is_an_answer(store, monkeypatch, caplog, error, fine):
    async def refuse(_):
        raise error

    async def story():
        watchdog, over = watching(store)
        with over:
            return [await watchdog.check() for _ in range(3)]

    monkeypatch.setattr(store, "awrite", refuse)
    with caplog.at_level(logging.ERROR):
        assert asyncio.run(story()) == [fine] * 3
    assert len(caplog.records) == (0 if fine else 1)


def test_a_store_that_was_closed_in_its_time_is_not_asked(tmp_path):
    async def story():
        store = Store(tmp_path, "node", "origin")
        watchdog, over = watching(store)
        with over:
            pass
        store.close()
        return await watchdog.check()

    assert asyncio.run(story())


def test_a_check_changes_no_byte_of_the_database(store, tmp_path):
    async def story():
        watchdog, over = watching(store)
        with over:
            await watchdog.check()
            before = {path: path.stat() for path in tmp_path.rglob("*.db*")}
            log = tmp_path / "node.db-wal"
            for _ in range(20):
                await watchdog.check()
            assert {path: path.stat().st_mtime_ns for path in before} == {
                path: stat.st_mtime_ns for path, stat in before.items()
            }
            return before[log].st_size == log.stat().st_size

    assert asyncio.run(story())


def test_it_is_fed_while_all_answer_and_left_alone_where_nobody_watches(monkeypatch):
    async def story(seconds):
        fed = asyncio.Event()
        monkeypatch.setattr(ready, "alive", fed.set)
        async with watched(seconds):
            if seconds is not None:
                await fed.wait()
        return fed.is_set()

    assert asyncio.run(story(0.03))
    assert not asyncio.run(story(None))
