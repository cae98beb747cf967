"""Jobs from the asking to the end, on real threads and in real children."""

import threading

import pytest

from tests.core.jobs import job_kinds
from tests.core.jobs.job_kinds import HEAVY, HURRIED, LIGHT
from tests.core.jobs.processes import gone, sleeping
from unibos.base.errors import Conflict, NotFound, StorageFull, Unavailable
from unibos.core.jobs import runner
from unibos.core.jobs.kind import LightKind
from unibos.core.store import jobs, leases, records
from unibos.core.store.jobs import JobError, JobState

FAR = 2**41


def test_a_light_job_is_done_and_its_effect_lands_once(place):
    place.start()
    job = place.ended(place.add(LIGHT, say="hi"))
    assert (job.state, job.result, job.attempt) == (JobState.DONE, "hi", 1)
    assert place.seen() == [(job.id, "done")]
    assert place.events(job.id) == ["queued", "running", "done"]


def test_a_heavy_job_is_done_in_a_child_that_tells_its_progress(place):
    place.start()
    job = place.ended(place.add(HEAVY, do="slow", steps=1))
    assert (job.state, job.result) == (JobState.DONE, "slow but done")
    assert place.events(job.id) == ["queued", "running", "progress", "done"]
    assert list((place.folder / "work").iterdir()) == []


def test_a_child_reads_its_input_from_wherever_it_is(place, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "input.txt").write_text("hello")
    place.start()
    job = place.ended(place.add(HEAVY, do="read", input="input.txt"))
    assert job.result == "hello"


def test_jobs_that_waited_before_the_start_are_run_in_their_order(place):
    made = [place.add(LIGHT) for _ in range(5)]
    place.start(light=1)
    for job_id in made:
        place.ended(job_id)
    assert [job_id for job_id, _ in reversed(place.seen())] == made


def test_a_job_starts_when_it_is_due(place):
    place.start()
    due = place.org.write(lambda tx: jobs.add(tx, LIGHT, {}, run_at=tx.now() + 300))
    done = place.ended(due.id)
    started = place.org.read(lambda view: jobs.events(view, due.id))[1]
    assert started.at >= due.run_at
    assert done.state is JobState.DONE


def test_what_fails_is_tried_again_and_then_has_failed(place):
    place.start()
    job = place.ended(place.add(HEAVY, do="leave"))
    assert (job.state, job.attempt, job.error.code) == (JobState.FAILED, 3, "job_crashed")
    assert place.events(job.id) == [*["queued", "running"] * 3, "failed"]
    assert place.seen() == [(job.id, "job_crashed")]


def test_what_is_too_slow_is_killed(place):
    place.start()
    job = place.ended(place.add(HURRIED, do="sleep", pids=str(place.folder / "pids")))
    assert (job.state, job.error.code, job.attempt) == (JobState.FAILED, "job_timeout", 3)


@pytest.mark.parametrize(
    ("kind", "args", "code"),
    [
        (HEAVY, {"do": "refuse"}, "picture_empty"),
        (HEAVY, {"do": "unprepared"}, "not_prepared"),
        (LIGHT, {"do": "refuse"}, "refused"),
        (LIGHT, {"complete": "refuse"}, "refused"),
    ],
)
def test_what_would_fail_again_is_not_tried_again(place, kind, args, code):
    place.start()
    job = place.ended(place.add(kind, **args))
    assert (job.state, job.attempt, job.error.code) == (JobState.FAILED, 1, code)
    assert place.seen() == [(job.id, code)]


@pytest.mark.parametrize("args", [{"do": "break"}, {"complete": "break"}])
def test_an_unexpected_error_is_logged_and_told_without_what_it_says(place, args, caplog):
    place.start()
    job = place.ended(place.add(LIGHT, **args))
    assert (job.state, job.attempt) == (JobState.FAILED, 3)
    assert job.error.code == "job_error"
    assert "secret" not in job.error.detail
    assert "a secret that must not get out" in caplog.text


def test_a_kind_that_cannot_even_fail_does_not_keep_its_job_from_ending(place, caplog):
    place.start()
    job = place.ended(place.add(LIGHT, do="refuse", failed="break"))
    assert (job.state, job.error.code) == (JobState.FAILED, "refused")
    assert place.seen() == []
    assert "it cannot even fail" in caplog.text


def test_a_full_disk_is_not_the_job_s_fault(place):
    place.start(retry_seconds=1000)
    job = place.until_job(
        place.add(LIGHT, complete="full"), lambda job: job.state == "queued" and job.attempt
    )
    assert (job.attempt, job.max_attempts, job.error) == (1, 4, None)
    assert job.run_at > job.created_at + 60_000


def test_heavy_and_light_jobs_have_slots_of_their_own(place):
    place.start(heavy=1, light=2)
    first = place.add(HEAVY, do="sleep", pids=str(place.folder / "pids"))
    second = place.add(HEAVY, do="slow", steps=0)
    sleeping(place.folder / "pids")
    place.ended(place.add(LIGHT))
    assert place.get(second).state == "queued"
    states = place.jobs.states()
    assert (states["running"], states["queued"], states["done"]) == (1, 1, 1)
    assert place.jobs.healthy
    place.org.write(lambda tx: place.jobs.cancel(tx, first))
    assert place.ended(second).state == "done"


