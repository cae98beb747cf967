"""Workers that want more than their share: of jobs, of the disk, of the source's attention."""

import asyncio
from collections import namedtuple

import pytest

from tests.core.jobs.leasing.source import HEAVY, DirectLink, claimant, pieces, told
from unibos.base.errors import StorageFull
from unibos.core.jobs.leasing import outputs, reporting
from unibos.core.jobs.leasing.leasing import MOST_HELD
from unibos.core.jobs.leasing.messages import Claim
from unibos.core.store.job import JobState, Progress

LIGHTLY = Claim(most=64, sort="light")
HEAVILY = Claim(most=1, sort="heavy")
Usage = namedtuple("Usage", "total used free")


def run(story):
    return asyncio.run(asyncio.wait_for(story, 60))


def test_many_calls_at_once_bring_no_more_jobs_than_one_after_the_other(source):
    async def story():
        for _ in range(2 * MOST_HELD):
            source.add()
        async with source.life() as leasing:
            calls = (leasing.claim(claimant(), LIGHTLY) for _ in range(10))
            found = [lease for leases in await asyncio.gather(*calls) for lease in leases]
            assert 0 < len(found) <= MOST_HELD
            while more := await leasing.claim(claimant(), LIGHTLY):
                found += more
            assert len({lease.job for lease in found}) == len(found) == MOST_HELD
            assert await leasing.claim(claimant("another"), LIGHTLY)

    run(story())


def test_who_has_all_that_it_may_have_is_not_woken_for_more(source):
    async def story():
        for _ in range(MOST_HELD + 5):
            source.add()
        async with source.life() as leasing:
            while await leasing.claim(claimant(), LIGHTLY):
                pass
            looked = []
            due = leasing._room.due
            leasing._room.due = lambda who, kinds: looked.append(1) or due(who, kinds)
            assert await leasing.claim(claimant(), Claim(wait_seconds=0.3, sort="light")) == []
            assert len(looked) < 5

    run(story())


def test_a_disk_that_fills_while_bytes_come_stops_them(source, monkeypatch):
    """Who sends need not say beforehand how much it will be."""

    async def story():
        source.add(HEAVY, do="nothing")
        async with source.life() as leasing:
            link = DirectLink(leasing, claimant())
            (lease,) = await link.claim(HEAVILY)
            await link.send(lease, "a", pieces(b"x" * 60), None)
            scarce = Usage(0, 0, outputs.SPARED_BYTES - 1)
            begin = outputs.Outputs.begin

            def full_from_now(self, name, size):
                arriving = begin(self, name, size)
                monkeypatch.setattr(outputs.shutil, "disk_usage", lambda _: scarce)
                return arriving

            monkeypatch.setattr(outputs.Outputs, "begin", full_from_now)
            monkeypatch.setattr(outputs, "_LOOK_BYTES", 100)
            with pytest.raises(StorageFull):
                await link.send(lease, "b", pieces(*[b"x" * 60] * 5), None)
            assert [one.name for one in (source.folder / "leases").glob("*/*")] == ["a"]

    run(story())


def test_a_job_that_always_comes_back_is_not_given_away_again_at_once(source, monkeypatch):
    monkeypatch.setattr(reporting, "_BACKS", 3)

    async def story():
        id_ = source.add()
        async with source.life() as leasing:
            link = DirectLink(leasing, claimant())
            for _ in range(3):
                (lease,) = await link.claim(LIGHTLY)
                await link.report([told(lease, "back")])
            job = source.get(id_)
            assert job.state is JobState.QUEUED
            assert job.run_at > job.created_at
            assert job.attempt < job.max_attempts

    run(story())


def test_progress_is_short_and_between_nothing_and_all(source):
    async def story():
        id_ = source.add()
        async with source.life() as leasing:
            link = DirectLink(leasing, claimant())
            (lease,) = await link.claim(LIGHTLY)
            await link.report([told(lease, "running", progress=Progress(1e300, "x" * 10_000))])
            assert source.get(id_).progress == Progress(1.0, "x" * 200)

    run(story())
