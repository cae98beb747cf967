"""Jobs are given to workers, and what they report lands in the table and in the records, once."""

import asyncio
from contextlib import suppress

import pytest

from tests.core.jobs.leasing.source import (
    HEAVY,
    PORTABLE,
    DirectLink,
    claimant,
    pieces,
    told,
)
from unibos.base.errors import Error
from unibos.core.jobs.leasing import held
from unibos.core.jobs.leasing import outputs as outputs_module
from unibos.core.jobs.leasing.leasing import MOST_HELD
from unibos.core.jobs.leasing.messages import Claim, Sign
from unibos.core.store import jobs, leases
from unibos.core.store.job import JobError, JobState, Progress

HEAVILY = Claim(most=8, sort="heavy")
LIGHTLY = Claim(most=64, sort="light")
PATIENTLY = Claim(most=8, wait_seconds=30, sort="light")


def run(story):
    return asyncio.run(asyncio.wait_for(story, 60))


async def code(call):
    with pytest.raises(Error) as refused:
        await call
    return refused.value.code


def codes(verdicts):
    return [verdict.code for verdict in verdicts]


def test_a_worker_gets_what_waits_and_its_results_land_once(source):
    async def story():
        ids = [source.add(say=number) for number in range(5)]
        async with source.life() as leasing:
            link = DirectLink(leasing, claimant())
            found = await link.claim(LIGHTLY)
            assert sorted(lease.job for lease in found) == sorted(ids)
            assert {lease.attempt for lease in found} == {1}
            reports = [told(lease, result=lease.args["say"]) for lease in found]
            assert codes(await link.report(reports)) == [""] * 5
            # The answer was lost, so it is told again.
            assert codes(await link.report(reports)) == ["job_lost"] * 5
        assert sorted(source.get(id_).result for id_ in ids) == list(range(5))
        assert sorted(source.seen()) == sorted((id_, "done") for id_ in ids)

    run(story())


def test_a_job_that_needs_others_brings_their_results_along(source):
    async def story():
        first = source.add(say=1)
        last = source.store.write(
            lambda tx: jobs.add(tx, PORTABLE, {"say": 2}, needs=[first]), "home"
        ).id
        async with source.life() as leasing:
            link = DirectLink(leasing, claimant())
            (lease,) = await link.claim(LIGHTLY)
            await link.report([told(lease, result="found")])
            (lease,) = await link.claim(LIGHTLY)
            assert (lease.job, lease.args) == (last, {"say": 2, "needs": {first: "found"}})

    run(story())


def test_one_end_that_fails_takes_no_other_with_it(source):
    async def story():
        good, refused, broken, full = (
            source.add(complete=what) for what in ("well", "refuse", "break", "full")
        )
        async with source.life() as leasing:
            link = DirectLink(leasing, claimant())
            found = {lease.job: lease for lease in await link.claim(LIGHTLY)}
            order = (refused, good, full, broken)
            verdicts = await link.report([told(found[id_]) for id_ in order])
            assert [verdict.job for verdict in verdicts] == list(order)
            assert codes(verdicts) == ["", "", "storage_full", ""]
        assert source.get(good).state is JobState.DONE
        assert source.get(refused).error.code == "refused"
        assert source.get(broken).state is JobState.QUEUED
        assert "secret" not in source.get(broken).error.detail
        assert source.get(full).state is JobState.RUNNING
        assert dict(source.seen()) == {good: "done", refused: "refused"}

    run(story())


def test_a_worker_sees_the_jobs_of_its_org_alone(source):
    async def story():
        mine, theirs = source.add(), source.add(org="other")
        async with source.life() as leasing:
            link = DirectLink(leasing, claimant(org="home"))
            stranger = DirectLink(leasing, claimant("stranger", org="other"))
            (lease,) = await link.claim(LIGHTLY)
            (other,) = await stranger.claim(LIGHTLY)
            assert (lease.job, other.job) == (mine, theirs)
            assert codes(await link.report([told(other)])) == ["job_lost"]
            assert codes(await stranger.report([told(lease), told(other)])) == ["job_lost", ""]
            for call in (link.fetch(other, None, None), link.send(other, "a", pieces(b""), 0)):
                assert await code(call) == "job_lost"
            source.add(org="other")
            assert await link.claim(LIGHTLY) == []
        assert source.get(mine).state is JobState.RUNNING

    run(story())


def test_who_waits_is_woken_by_a_commit_of_any_org(source):
    async def story():
        async with source.life() as leasing:
            waiting = asyncio.create_task(leasing.claim(claimant(), PATIENTLY))
            of_one = asyncio.create_task(leasing.claim(claimant("one", org="home"), PATIENTLY))
            await asyncio.sleep(0)
            job = await asyncio.to_thread(source.add, org="other")
            (lease,) = await waiting
            assert (lease.org, lease.job) == ("other", job)
            assert not of_one.done()
            job = await asyncio.to_thread(source.add)
            assert [lease.job for lease in await of_one] == [job]

    run(story())


