"""A worker and a source in memory; the children are real processes."""

import asyncio
import os
import threading
import time
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from tests.core.jobs import job_kinds
from tests.core.jobs.processes import CHILD
from tests.core.jobs.worker.fake_source import PATIENCE, FakeLink, FakeSource
from unibos.base.errors import Forbidden, Invalid
from unibos.core.jobs.kind import PortableKind, by_name
from unibos.core.jobs.leasing.messages import WorkerFacts
from unibos.core.jobs.worker.options import Options
from unibos.core.jobs.worker.worker import Worker

GO = threading.Event()


def portable(args, report):
    match args.get("do"):
        case "refuse":
            raise Invalid("refused", "No.", hint="Ask again.")
        case "break":
            raise RuntimeError("a secret that must not get out")
        case "wait":
            report(0.5, "waiting")
            GO.wait(PATIENCE)
        case "report":
            while not GO.is_set():
                report(0.1, "again")
                time.sleep(0.01)
    return args.get("say")


KINDS = by_name([*job_kinds.KINDS, PortableKind(name="test.portable", work=portable)])


@asynccontextmanager
async def working(source, folder, link=None, **options):
    """A worker that runs meanwhile."""
    link = link or FakeLink(source)
    chosen = {"command": CHILD, "pause_seconds": 0.01, "longest_pause_seconds": 0.05}
    made = Options(folder=folder, **(chosen | options))
    worker = Worker(link, KINDS, made, WorkerFacts(kinds={"test.heavy": 1}))
    worker.link = link
    task = worker.task = asyncio.create_task(worker.run())
    try:
        yield worker
    finally:
        worker.drain(0)
        with suppress(asyncio.CancelledError, Forbidden):
            await task


def run(test):
    """Run an async test to its end, on a loop of its own."""

    def called(tmp_path):
        GO.clear()
        try:
            asyncio.run(asyncio.wait_for(test(FakeSource(), tmp_path), 2 * PATIENCE))
        finally:
            GO.set()

    called.__name__ = test.__name__
    return called


def left(folder: Path) -> list[str]:
    return sorted(one.name for one in folder.iterdir()) if folder.exists() else []


@run
async def test_a_heavy_job_gets_its_input_and_gives_its_outcome(source, folder):
    job = source.add("test.heavy", b"what was asked")
    async with working(source, folder):
        await source.until(lambda: job.state == "done")
    assert job.result == "what was asked"
    assert left(folder) == []


@run
async def test_what_the_work_made_comes_before_its_outcome(source, folder):
    job = source.add("test.heavy", do="write", text="a page")
    async with working(source, folder):
        await source.until(lambda: job.state == "done")
    assert job.outputs == {"page.txt": b"a page"}
    assert left(folder) == []


@run
async def test_a_light_job_needs_no_disk(source, folder):
    job = source.add("test.portable", say="hello")
    async with working(source, folder):
        await source.until(lambda: job.state == "done")
        assert not folder.exists() or left(folder) == []
    assert job.result == "hello"


@run
async def test_many_light_jobs_go_in_few_calls(source, folder):
    jobs = [source.add("test.portable", say=number) for number in range(300)]
    async with working(source, folder) as worker:
        await source.until(lambda: all(job.state == "done" for job in jobs))
    assert [job.result for job in jobs] == list(range(300))
    assert {job.attempt for job in jobs} == {1}
    assert max(worker.link.batches) > 1


@pytest.mark.parametrize("kind", ["test.portable", "test.heavy"])
def test_an_error_is_told_as_it_was_raised(kind, tmp_path):
    @run
    async def test(source, folder):
        job = source.add(kind, do="refuse")
        async with working(source, folder):
            await source.until(lambda: job.state == "failed")
        assert job.error_kind == "Invalid"
        assert job.error.hint
        assert left(folder) == []

    test(tmp_path)


