"""Chores: they remove what nobody needs, and only that."""

import os
import time

import pytest

from tests.core.jobs.job_kinds import LIGHT
from unibos.core.jobs.clock import SteadyClock
from unibos.core.jobs.housekeeping import Housekeeping
from unibos.core.jobs.options import Options
from unibos.core.store import blobs, jobs, leases

DAY_MS = 24 * 3600 * 1000


class House:
    """Chores in a place whose clocks the test moves."""

    def __init__(self, place):
        self.place = place
        self.wall = time.time_ns() // 1_000_000
        self.passed = 0.0
        self.used = set()
        self.chores = Housekeeping(
            place.store,
            Options(folder=place.folder / "work", keep_days=30, grace_hours=24),
            SteadyClock(lambda: self.wall),
            lambda: self.used,
            lambda: self.passed,
        )

    def later(self, days):
        self.wall += int(days * DAY_MS)
        self.passed += days * 24 * 3600


@pytest.fixture
def house(place):
    return House(place)


def test_jobs_are_removed_some_days_after_they_ended(house, monkeypatch):
    place = house.place
    waiting = place.add(LIGHT)
    for _ in range(5):
        place.org.write(lambda tx: jobs.cancel(tx, jobs.add(tx, LIGHT, {}).id))
    prune, batches = leases.prune, []

    def in_small_batches(tx, before):
        batches.append(1)
        return prune(tx, before, 2)

    monkeypatch.setattr(leases, "prune", in_small_batches)
    house.later(29.9)
    assert house.chores.old_jobs() == 0
    house.later(1)
    assert house.chores.old_jobs() == 5
    assert len(batches) == 3
    assert [job.id for job in place.org.read(jobs.page).items] == [waiting]


def test_folders_are_removed_unless_a_child_is_in_them(house):
    work = house.place.folder / "work"
    assert house.chores.folders() == 0
    for name in ("left-1", "left-2", "used-1"):
        (work / name / "inside").mkdir(parents=True)
        (work / name / "inside" / "page.png").write_bytes(b"x")
    house.used = {"used-1"}
    assert house.chores.folders() == 2
    assert [folder.name for folder in work.iterdir()] == ["used-1"]


def test_the_start_removes_what_an_earlier_life_left(place):
    (place.folder / "work" / "left").mkdir(parents=True)
    place.start()
    assert list((place.folder / "work").iterdir()) == []


def test_bytes_that_no_row_names_go_after_the_grace_and_others_stay(house):
    place = house.place
    kept, orphan, fresh = (_blob(place, text) for text in (b"kept", b"orphan", b"fresh"))
    place.org.write(lambda tx: blobs.add(tx, kept))
    old = time.time() - 25 * 3600
    for blob in (kept, orphan):
        os.utime(place.org.blobs.path(blob.sha256), (old, old))
    assert house.chores.orphaned_blobs() == 1
    assert not place.org.blobs.path(orphan.sha256).exists()
    assert place.org.blobs.path(kept.sha256).exists()
    assert place.org.blobs.path(fresh.sha256).exists()


def test_what_reads_much_is_done_once_a_day(house):
    place = house.place
    assert house.chores.orphaned_blobs() == 0
    orphan = _blob(place, b"orphan")
    old = time.time() - 25 * 3600
    os.utime(place.org.blobs.path(orphan.sha256), (old, old))
    house.later(0.9)
    assert house.chores.orphaned_blobs() == 0
    house.later(0.1)
    assert house.chores.orphaned_blobs() == 1


def _blob(place, text):
    upload = place.org.blobs.upload(1000)
    upload.write(text)
    return upload.finish(place.org.blobs)