def test_who_waits_is_woken_when_a_job_becomes_due(source):
    async def story():
        from unibos.base.clock import wall_ms
        from unibos.core.store import jobs

        async with source.life() as leasing:
            waiting = asyncio.create_task(leasing.claim(claimant(), PATIENTLY))
            job = await source.store.awrite(
                lambda tx: jobs.add(
                    tx, source.jobs.kinds["test.portable"], {}, run_at=wall_ms() + 60
                ),
                "home",
            )
            assert [lease.job for lease in await waiting] == [job.id]

    run(story())


def test_a_close_sends_all_away_and_so_does_a_workers_stop(source):
    async def story():
        async with source.life() as leasing:
            link = DirectLink(leasing, claimant())
            stopping = asyncio.create_task(link.claim(PATIENTLY))
            other = asyncio.create_task(leasing.claim(claimant("other"), PATIENTLY))
            await asyncio.sleep(0)
            await link.sign(Sign(stopping=True))
            assert await stopping == []
            assert not other.done()
        assert await other == []

    run(story())


def test_many_that_wait_cost_one_look(source, monkeypatch):
    """Three hundred workers that take the same wait; each commit is looked at once for all."""
    looks = []
    due = leases.next_due
    monkeypatch.setattr(leases, "next_due", lambda *args: looks.append(1) or due(*args))

    async def story():
        async with source.life() as leasing:
            waiting = [
                asyncio.create_task(leasing.claim(claimant(f"w{number}"), PATIENTLY))
                for number in range(300)
            ]
            while leasing._room._lines == {} or len(looks) < 300:
                await asyncio.sleep(0.001)
            await asyncio.sleep(0.01)
            looks.clear()
            job = await asyncio.to_thread(source.add)
            done, _ = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            assert [[lease.job for lease in one.result()] for one in done] == [[job]]
            assert len(looks) < 10
            for one in waiting:
                one.cancel()
            await asyncio.gather(*waiting, return_exceptions=True)
            assert leasing._room._lines == {}

    run(story())


def test_jobs_of_one_who_has_gone_go_to_another(source, monkeypatch):
    async def story():
        async with source.life() as leasing:
            job = source.add()
            taken = leasing._take

            async def slow(*args):
                found = await taken(*args)
                gone.cancel()
                return found

            monkeypatch.setattr(leasing, "_take", slow)
            gone = asyncio.create_task(leasing.claim(claimant(), PATIENTLY))
            with suppress(asyncio.CancelledError):
                await gone
            monkeypatch.undo()
            (lease,) = await leasing.claim(claimant("another"), PATIENTLY)
            assert (lease.job, lease.attempt) == (job, 2)
            assert source.get(job).max_attempts == 4

    run(story())


def test_heavy_work_takes_its_input_and_gives_files(source, tmp_path):
    async def story():
        sha256 = source.blob(b"what is to be read")
        job = source.add(HEAVY, do="echo", sha256=sha256)
        async with source.life() as leasing:
            link = DirectLink(leasing, claimant())
            (lease,) = await link.claim(HEAVILY)
            assert (lease.input.sha256, lease.input.size) == (sha256, 18)
            assert lease.args == {"do": "echo"}
            assert lease.timeout_seconds == 30
            await link.fetch(lease, lease.input, tmp_path / "input")
            assert (tmp_path / "input").read_bytes() == b"what is to be read"
            await link.send(lease, "page-1.txt", pieces(b"old"), 3)
            await link.send(lease, "page-1.txt", pieces(b"one", b" more"), 8)
            await link.send(lease, "page-2.txt", pieces(), 0)
            assert len(source.folders()) == 1
            assert codes(await link.report([told(lease, result="well")])) == [""]
            assert source.folders() == []
        made = source.get(job)
        assert made.result == {
            "result": "well",
            "files": {"page-1.txt": "one more", "page-2.txt": ""},
        }
        assert source.seen() == [(job, "done")]

    run(story())


@pytest.mark.parametrize(("result", "error"), [("refuse", "refused"), ("break", "job_error")])
def test_a_collect_that_fails_fails_the_attempt(source, result, error):
    async def story():
        job = source.add(HEAVY, do="echo")
        async with source.life() as leasing:
            link = DirectLink(leasing, claimant())
            (lease,) = await link.claim(HEAVILY)
            assert codes(await link.report([told(lease, result=result)])) == [""]
            assert source.folders() == []
        assert source.get(job).error.code == error
        assert source.get(job).state is (JobState.FAILED if result == "refuse" else JobState.QUEUED)

    run(story())


