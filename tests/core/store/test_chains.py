"""Jobs that need others, and batches of jobs."""

import pytest

from unibos.base.errors import Conflict, NotFound
from unibos.core.store import batches, jobs, leases
from unibos.core.store.claimant import Claimant
from unibos.core.store.jobs import JobError, JobSpec, JobState, Progress

STEP = JobSpec(name="a.step", prefer="gpu", fallback_seconds=1)
WORKER = Claimant(
    owner="w", place="node_only", kinds={"a.step": 1}, capabilities=frozenset({"gpu"})
)
BOOM = JobError("boom", "It broke.")
LATE = 2**41


def add(org, **options):
    return org.write(lambda tx: jobs.add(tx, STEP, {"is": "args"}, **options))


def claim(store):
    taken = store.write(lambda tx: leases.claim(tx, WORKER, now=LATE, lease_until=LATE))
    return taken[0] if taken else None


def get(org, job):
    return org.read(lambda view: jobs.get(view, job.id))


def test_a_job_waits_for_what_it_needs_and_gets_the_results(store, org, wall):
    first, second = add(org), add(org)
    last = add(org, needs=[first.id, second.id, first.id])
    assert (last.state, last.needs, last.open_needs) == ("waiting", (first.id, second.id), 2)
    for number in range(2):
        assert get(org, last).state is JobState.WAITING
        job = claim(store)
        wall.ms += 5000
        org.write(lambda tx, job=job, number=number: leases.finish(tx, job, number))
    queued = get(org, last)
    assert (queued.state, queued.open_needs) == (JobState.QUEUED, 0)
    assert queued.run_at == wall.ms
    assert queued.prefer_until == wall.ms + 1000
    assert claim(store).id == last.id
    assert org.read(lambda view: jobs.results(view, last)) == {first.id: 0, second.id: 1}
    told = org.read(lambda view: jobs.portable_args(view, last))
    assert told == {"is": "args", "needs": {first.id: 0, second.id: 1}}
    assert org.read(lambda view: jobs.portable_args(view, first)) == {"is": "args"}


def test_a_job_goes_no_further_than_what_it_needs(org):
    """Or a result that must stay here would leave as an argument."""
    near = org.write(lambda tx: jobs.add(tx, JobSpec(name="wimm.sum"), {}))
    joined = org.write(lambda tx: jobs.add(tx, JobSpec(name="a.b", locality="attached"), {}))
    assert add(org, needs=[joined.id]).locality == "attached"
    middle = add(org, needs=[joined.id, near.id])
    assert middle.locality == add(org, needs=[middle.id]).locality == "node_only"


def test_what_is_done_already_need_not_be_waited_for(store, org):
    first = add(org)
    job = claim(store)
    org.write(lambda tx: leases.finish(tx, job))
    assert add(org, needs=[first.id]).state is JobState.QUEUED


def test_a_failure_ends_all_that_need_it(store, org):
    first = add(org)
    middle = add(org, needs=[first.id])
    last = add(org, needs=[middle.id])
    job = claim(store)
    org.write(lambda tx: leases.fail(tx, job, BOOM, None))
    for cut in (middle, last):
        assert get(org, cut).state is JobState.FAILED
        assert get(org, cut).error.code == "job_need_failed"
    with pytest.raises(Conflict) as refused:
        add(org, needs=[last.id])
    assert refused.value.code == "job_need_failed"


def test_a_cancellation_ends_all_that_need_it(org):
    first = add(org)
    last = add(org, needs=[first.id])
    org.write(lambda tx: jobs.cancel(tx, first.id))
    assert get(org, last).state is JobState.CANCELLED


def test_a_job_cannot_need_one_of_another_org(store, org):
    foreign = add(store.org("org-b"))
    with pytest.raises(NotFound) as refused:
        add(org, needs=[foreign.id])
    assert refused.value.code == "job_not_found"


def test_a_result_that_is_still_needed_is_kept(store, org):
    first = add(org)
    add(org, needs=[first.id], run_at=LATE)
    job = claim(store)
    org.write(lambda tx: leases.finish(tx, job))
    assert not store.read(lambda view: leases.finished_before(view, LATE))
    assert store.write(lambda tx: leases.prune(tx, LATE)) == 0
    assert get(org, first).state is JobState.DONE


def test_a_batch_is_looked_at_as_a_whole(store, org):
    for _ in range(4):
        add(org, batch="scans")
    add(org, batch="others")
    done, running = claim(store), claim(store)
    org.write(lambda tx: leases.finish(tx, done))
    org.write(lambda tx: leases.progress(tx, running, Progress(0.5)))
    batch = org.read(lambda view: batches.get(view, "scans"))
    assert (batch.jobs, batch.progress, batch.ended) == (4, 0.375, False)
    assert (batch.states["done"], batch.states["running"], batch.states["queued"]) == (1, 1, 2)
    assert len(org.read(lambda view: batches.open_jobs(view, "scans"))) == 3
    page = org.read(lambda view: jobs.page(view, batch="others"))
    assert [job.batch for job in page.items] == ["others"]


def test_a_batch_of_another_org_is_not_found(store, org):
    add(org, batch="scans")
    with pytest.raises(NotFound) as refused:
        store.org("org-b").read(lambda view: batches.get(view, "scans"))
    assert refused.value.code == "batch_not_found"