def test_as_many_at_once_as_there_are_slots(place):
    together = threading.Barrier(2)
    kind = LightKind(name="test.together", run=lambda *_: together.wait(20))
    place.start(kinds=[kind], light=2)
    assert {place.ended(id_).state for id_ in (place.add(kind), place.add(kind))} == {"done"}


def test_a_cancelled_job_never_runs_and_its_kind_is_told(place):
    place.start()
    waiting = place.org.write(lambda tx: jobs.add(tx, LIGHT, {}, run_at=FAR)).id
    cancelled = place.org.write(lambda tx: place.jobs.cancel(tx, waiting))
    assert cancelled.state is JobState.CANCELLED
    assert place.seen() == [(waiting, "job_cancelled")]
    with pytest.raises(Conflict):
        place.org.write(lambda tx: place.jobs.cancel(tx, waiting))
    with pytest.raises(NotFound):
        place.org.write(lambda tx: place.jobs.cancel(tx, "nothing"))


def test_a_job_of_a_kind_that_is_gone_can_be_cancelled(place):
    place.start(kinds=[])
    job_id = place.add(LIGHT)
    assert place.org.write(lambda tx: place.jobs.cancel(tx, job_id)).state == "cancelled"


def test_cancelling_kills_the_child_and_its_programs_at_once(place):
    place.start()
    job_id = place.add(HEAVY, do="sleep", pids=str(place.folder / "pids"))
    ids = sleeping(place.folder / "pids")
    place.org.write(lambda tx: place.jobs.cancel(tx, job_id))
    assert all(gone(pid) for pid in ids)
    place.stop(20)
    assert place.get(job_id).state == "cancelled"
    assert place.seen() == [(job_id, "job_cancelled")]


def test_a_cancelled_light_job_ends_when_it_reports(place):
    place.start(light=1)
    job_id = place.add(LIGHT, do="report")
    place.until(lambda: "progress" in place.events(job_id))
    place.org.write(lambda tx: place.jobs.cancel(tx, job_id))
    assert place.ended(place.add(LIGHT)).state == "done"
    assert place.get(job_id).state == "cancelled"


def test_the_result_of_a_job_that_was_cancelled_meanwhile_is_refused(place):
    place.start(light=1)
    job_id = place.add(LIGHT, do="deaf")
    place.until_job(job_id, lambda job: job.state == "running")
    place.org.write(lambda tx: place.jobs.cancel(tx, job_id))
    job_kinds.GO.set()
    place.ended(place.add(LIGHT))
    assert place.get(job_id).state == "cancelled"
    assert (job_id, "done") not in place.seen()


def test_a_job_taken_by_another_is_let_go(place):
    place.start(retry_seconds=1000)
    job_id = place.add(HEAVY, do="sleep", pids=str(place.folder / "pids"))
    ids = sleeping(place.folder / "pids")
    boom = JobError("boom", "It broke.")
    place.org.write(lambda tx: leases.interrupt(tx, jobs.get(tx, job_id), boom, FAR))
    assert all(gone(pid) for pid in ids)
    place.stop(20)
    assert place.get(job_id).error == boom


def test_a_stop_gives_jobs_their_time(place):
    place.start()
    job_id = place.add(HEAVY, do="slow", steps=10)
    place.until_job(job_id, lambda job: job.progress)
    place.stop(30)
    assert place.get(job_id).state == "done"


def test_a_stop_hands_back_what_does_not_end_and_the_next_start_does_it(place):
    place.start()
    pids = place.folder / "pids"
    heavy = place.add(HEAVY, do="sleep", pids=str(pids))
    light = place.add(LIGHT, do="report")
    place.until(lambda: "progress" in place.events(light))
    ids = sleeping(pids)
    place.stop(0)
    assert all(gone(pid) for pid in ids)
    for job_id in (heavy, light):
        job = place.get(job_id)
        assert (job.state, job.attempt, job.max_attempts) == ("queued", 1, 4)
        assert place.events(job_id)[-1] == "queued"
    pids.unlink()
    place.start()
    sleeping(pids)
    assert place.get(heavy).attempt == 2


def test_a_light_job_that_does_not_hear_is_handed_back_and_kept_out(place, monkeypatch):
    monkeypatch.setattr(runner, "_KILL_SECONDS", 0.01)
    place.start()
    job_id = place.add(LIGHT, do="deaf")
    place.until_job(job_id, lambda job: job.state == "running")
    stuck = [thread for thread in threading.enumerate() if thread.name.startswith("Worker")]
    place.stop(0)
    assert place.get(job_id).state == "queued"
    job_kinds.GO.set()
    for thread in stuck:
        thread.join(20)
    assert place.get(job_id).state == "queued"
    assert place.seen() == []