def test_what_cannot_be_prepared_fails_and_the_next_one_is_given(source):
    async def story():
        bad = source.add(HEAVY, do="unprepared")
        async with source.life() as leasing:
            waiting = asyncio.create_task(
                leasing.claim(claimant(), Claim(most=1, wait_seconds=30, sort="heavy"))
            )
            await source.until(lambda: source.get(bad).state is JobState.FAILED)
            good = await asyncio.to_thread(source.add, HEAVY, do="echo")
            assert [lease.job for lease in await waiting] == [good]
        assert source.get(bad).error.code == "not_prepared"

    run(story())


def test_failures_are_tried_again_or_not_as_their_kind_says(source):
    async def story():
        gone, again, strange = (source.add(HEAVY, do="echo") for _ in range(3))
        said = {
            gone: ("Invalid", "picture_empty"),
            again: ("Unavailable", "job_timeout"),
            strange: ("SystemExit", "no code!"),
        }
        async with source.life() as leasing:
            link = DirectLink(leasing, claimant())
            for lease in await link.claim(HEAVILY):
                kind, error = said[lease.job]
                report = told(lease, "failed", error=JobError(error, "x" * 5000), error_kind=kind)
                assert codes(await link.report([report])) == [""]
        assert source.get(gone).state is JobState.FAILED
        assert len(source.get(gone).error.detail) == 1000
        assert (source.get(again).state, source.get(again).attempt) == (JobState.QUEUED, 1)
        assert source.get(strange).error.code == "job_error"

    run(story())


def test_what_is_handed_back_was_not_tried(source):
    async def story():
        job = source.add()
        async with source.life() as leasing:
            link = DirectLink(leasing, claimant())
            (lease,) = await link.claim(LIGHTLY)
            assert codes(await link.report([told(lease, "back")])) == [""]
            assert source.get(job).max_attempts == 4
            (lease,) = await link.claim(LIGHTLY)
            assert (lease.job, lease.attempt) == (job, 2)

    run(story())


def test_a_worker_that_died_is_no_fault_of_the_job(source):
    async def story():
        job = source.add()
        async with source.life() as leasing:
            link = DirectLink(leasing, claimant())
            (lease,) = await link.claim(LIGHTLY)
            died = JobError("job_interrupted", "The worker ended.")
            assert codes(await link.report([told(lease, "back", error=died)])) == [""]
            assert (source.get(job).interruptions, source.get(job).max_attempts) == (1, 4)

    run(story())


def test_progress_is_told_and_a_cancelled_job_is_lost(source):
    async def story():
        job = source.add(HEAVY, do="echo")
        async with source.life() as leasing:
            link = DirectLink(leasing, claimant())
            (lease,) = await link.claim(HEAVILY)
            await link.send(lease, "page.txt", pieces(b"half"), 4)
            half = told(lease, "running", progress=Progress(0.5, "half"))
            assert codes(await link.report([half])) == [""]
            assert source.get(job).progress == Progress(0.5, "half")
            await source.store.awrite(lambda tx: source.jobs.cancel(tx, job), "home")
            await source.until(lambda: source.folders() == [])
            assert codes(await link.report([half])) == ["job_lost"]
            assert await code(link.send(lease, "page.txt", pieces(b"x"), 1)) == "job_lost"
            assert codes(await link.report([told(lease)])) == ["job_lost"]
        assert source.seen() == [(job, "job_cancelled")]

    run(story())


def test_a_silent_worker_loses_its_jobs_and_one_that_tells_keeps_them(source):
    async def story():
        kept, lost = source.add(), source.add()
        async with source.life(lease_seconds=0.4) as leasing:
            alive, dead = DirectLink(leasing, claimant("alive")), claimant("dead")
            (mine,) = await alive.claim(Claim(most=1, sort="light"))
            (theirs,) = await leasing.claim(dead, Claim(most=1, sort="light"))
            held = {mine.job, theirs.job}
            assert held == {kept, lost}
            async with asyncio.timeout(30):
                while source.get(theirs.job).state is JobState.RUNNING:
                    assert codes(await alive.report([told(mine, "running")])) == [""]
                    await asyncio.sleep(0.02)
            assert codes(await leasing.report("dead", [told(theirs)])) == ["job_lost"]
            assert codes(await alive.report([told(mine)])) == [""]
        assert source.seen() == [(mine.job, "done")]
        assert source.get(theirs.job).interruptions == 1

    run(story())


def test_a_worker_that_never_ends_a_job_loses_it_however_often_it_tells(source, monkeypatch):
    monkeypatch.setattr(held, "PORTABLE_SECONDS", 0.3)

    async def story():
        id_ = source.add()
        async with source.life(lease_seconds=0.2, transfer_seconds=0.1) as leasing:
            link = DirectLink(leasing, claimant())
            (lease,) = await link.claim(Claim(most=1, sort="light"))
            async with asyncio.timeout(30):
                while codes(await link.report([told(lease, "running")])) == [""]:
                    await asyncio.sleep(0.02)
            assert codes(await link.report([told(lease)])) == ["job_lost"]
        job = source.get(id_)
        assert (job.attempt, job.error.code) == (1, "job_timeout")
        assert source.seen() == []

    run(story())


