"""The verbs of jobs: who asks, who runs, and what the fence keeps out."""

import msgspec
import pytest

from unibos.base.errors import Conflict, Invalid, NotFound
from unibos.core.store import jobs, leases, records
from unibos.core.store.claimant import Claimant
from unibos.core.store.definitions import Collection
from unibos.core.store.drafts import Schema
from unibos.core.store.jobs import JobError, JobSpec, JobState, Progress

READ = JobSpec(name="documents.read", queue="ocr", priority=5)
TIDY = JobSpec(name="core.tidy")
BOOM = JobError("boom", "It broke.")
LATE = 2**41


def add(org, kind=READ, args=None, **options):
    return org.write(lambda tx: jobs.add(tx, kind, args or {}, **options))


def claim(store, *kinds, owner="me", now=LATE):
    who = claimant(*kinds, owner=owner)
    taken = store.write(lambda tx: leases.claim(tx, who, now=now, lease_until=now + 1000))
    return taken[0] if taken else None


def claimant(*kinds, owner="me"):
    versions = {kind.name: kind.version for kind in kinds or (READ, TIDY)}
    return Claimant(owner=owner, place="node_only", kinds=versions)


def get(org, job):
    return org.read(lambda view: jobs.get(view, job.id))


def types(org, job):
    return [event.type for event in org.read(lambda view: jobs.events(view, job.id))]


def test_a_new_job_waits_in_the_shape_that_the_api_gives(org):
    job = add(org, args={"document": "x"}, run_at=1_790_000_000_123)
    assert msgspec.json.decode(job.json) == {
        "id": job.id,
        "kind": "documents.read",
        "queue": "ocr",
        "priority": 5,
        "state": "queued",
        "progress": None,
        "attempt": 0,
        "max_attempts": 3,
        "run_at": "2026-09-21T14:13:20.123Z",
        "error": None,
        "result": None,
        "created_at": "2026-09-21T14:13:20.000Z",
        "finished_at": None,
        "locality": "any",
        "requires": [],
        "prefer": None,
        "size": 0,
        "worker": None,
        "batch": None,
        "needs": [],
    }
    assert get(org, job) == job
    assert job.args == {"document": "x"}


def test_a_job_and_the_record_that_asks_for_it_are_kept_together_or_not_at_all(org):
    def change(tx):
        jobs.add(tx, READ, {})
        records.get(tx, "notes", "missing")

    with pytest.raises(NotFound):
        org.write(change)
    assert org.read(jobs.page).items == []


def test_a_job_of_another_org_is_not_found(store, org):
    job = add(org)
    other = store.org("org-b")
    with pytest.raises(NotFound) as missing:
        get(other, job)
    assert missing.value.code == "job_not_found"
    with pytest.raises(NotFound):
        other.write(lambda tx: jobs.cancel(tx, job.id))
    assert other.read(jobs.page).items == []
    assert other.read(lambda view: jobs.events(view, job.id)) == []
    assert other.read(lambda view: jobs.all_events(view, 0)) == []
    held = claim(store)
    with pytest.raises(Conflict):
        other.write(lambda tx: leases.finish(tx, held))


def test_pages_go_from_the_newest_to_the_oldest(org):
    made = [add(org, READ if number % 2 else TIDY).id for number in range(5)]
    first = org.read(lambda view: jobs.page(view, limit=3))
    assert [job.id for job in first.items] == made[:1:-1]
    second = org.read(lambda view: jobs.page(view, limit=3, cursor=first.next))
    assert [job.id for job in second.items] == made[1::-1]
    assert second.next is None
    exact = org.read(lambda view: jobs.page(view, limit=5))
    assert exact.next is None


def test_pages_by_state_and_kind(org):
    read, tidy = add(org), add(org, TIDY)
    org.write(lambda tx: jobs.cancel(tx, tidy.id))
    cancelled = org.read(lambda view: jobs.page(view, state=JobState.CANCELLED))
    assert [job.id for job in cancelled.items] == [tidy.id]
    by_kind = org.read(lambda view: jobs.page(view, kind="documents.read"))
    assert [job.id for job in by_kind.items] == [read.id]
    both = org.read(lambda view: jobs.page(view, kind="core.tidy", state=JobState.QUEUED))
    assert both.items == []


def test_a_cursor_that_is_none_is_refused(org):
    with pytest.raises(Invalid) as refused:
        org.read(lambda view: jobs.page(view, cursor="'; DROP TABLE jobs"))
    assert refused.value.code == "cursor_invalid"


def test_higher_priority_first_then_who_waits_longest(store, org):
    low = add(org, TIDY)
    later = add(org, run_at=2)
    earlier = add(org, run_at=1)
    claimed = [claim(store).id for _ in range(3)]
    assert claimed == [earlier.id, later.id, low.id]
    assert claim(store) is None


