"""Many read a shelf, or one writes to it."""

import pytest

from unibos.base.errors import Conflict
from unibos.core.store.shelf_locks import SECONDS, ShelfLocks


class Time:
    now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def time():
    return Time()


@pytest.fixture
def locks(time):
    return ShelfLocks(time)


def refused(code, function, *args, **options):
    with pytest.raises(Conflict) as raised:
        function(*args, **options)
    assert raised.value.code == code


def test_one_writes_or_many_read(locks):
    first, second = (locks.take("a", alone=False) for _ in range(2))
    refused("backup_repository_busy", locks.take, "a", alone=True)
    locks.give_back("a", first)
    locks.give_back("a", second)
    alone = locks.take("a", alone=True)
    refused("backup_repository_busy", locks.take, "a", alone=False)
    refused("backup_repository_busy", locks.take, "a", alone=True)
    locks.take("b", alone=True)
    locks.require("a", alone, alone=True)


def test_silence_ends_a_lock_and_every_word_holds_it(locks, time):
    lock = locks.take("a", alone=True)
    time.now += SECONDS - 1
    locks.require("a", lock, alone=True)
    time.now += SECONDS - 1
    refused("backup_repository_busy", locks.take, "a", alone=True)
    time.now += 1
    other = locks.take("a", alone=True)
    refused("shelf_lock_lost", locks.require, "a", lock)
    locks.give_back("a", lock)
    locks.require("a", other, alone=True)


def test_who_reads_may_not_write(locks):
    lock = locks.take("a", alone=False)
    locks.require("a", lock)
    refused("shelf_lock_lost", locks.require, "a", lock, alone=True)
    refused("shelf_lock_lost", locks.require, "a", "", alone=False)


def test_readers_are_not_without_number(locks):
    for _ in range(64):
        locks.take("a", alone=False)
    refused("backup_repository_busy", locks.take, "a", alone=False)