def test_a_worker_goes_on_when_its_source_was_started_anew(source, tmp_path):
    async def story():
        job = source.add(HEAVY, do="echo", sha256=source.blob(b"bytes"))
        async with source.life() as leasing:
            link = DirectLink(leasing, claimant())
            (lease,) = await link.claim(HEAVILY)
            await link.send(lease, "first.txt", pieces(b"1"), 1)
        (source.folder / "leases" / "of-nobody").mkdir()
        async with source.life() as leasing:
            assert len(source.folders()) == 1
            link = DirectLink(leasing, claimant())
            stranger = DirectLink(leasing, claimant("stranger"))
            assert codes(await stranger.report([told(lease)])) == ["job_lost"]
            await link.fetch(lease, lease.input, tmp_path / "input")
            assert (tmp_path / "input").read_bytes() == b"bytes"
            await link.send(lease, "second.txt", pieces(b"2"), 1)
            assert codes(await link.report([told(lease, result="well")])) == [""]
        assert source.get(job).result["files"] == {"first.txt": "1", "second.txt": "2"}

    run(story())


def test_a_revoked_worker_loses_its_jobs_at_once(source):
    async def story():
        ids = [source.add(), source.add(org="other")]
        async with source.life() as leasing:
            found = await leasing.claim(claimant(), LIGHTLY)
            assert len(found) == 2
            assert await leasing.take_back("worker") == 2
            again = await leasing.claim(claimant("another"), LIGHTLY)
            assert sorted(lease.job for lease in again) == sorted(ids)
            verdicts = await leasing.report("worker", [told(lease) for lease in found])
            assert codes(verdicts) == ["job_lost"] * 2

    run(story())


@pytest.mark.parametrize("name", ["", ".hidden", "../up", "a/b", "UPPER", "a" * 101, "a\n", "ä"])
def test_no_file_leaves_the_folder(source, name):
    async def story():
        source.add(HEAVY, do="echo")
        async with source.life() as leasing:
            link = DirectLink(leasing, claimant())
            (lease,) = await link.claim(HEAVILY)
            assert await code(link.send(lease, name, pieces(b"x"), 1)) == "job_output_name_invalid"

    run(story())


def test_light_work_leaves_no_files(source):
    async def story():
        source.add(say=1)
        async with source.life() as leasing:
            link = DirectLink(leasing, claimant())
            (lease,) = await link.claim(LIGHTLY)
            assert await code(link.send(lease, "a", pieces(b"x"), 1)) == "job_output_name_invalid"
            assert codes(await link.report([told(lease)])) == [""]

    run(story())


def test_files_are_bounded_in_size_and_number(source, monkeypatch):
    monkeypatch.setattr(outputs_module, "MOST_FILES", 3)

    async def story():
        source.add(HEAVY, do="echo")
        async with source.life(output_bytes=10) as leasing:
            link = DirectLink(leasing, claimant())
            (lease,) = await link.claim(HEAVILY)
            too_large = "job_output_too_large"
            assert await code(link.send(lease, "a", pieces(b"x"), 11)) == too_large
            # It says that it is small, and is not.
            assert await code(link.send(lease, "a", pieces(b"x" * 6, b"x" * 5), 1)) == too_large
            for name in ("a", "b", "c"):
                await link.send(lease, name, pieces(b"xxx"), 3)
            assert await code(link.send(lease, "d", pieces(b""), 0)) == too_large
            assert await code(link.send(lease, "c", pieces(b"xx"), 2)) == too_large
            await link.send(lease, "c", pieces(b"x"), 1)
            assert codes(await link.report([told(lease, result="well")])) == [""]
        assert source.seen() != []

    run(story())


def test_a_worker_has_no_more_than_so_many_jobs(source):
    async def story():
        for _ in range(MOST_HELD + 5):
            source.add()
        async with source.life() as leasing:
            taken = 0
            while found := await leasing.claim(claimant(), LIGHTLY):
                taken += len(found)
            assert taken == MOST_HELD

    run(story())


def test_waiting_and_signs_write_nothing(source):
    async def story():
        async with source.life() as leasing:
            before = {file.name: file.stat().st_mtime_ns for file in source.folder.glob("node.db*")}
            link = DirectLink(leasing, claimant())
            for _ in range(20):
                await link.claim(Claim(wait_seconds=0.001))
            after = {file.name: file.stat().st_mtime_ns for file in source.folder.glob("node.db*")}
            assert before == after

    run(story())