@pytest.mark.parametrize("kind", ["test.portable", "test.heavy"])
def test_a_defect_does_not_give_away_what_it_says(kind, tmp_path):
    @run
    async def test(source, folder):
        job = source.add(kind, do="break")
        async with working(source, folder):
            await source.until(lambda: job.state == "failed")
        assert job.error.code == "job_error"
        assert "secret" not in str(job.error)

    test(tmp_path)


@run
async def test_progress_and_leases_are_told_while_the_work_goes_on(source, folder):
    source.lease_seconds = 0.3
    job = source.add("test.portable", do="wait")
    async with working(source, folder, progress_seconds=0):
        await source.until(lambda: job.renewed >= 3)
        GO.set()
        await source.until(lambda: job.state == "done")
    assert job.progress == [(0.5, "waiting")]


@run
async def test_a_cancelled_job_is_ended(source, folder):
    source.lease_seconds = 0.3
    pids = folder.parent / "pids"
    job = source.add("test.heavy", do="sleep", pids=str(pids))
    async with working(source, folder / "work") as worker:
        await source.until(lambda: job.renewed)
        while not pids.exists():
            await asyncio.sleep(0.01)
        source.cancel(job)
        while worker.told().tasks:
            await asyncio.sleep(0.01)
        for pid in pids.read_text().split():
            assert gone(int(pid))
        assert worker.told().ended["lost"] == 1
    assert left(folder / "work") == []


def gone(pid: int) -> bool:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.01)
    return False


@run
async def test_a_result_outlives_a_line_that_is_cut(source, folder):
    job = source.add("test.portable", do="wait", say="late")
    async with working(source, folder) as worker:
        await source.until(lambda: job.state == "running")
        worker.link.cut = True
        GO.set()
        while not left(folder):
            await asyncio.sleep(0.05)
        assert worker.told().state == "away"
        worker.link.cut = False
        await source.until(lambda: job.state == "done")
    assert job.result == "late"
    assert job.attempt == 1
    assert left(folder) == []


@run
async def test_a_result_outlives_the_worker(source, folder):
    job = source.add("test.heavy", do="write", text="a page")
    async with working(source, folder) as worker:
        await source.until(lambda: job.state == "running")
        worker.link.cut = True
        while not any(task.phase == "sending" for task in worker.told().tasks):
            await asyncio.sleep(0.01)
    assert job.state == "running"
    assert left(folder) == [f"{job.id}-1"]
    async with working(source, folder):
        await source.until(lambda: job.state == "done")
    assert job.outputs == {"page.txt": b"a page"}
    assert job.attempt == 1
    assert left(folder) == []


@run
async def test_what_came_too_late_is_thrown_away(source, folder):
    job = source.add("test.heavy", do="write", text="a page")
    async with working(source, folder) as worker:
        await source.until(lambda: job.state == "running")
        worker.link.cut = True
        while not any(task.phase == "sending" for task in worker.told().tasks):
            await asyncio.sleep(0.01)
        job.attempt += 1
        worker.link.cut = False
        while worker.told().tasks:
            await asyncio.sleep(0.01)
        assert worker.told().ended["lost"] == 1
    assert job.outputs == {}
    assert left(folder) == []


@run
async def test_an_interrupted_job_is_handed_back_at_the_next_start(source, folder):
    pids = folder.parent / f"{folder.name}-pids"
    job = source.add("test.heavy", do="sleep", pids=str(pids))
    link = FakeLink(source)
    async with working(source, folder, link) as worker:
        while not pids.exists():
            await asyncio.sleep(0.01)
        worker.task.cancel()  # As sudden as a death can be on this side of the kernel.
    assert job.state == "running"
    job.args = {"do": "write", "text": "again"}
    async with working(source, folder):
        await source.until(lambda: job.state == "done")
    assert job.attempt == 2
    assert left(folder) == []


