"""A worker and the real other side of its leases, in one process."""

import asyncio

import pytest

from tests.core.jobs.leasing.source import HEAVY, KINDS, PORTABLE, DirectLink, Source, claimant
from tests.core.jobs.processes import CHILD
from unibos.core.jobs.kind import by_name
from unibos.core.jobs.leasing.messages import WorkerFacts
from unibos.core.jobs.worker.options import Options
from unibos.core.jobs.worker.worker import Worker
from unibos.core.store.job import JobState


@pytest.fixture
def source(tmp_path):
    made = Source(tmp_path / "source")
    yield made
    made.store.close()


def run(source, folder, ids):
    """Let two workers do all of it."""

    async def story():
        async with source.life() as leasing, asyncio.timeout(120):
            options = [Options(folder=folder / name, command=CHILD) for name in "ab"]
            workers = [
                Worker(
                    DirectLink(leasing, claimant(one.folder.name)),
                    by_name(KINDS),
                    one,
                    WorkerFacts(),
                )
                for one in options
            ]
            tasks = [asyncio.create_task(worker.run()) for worker in workers]
            while any(not source.get(job).state.final for job in ids):
                await asyncio.sleep(0.02)
            for worker in workers:
                worker.drain(10)
            await asyncio.gather(*tasks)
            return [worker.told().ended for worker in workers]

    return asyncio.run(story())


def test_what_was_asked_lands_once(source, tmp_path):
    ids = [source.add(PORTABLE, say=number) for number in range(200)]
    blobs = [source.blob(f"scan {number}".encode()) for number in range(4)]
    ids += [source.add(HEAVY, do="read", sha256=one) for one in blobs]
    ended = run(source, tmp_path, ids)
    assert {source.get(job).state for job in ids} == {JobState.DONE}
    assert {source.get(job).attempt for job in ids} == {1}
    assert sorted(job for job, _ in source.seen()) == sorted(ids)
    assert sum(one["done"] for one in ended) == len(ids)
    read = [source.get(job).result["result"] for job in ids[200:]]
    assert read == [f"scan {number}" for number in range(4)]


@pytest.mark.parametrize(("how", "code"), [("refuse", "refused"), ("break", "job_error")])
def test_what_the_kind_will_not_take_has_failed(source, tmp_path, how, code):
    job = source.add(PORTABLE, complete=how)
    run(source, tmp_path, [job])
    assert (source.get(job).state, source.get(job).error.code) == (JobState.FAILED, code)
