"""The clock never gives a reading twice, whatever happens to wall clock and database."""

import shutil

import pytest

from unibos.base.clock import COUNTER_BITS, hlc_ms
from unibos.base.errors import Damaged, StorageFull
from unibos.core.store import records
from unibos.core.store.clocks import instance_of, origin_of
from unibos.core.store.replica import AHEAD, Replica, renew
from unibos.core.store.store import Store
from unibos.core.store.system import System

from .conftest import NOTES, T0, Wall


def opened(tmp_path, wall, newest=0):
    return Replica(tmp_path / "r", newest, wall, System())


def test_readings_rise_although_the_wall_clock_goes_back(tmp_path):
    wall = Wall()
    replica = opened(tmp_path, wall)
    first = replica.tick()
    wall.ms -= 3_600_000
    assert replica.tick() == first + 1
    replica.see(first + 500)
    assert replica.tick() == first + 501


def test_a_clean_life_goes_on_where_the_database_ends(tmp_path):
    wall = Wall()
    newest = opened(tmp_path, wall).tick()
    wall.ms -= 86_400_000
    assert opened(tmp_path, wall, newest).tick() == newest + 1


def test_after_a_restore_the_mark_counts(tmp_path):
    wall = Wall()
    replica = opened(tmp_path, wall)
    for _ in range(5):
        wall.ms += 120_000
        last = replica.tick()
    old_database = T0 << COUNTER_BITS
    wall.ms = T0 - 1000
    restored = opened(tmp_path, wall, old_database)
    assert restored.tick() > last
    assert restored.epoch == replica.epoch


def test_the_mark_is_written_at_most_once_a_minute(tmp_path):
    wall = Wall()
    saved = []

    class Counting(System):
        def replace_text(self, path, text, mode=0o600):
            saved.append(text)
            super().replace_text(path, text, mode)

    replica = Replica(tmp_path / "r", 0, wall, Counting())
    for _ in range(1000):
        wall.ms += 60
        replica.tick()
    assert len(saved) == 2
    assert hlc_ms(AHEAD) == 60_000


def test_no_reading_is_given_above_a_mark_that_is_not_on_the_disk(tmp_path):
    class Full(System):
        full = False

        def sync(self, file):
            if self.full:
                raise OSError(28, "No space left on device")
            super().sync(file)

    wall, system = Wall(), Full()
    replica = Replica(tmp_path / "r", 0, wall, system)
    replica.tick()
    wall.ms += 120_000
    system.full = True
    for _ in range(2):
        with pytest.raises(StorageFull):
            replica.tick()
    system.full = False
    given = replica.tick()
    wall.ms = T0
    assert opened(tmp_path, wall, T0 << COUNTER_BITS).tick() > given


def test_a_damaged_file_is_told(tmp_path):
    (tmp_path / "r").write_text("{}")
    with pytest.raises(Damaged) as caught:
        opened(tmp_path, Wall())
    assert caught.value.code == "replica_damaged"


def test_a_store_with_its_database_of_yesterday_never_repeats_a_clock(tmp_path):
    wall = Wall()
    store = Store(tmp_path, "node", "a", wall=wall)
    org = store.org("o")
    org.write(lambda tx: records.create(tx, "notes", NOTES.draft({})))
    store.close()
    shutil.copy(tmp_path / "node.db", tmp_path / "backup")
    wall.ms += 86_400_000
    store = Store(tmp_path, "node", "a", wall=wall)
    newest = store.org("o").write(lambda tx: records.create(tx, "notes", NOTES.draft({}))).clock
    store.close()
    shutil.copy(tmp_path / "backup", tmp_path / "node.db")
    wall.ms = T0
    store = Store(tmp_path, "node", "a", wall=wall)
    after = store.org("o").write(lambda tx: records.create(tx, "notes", NOTES.draft({}))).clock
    store.close()
    assert after > newest


def test_a_new_life_has_a_new_epoch_and_a_clock_above_the_mark(tmp_path):
    wall = Wall()
    replica = opened(tmp_path, wall)
    first, before = replica.tick(), replica.epoch
    begun = replica.begin()
    assert begun == replica.epoch != before
    # Whatever an earlier life gave is below the mark that it kept.
    assert replica.tick() > first + AHEAD
    again = opened(tmp_path, wall)
    assert again.epoch == begun
    assert again.tick() > replica.tick()


def test_an_epoch_is_on_the_disk_before_anybody_hears_of_it(tmp_path):
    heard = []

    class Watching(System):
        def replace_text(self, path, text, mode=0o600):
            heard.append(replica.epoch if heard else None)
            super().replace_text(path, text, mode)

    replica = Replica(tmp_path / "r", 0, Wall(), Watching())
    first = replica.epoch
    replica.begin()
    assert heard == [None, first]


def test_where_no_epoch_can_be_kept_the_old_one_goes_on(tmp_path):
    class Full(System):
        full = False

        def rename(self, source, target):
            if self.full:
                raise OSError(28, "No space left on device")
            super().rename(source, target)

    system = Full()
    replica = Replica(tmp_path / "r", 0, Wall(), system)
    before, system.full = replica.epoch, True
    with pytest.raises(StorageFull):
        replica.begin()
    assert replica.epoch == before == opened(tmp_path, Wall()).epoch


def test_a_tick_that_moves_the_mark_keeps_the_new_epoch(tmp_path):
    wall = Wall()
    replica = opened(tmp_path, wall)
    replica.tick()
    begun = replica.begin()
    wall.ms += 3_600_000
    replica.tick()
    assert opened(tmp_path, wall).epoch == begun


def test_a_later_life_says_so(tmp_path):
    wall = Wall()
    assert not opened(tmp_path, wall).reborn
    assert not opened(tmp_path, wall).reborn
    opened(tmp_path, wall).begin()
    assert opened(tmp_path, wall).reborn
    (tmp_path / "r").unlink()
    renew(tmp_path / "r", 0, 0, system=System())
    assert opened(tmp_path, wall).reborn


def test_each_later_life_has_a_name_of_its_own(tmp_path):
    replica = opened(tmp_path, Wall())
    lives = [replica.life]
    for _ in range(3):
        replica.begin()
        lives.append(replica.life)
        assert opened(tmp_path, Wall()).life == replica.life
    assert lives[0] == ""
    assert len(set(lives)) == 4
    origins = [origin_of("instance", life) for life in lives]
    assert origins[0] == "instance"
    assert {instance_of(origin) for origin in origins} == {"instance"}


def test_a_file_from_before_that_was_told_is_of_a_first_life(tmp_path):
    (tmp_path / "r").write_text('{"epoch": "e", "clock_mark": 0}')
    assert not opened(tmp_path, Wall()).reborn


def test_a_database_whose_file_is_gone_begins_a_later_life(tmp_path):
    assert opened(tmp_path, Wall(), newest=1).reborn