@run
async def test_answers_that_get_lost_change_nothing(source, folder):
    link = FakeLink(source)
    link.lose = ["sign", "report", "fetch", "send"]
    job = source.add("test.heavy", b"in")
    made = source.add("test.heavy", do="write", text="out")
    async with working(source, folder, link):
        await source.until(lambda: {job.state, made.state} == {"done"})
    assert (job.result, made.outputs) == ("in", {"page.txt": b"out"})
    assert link.lose == []
    assert left(folder) == []


@run
async def test_a_claim_whose_answer_got_lost_costs_a_lease(source, folder):
    link = FakeLink(source)
    link.lose = ["claim"]
    job = source.add("test.portable", say="in the end")
    async with working(source, folder, link):
        await source.until(lambda: job.state == "running" and not link.lose)
        source.take_back(job)
        await source.until(lambda: job.state == "done")
    assert job.attempt == 2


@run
async def test_a_drain_lets_work_end(source, folder):
    job = source.add("test.portable", do="wait", say="finished")
    async with working(source, folder) as worker:
        await source.until(lambda: job.state == "running")
        worker.drain(PATIENCE)
        later = source.add("test.portable", say="not for me")
        await source.until(lambda: source.signs[-1].stopping)
        GO.set()
        await worker.task
    assert (job.state, job.result) == ("done", "finished")
    assert later.attempt <= 1
    assert later.state == "queued"
    assert worker.link.closed


@pytest.mark.parametrize("do", ["report", "wait"])
def test_a_drain_hands_back_what_takes_longer(do, tmp_path):
    @run
    async def test(source, folder):
        job = source.add("test.portable", do=do)
        async with working(source, folder) as worker:
            await source.until(lambda: job.state == "running")
            worker.drain(3600)
            worker.drain(0)
            await worker.task
        assert job.state == "queued"
        assert job.error.code == "worker_stopping"

    test(tmp_path)


@run
async def test_a_drain_hands_a_child_back(source, folder):
    pids = folder.parent / f"{folder.name}-pids"
    job = source.add("test.heavy", do="sleep", pids=str(pids))
    async with working(source, folder) as worker:
        while not pids.exists():
            await asyncio.sleep(0.01)
        worker.drain(0)
        await worker.task
    assert job.state == "queued"
    assert left(folder) == []
    for pid in pids.read_text().split():
        assert gone(int(pid))


@run
async def test_a_worker_that_is_revoked_stops(source, folder):
    job = source.add("test.portable", do="report")
    source.heartbeat = 0.05
    async with working(source, folder) as worker:
        await source.until(lambda: job.state == "running")
        source.refusal = Forbidden("worker_revoked", "No longer.")
        with pytest.raises(Forbidden, match="No longer"):
            await worker.task


@run
async def test_what_the_source_cannot_write_down_is_told_again(source, folder):
    source.verdict = "storage_full"
    job = source.add("test.portable", say="kept")
    async with working(source, folder) as worker:
        await source.until(lambda: worker.link.calls.count("report") > 2)
        source.verdict = ""
        await source.until(lambda: job.state == "done")
    assert job.result == "kept"


@run
async def test_a_kind_that_is_not_known_goes_back(source, folder):
    job = source.add("other.kind")
    async with working(source, folder):
        await source.until(lambda: job.attempt == 1 and job.state == "queued")
    assert job.error.code == "job_kind_unknown"


@run
async def test_a_name_that_leads_elsewhere_is_no_job(source, folder):
    job = source.add("test.heavy", do="write", text="x")
    job.id = "../../etc"
    source.jobs = {job.id: job}
    async with working(source, folder):
        await source.until(lambda: job.state == "running")
        await asyncio.sleep(0)
    assert left(folder) == []


@run
async def test_the_source_hears_of_the_machine_once(source, folder):
    source.heartbeat = 0.01
    async with working(source, folder):
        await source.until(lambda: len(source.signs) > 3)
    assert [bool(sign.facts) for sign in source.signs[:3]] == [True, False, False]