def test_what_is_not_due_or_of_another_kind_waits(store, org, wall):
    job = add(org, run_at=wall.ms + 10)
    due = store.read(lambda view: leases.next_due(view, claimant(READ), wall.ms))
    assert due == wall.ms + 10
    assert store.read(lambda view: leases.next_due(view, claimant(TIDY), wall.ms)) is None
    assert claim(store, now=wall.ms + 9) is None
    assert claim(store, TIDY) is None
    claimed = claim(store, now=wall.ms + 10)
    assert claimed.id == job.id
    assert claimed.state is JobState.RUNNING
    assert (claimed.attempt, claimed.owner) == (1, "me")
    assert claimed.lease_until == wall.ms + 1010


def test_the_org_with_the_fewest_running_jobs_comes_first(store, org):
    other = store.org("org-b")
    pile = [add(org) for _ in range(3)]
    small = [add(other, TIDY) for _ in range(2)]
    order = [claim(store).id for _ in range(5)]
    assert order == [pile[0].id, small[0].id, pile[1].id, small[1].id, pile[2].id]


def test_listeners_of_the_job_s_org_hear_of_a_claim(store, org):
    heard = []
    end = org.listen(heard.extend)
    job = add(org)
    claim(store)
    end()
    assert [(change.topic, change.id) for change in heard] == [("job", job.id)] * 2


def test_progress_and_events_of_a_whole_life(store, org):
    job = add(org)
    held = claim(store)
    org.write(lambda tx: leases.progress(tx, held, Progress(0.5, "page 1 of 2")))
    assert msgspec.json.decode(get(org, job).json)["progress"] == {
        "value": 0.5,
        "phase": "page 1 of 2",
    }
    org.write(lambda tx: leases.finish(tx, held, {"pages": 2}))
    done = get(org, job)
    assert (done.state, done.result, done.progress) == (JobState.DONE, {"pages": 2}, None)
    assert done.finished_at is not None
    assert done.owner is done.lease_until is None
    assert types(org, job) == ["queued", "running", "progress", "done"]
    events = org.read(lambda view: jobs.events(view, job.id))
    assert events[2].data == {"value": 0.5, "phase": "page 1 of 2"}
    assert msgspec.json.decode(events[1].json) == {
        "num": events[1].num,
        "job": job.id,
        "type": "running",
        "at": "2026-09-21T14:13:20.000Z",
        "data": {"attempt": 1, "worker": "me"},
    }


def test_events_go_on_where_they_were_left(org):
    first, second = add(org), add(org)
    org.write(lambda tx: jobs.cancel(tx, first.id))
    every = org.read(lambda view: jobs.all_events(view, 0))
    assert [(event.job, event.type) for event in every] == [
        (first.id, "queued"),
        (second.id, "queued"),
        (first.id, "cancelled"),
    ]
    rest = org.read(lambda view: jobs.all_events(view, every[0].num, limit=1))
    assert rest == [every[1]]
    assert org.read(lambda view: jobs.events(view, first.id, after=every[0].num)) == [every[2]]


def test_a_finished_job_lands_together_with_what_it_changed(store, org):
    add(org)
    held = claim(store)
    seen = Collection("notes", Schema({"type": "object"}))

    def change(tx):
        records.create(tx, "notes", seen.draft({"title": "read"}), "a")
        leases.finish(tx, held)

    org.write(change)
    with pytest.raises(Conflict) as lost:
        org.write(lambda tx: (records.delete(tx, "notes", "a"), leases.finish(tx, held)))
    assert lost.value.code == "job_lost"
    assert org.read(lambda view: records.get(view, "notes", "a")).data == {"title": "read"}


@pytest.mark.parametrize(
    "verb",
    [
        leases.hold,
        lambda tx, job: leases.renew(tx, job, LATE),
        lambda tx, job: leases.progress(tx, job, Progress(0.1)),
        leases.finish,
        lambda tx, job: leases.fail(tx, job, BOOM, 0),
        lambda tx, job: leases.fail(tx, job, BOOM, None),
        leases.hand_back,
        lambda tx, job: leases.interrupt(tx, job, BOOM, 0),
    ],
)
def test_the_fence_keeps_out_every_verb_of_an_attempt_that_lost_its_job(store, org, verb):
    add(org)
    old = claim(store)
    org.write(lambda tx: leases.interrupt(tx, old, BOOM, 0))
    new = claim(store, owner="another")
    assert new.attempt == 2
    before = get(org, new)
    with pytest.raises(Conflict) as lost:
        org.write(lambda tx: verb(tx, old))
    assert lost.value.code == "job_lost"
    assert get(org, new) == before
    assert store.read(lambda view: leases.lost(view, [old, new])) == [old]