def held_by(place, owner, kind=LIGHT, **args):
    """A job that an earlier life, or another instance, has."""
    job_id = place.add(kind, **args)
    assert place.claim(kind, owner).id == job_id
    return job_id


def test_the_start_takes_back_what_an_earlier_life_held(place):
    mine, other = held_by(place, "me", say="again"), held_by(place, "another")
    place.start()
    job = place.ended(mine)
    assert (job.state, job.attempt, job.interruptions) == ("done", 2, 1)
    assert place.events(mine) == ["queued", "running", "queued", "running", "done"]
    assert place.get(other).state == "running"


def test_a_job_that_ends_the_server_again_and_again_fails_in_the_end(place):
    job_id = held_by(place, "me")
    spared = leases.INTERRUPTIONS
    place.store.write(
        lambda tx: tx.connection.execute(
            "UPDATE jobs SET interruptions = ?, attempt = 3", (spared,)
        )
    )
    place.start()
    assert place.ended(job_id).error.code == "job_interrupted"
    assert place.seen() == [(job_id, "job_interrupted")]


def test_a_job_whose_runner_fell_silent_is_taken_when_its_lease_is_over(place):
    job_id = held_by(place, "another")
    place.start()
    expire = place.jobs._runner.expire
    expire()
    assert place.get(job_id).state == "running"
    place.store.write(lambda tx: tx.connection.execute("UPDATE jobs SET lease_until = 1"))
    expire()
    assert place.ended(job_id).attempt == 2


def test_a_running_job_keeps_its_lease(place):
    place.start(lease_seconds=0.2, progress_seconds=0)
    job_id = place.add(HEAVY, do="slow", steps=400)
    first = place.until_job(job_id, lambda job: job.state == "running").lease_until
    place.until_job(job_id, lambda job: job.lease_until > first + 500)
    place.jobs._runner.expire()
    place.org.write(lambda tx: place.jobs.cancel(tx, job_id))
    assert place.get(job_id).attempt == 1


def test_an_end_that_cannot_be_written_leaves_the_job_to_its_lease(place, monkeypatch, caplog):
    def full(*args):
        raise StorageFull("storage_full", "No room.")

    with monkeypatch.context() as disk:
        for verb in ("finish", "fail", "hand_back", "interrupt"):
            disk.setattr(leases, verb, full)
        place.start()
        job_id = place.add(LIGHT)
        place.until_job(job_id, lambda job: job.state == "running")
        place.stop(20)
        assert place.get(job_id).state == "running"
        assert "could not be written" in caplog.text
        place.start()
        assert "could not be taken back" in caplog.text
    place.store.write(lambda tx: tx.connection.execute("UPDATE jobs SET lease_until = 1"))
    place.jobs._runner.expire()
    assert place.ended(job_id).state == "done"


def test_claiming_goes_on_after_it_failed(place, monkeypatch, caplog):
    broken = threading.Event()
    claim = leases.claim

    def fail_once(*args, **options):
        if not broken.is_set():
            broken.set()
            raise Unavailable("database_error", "The database refused.")
        return claim(*args, **options)

    monkeypatch.setattr(leases, "claim", fail_once)
    place.start()
    first = place.add(LIGHT)
    assert broken.wait(20)
    assert place.ended(place.add(LIGHT)).state == "done"
    assert place.ended(first).state == "done"
    assert "no job could be claimed" in caplog.text


def test_progress_that_cannot_be_written_does_not_fail_the_job(place, monkeypatch):
    def full(tx, job, told):
        raise StorageFull("storage_full", "No room.")

    monkeypatch.setattr(leases, "progress", full)
    place.start()
    assert place.ended(place.add(HEAVY, do="slow")).state == "done"


def test_work_may_finish_its_job_in_a_transaction_of_its_own(place):
    """The verbs can be combined; what the runner would write after that is refused."""

    def run(store, job, report):
        def change(tx):
            records.create(tx, "seen", job_kinds.SEEN.draft({"job": job.id, "result": "own"}))
            leases.finish(tx, job, "by itself")

        store.write(change)

    kind = LightKind(name="test.alone", run=run)
    place.start(kinds=[kind])
    job_id = place.add(kind)
    place.ended(job_id)
    place.stop(20)
    assert place.get(job_id).result == "by itself"
    assert place.seen() == [(job_id, "own")]


def test_nothing_is_written_and_nobody_wakes_when_there_is_nothing_to_do(place, monkeypatch):
    place.start()
    place.ended(place.add(LIGHT))
    rounds = []
    original = runner.Runner._round
    monkeypatch.setattr(runner.Runner, "_round", lambda self: rounds.append(1) or original(self))
    files = {path: path.stat().st_mtime_ns for path in place.folder.rglob("*") if path.is_file()}
    place.jobs._runner.expire()
    for chore in ("folders", "old_jobs", "orphaned_blobs"):
        assert getattr(place.jobs._house, chore)() == 0
    after = {path: path.stat().st_mtime_ns for path in place.folder.rglob("*") if path.is_file()}
    assert after == files
