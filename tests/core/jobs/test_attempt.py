"""One attempt that is made to end at awkward moments, and leases lost without a word."""

from contextlib import suppress
from pathlib import Path

import pytest

from tests.core.jobs.job_kinds import HEAVY, LIGHT, prepare, work
from tests.core.jobs.processes import CHILD, gone, sleeping
from unibos.base.errors import Conflict, Invalid, Unavailable
from unibos.core.jobs.attempt import Attempt
from unibos.core.jobs.kind import HeavyKind, LightKind
from unibos.core.jobs.options import Options
from unibos.core.store import jobs, leases
from unibos.core.store.jobs import JobError

STOP = Unavailable("server_stopping", "The server stops.")
BOOM = JobError("boom", "It broke.")
FAR = 2**41


@pytest.fixture
def attempt(place):
    """Makes an attempt at a job of a kind, claimed by the test itself."""

    def make(kind, **args):
        job_id = place.add(kind, **args)
        job = place.claim(kind, "me")
        assert job.id == job_id
        options = Options(folder=place.folder / "work", command=CHILD, progress_seconds=0)
        return Attempt(place.store, job, kind, options)

    return make


def ends(attempt):
    with pytest.raises((Conflict, Unavailable, Invalid)) as raised:
        attempt.work()
    return raised.value


def test_ended_before_it_began(attempt):
    made = attempt(LIGHT)
    made.end(STOP)
    made.end(Unavailable("later", "A second reason."))
    assert ends(made) is STOP


def test_ended_while_it_was_prepared_no_child_is_started(attempt, place):
    def prepare_and_stop(store, job):
        made.end(STOP)
        return prepare(store, job)

    kind = HeavyKind(name="test.prepared", prepare=prepare_and_stop, work=work)
    made = attempt(kind, do="sleep", pids=str(place.folder / "pids"))
    assert ends(made) is STOP
    assert list((place.folder / "work").iterdir()) == []


def test_a_report_after_the_end_does_not_return(attempt):
    returned = []

    def run(store, job, report):
        made.end(STOP)
        with suppress(Exception):
            report(0.5)
        returned.append("work that catches everything goes on")

    made = attempt(LightKind(name="test.reporting", run=run))
    assert ends(made) is STOP
    assert returned == []


def test_progress_of_a_lost_job_ends_the_work(attempt, place):
    def run(store, job, report):
        store.write(lambda tx: jobs.cancel(tx, job.id))
        report(0.5)

    error = ends(attempt(LightKind(name="test.losing", run=run)))
    assert error.code == "job_lost"


def test_what_the_child_left_is_collected_before_its_folder_goes(attempt):
    found = []

    def leave_a_file(store, result, folder):
        found.append((folder / "page.txt").read_text())
        return {"collected": result}

    kind = HeavyKind(name="test.heavy", prepare=prepare, work=work, collect=leave_a_file)
    made = attempt(kind, do="write", text="hello")
    assert made.work() == {"collected": "written"}
    assert found == ["hello"]
    assert not made.folder.exists()


def test_collecting_may_refuse_what_the_child_left(attempt):
    def refuse(store, result, folder):
        raise Invalid("thumbnail_damaged", "It is no picture.")

    kind = HeavyKind(name="test.heavy", prepare=prepare, work=work, collect=refuse)
    assert ends(attempt(kind, do="write", text="")).code == "thumbnail_damaged"


def lose(place, job_id):
    """Somebody else takes the job, and nobody is told."""

    def quietly(tx):
        leases.interrupt(tx, jobs.get(tx, job_id), BOOM, FAR)
        tx.changes.clear()

    place.org.write(quietly)


def test_a_lease_that_cannot_be_renewed_ends_the_work(place):
    place.start(lease_seconds=0.1)
    job_id = place.add(HEAVY, do="sleep", pids=str(place.folder / "pids"))
    ids = sleeping(place.folder / "pids")
    lose(place, job_id)
    assert all(gone(pid) for pid in ids)
    place.stop(20)
    assert place.get(job_id).error == BOOM


def test_a_failure_of_a_lost_job_is_nobody_s_business(place):
    def run(store, job, report):
        lose(place, job.id)
        raise Invalid("refused", "No.")

    kind = LightKind(name="test.lost", run=run)
    place.start(kinds=[kind])
    job_id = place.add(kind)
    place.until_job(job_id, lambda job: job.attempt)
    place.stop(20)
    assert place.get(job_id).error == BOOM


def test_a_job_that_runs_here_is_not_taken_back_though_its_lease_is_over(place):
    place.start()
    job_id = place.add(HEAVY, do="sleep", pids=str(place.folder / "pids"))
    sleeping(place.folder / "pids")
    place.store.write(lambda tx: tx.connection.execute("UPDATE jobs SET lease_until = 1"))
    place.jobs._runner.expire()
    assert place.get(job_id).interruptions == 0


def test_the_folder_of_a_running_child_is_left_alone(place):
    place.start()
    place.add(HEAVY, do="sleep", pids=str(place.folder / "pids"))
    sleeping(place.folder / "pids")
    assert place.jobs._house.folders() == 0
    assert len(list(Path(place.folder / "work").iterdir())) == 1


def test_a_job_that_changed_while_it_was_taken_back_is_left_as_it_is(place, monkeypatch):
    job_id = place.add(LIGHT)
    place.claim(LIGHT, "me")
    running = leases.running

    def and_then_it_is_cancelled(view, *args, **options):
        monkeypatch.undo()
        found = running(view, *args, **options)
        place.org.write(lambda tx: jobs.cancel(tx, job_id))
        return found

    monkeypatch.setattr(leases, "running", and_then_it_is_cancelled)
    place.start()
    assert place.get(job_id).state == "cancelled"