def test_a_failed_attempt_is_tried_again_until_none_is_left(store, org):
    job = add(org, JobSpec(name="core.tidy", max_attempts=2))
    first = claim(store)
    again = org.write(lambda tx: leases.fail(tx, first, BOOM, LATE))
    assert (again.state, again.run_at, again.error) == (JobState.QUEUED, LATE, BOOM)
    assert claim(store, now=LATE - 1) is None
    second = claim(store)
    org.write(lambda tx: leases.fail(tx, second, BOOM, LATE))
    failed = get(org, job)
    assert (failed.state, failed.attempt, failed.error) == (JobState.FAILED, 2, BOOM)
    assert failed.finished_at is not None
    assert types(org, job) == ["queued", "running", "queued", "running", "failed"]
    assert msgspec.json.decode(failed.json)["error"] == {"code": "boom", "detail": "It broke."}


def test_what_cannot_succeed_is_not_tried_again(store, org):
    add(org)
    held = claim(store)
    assert org.write(lambda tx: leases.fail(tx, held, BOOM, None)).state is JobState.FAILED


def test_a_later_success_clears_the_error(store, org):
    job = add(org)
    first = claim(store)
    org.write(lambda tx: leases.fail(tx, first, BOOM, 0))
    second = claim(store)
    assert second.error == BOOM
    org.write(lambda tx: leases.finish(tx, second))
    assert get(org, job).error is None


def test_handing_back_does_not_count_and_keeps_the_place_in_the_line(store, org):
    job = add(org)
    add(org)
    held = claim(store)
    assert held.id == job.id
    back = org.write(lambda tx: leases.hand_back(tx, held))
    assert (back.attempt, back.max_attempts) == (1, 4)
    assert (back.run_at, back.interruptions, back.error) == (job.run_at, 0, None)
    assert claim(store).id == job.id


def test_an_interruption_counts_only_when_it_happens_often(store, org):
    job = add(org, JobSpec(name="core.tidy", max_attempts=2))
    for number in range(leases.INTERRUPTIONS):
        held = claim(store)
        taken = org.write(lambda tx, held=held: leases.interrupt(tx, held, BOOM, 0))
        assert taken.state is JobState.QUEUED
        assert taken.interruptions == number + 1
    counted = claim(store)
    assert org.write(lambda tx: leases.interrupt(tx, counted, BOOM, 0)).state is JobState.QUEUED
    last = claim(store)
    assert org.write(lambda tx: leases.interrupt(tx, last, BOOM, 0)).state is JobState.FAILED
    assert get(org, job).attempt == get(org, job).max_attempts


def test_a_lease_is_over_unless_it_is_renewed(store, org):
    for _ in range(2):
        add(org)
    one, two = claim(store, now=1000 + LATE), claim(store, now=1000 + LATE)
    org.write(lambda tx: leases.renew(tx, two, LATE + 5000))
    over = store.read(lambda view: leases.running(view, overdue=LATE + 2000))
    assert [job.id for job in over] == [one.id]
    assert store.read(lambda view: leases.running(view, "nobody")) == []
    assert len(store.read(lambda view: leases.running(view, "me"))) == 2
    assert types(org, two) == ["queued", "running"]


def test_a_cancelled_job_is_final(store, org):
    job = add(org)
    held = claim(store)
    cancelled = org.write(lambda tx: jobs.cancel(tx, job.id))
    assert cancelled.state is JobState.CANCELLED
    assert cancelled.finished_at is not None
    with pytest.raises(Conflict) as final:
        org.write(lambda tx: jobs.cancel(tx, job.id))
    assert final.value.code == "job_finished"
    with pytest.raises(Conflict):
        org.write(lambda tx: leases.finish(tx, held))


def test_old_jobs_go_with_their_events_and_others_stay(store, org, wall):
    old = add(org)
    org.write(lambda tx: jobs.cancel(tx, old.id))
    wall.ms += 1000
    between = wall.ms
    wall.ms += 1000
    waiting, newer = add(org), add(org)
    org.write(lambda tx: jobs.cancel(tx, newer.id))
    assert store.read(lambda view: leases.finished_before(view, between))
    assert store.write(lambda tx: leases.prune(tx, between)) == 1
    assert not store.read(lambda view: leases.finished_before(view, between))
    assert [job.id for job in org.read(jobs.page).items] == [newer.id, waiting.id]
    assert types(org, old) == []
    assert types(org, newer) == ["queued", "cancelled"]


def test_counts_by_state(store, org):
    assert store.read(leases.states) == dict.fromkeys(JobState, 0)
    add(org)
    add(store.org("org-b"))
    claim(store)
    counted = store.read(leases.states)
    assert (counted["queued"], counted["running"]) == (1, 1)


def test_the_newest_time_is_that_of_the_last_change(store, org, wall):
    wall.ms += 12345
    add(org)
    now = wall.ms
    wall.ms -= 10_000
    assert store.read(leases.newest_time) == now
