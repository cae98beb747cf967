"""Which waiting job comes to whom, and what a claim looks at."""

import pytest

from unibos.core.store import claims, jobs, leases
from unibos.core.store.claimant import Claimant
from unibos.core.store.jobs import JobSpec

MIB = 1024 * 1024
READ = JobSpec(name="documents.read", queue="ocr")
LATE = 2**41


def add(org, kind=READ, **options):
    return org.write(lambda tx: jobs.add(tx, kind, {}, **options))


def worker(*kinds, place="node_only", **facts):
    versions = {kind.name: kind.version for kind in kinds or (READ,)}
    return Claimant(owner="w", place=place, kinds=versions, **facts)


def claim(store, who, now=LATE, most=1):
    taken = store.write(
        lambda tx: leases.claim(tx, who, now=now, lease_until=now + 1000, most=most)
    )
    return [job.id for job in taken]


def next_due(store, who, now):
    return store.read(lambda view: leases.next_due(view, who, now))


@pytest.mark.parametrize(
    ("kind", "may", "may_not"),
    [
        (JobSpec(name="a.b", queue="ocr"), {"queues": frozenset({"ocr"})}, {"queues": frozenset()}),
        (JobSpec(name="a.b", memory_mb=512), {"memory_mb": 512}, {"memory_mb": 511}),
        (
            JobSpec(name="a.b", requires=("gpu", "ffmpeg")),
            {"capabilities": frozenset({"gpu", "ffmpeg", "more"})},
            {"capabilities": frozenset({"gpu"})},
        ),
        (JobSpec(name="a.b", locality="attached"), {"place": "attached"}, {"place": "hub"}),
        (JobSpec(name="a.b", locality="hub"), {"place": "hub"}, {"place": "any"}),
        (JobSpec(name="a.b"), {"org": "org-a"}, {"org": "org-b"}),
    ],
)
def test_a_job_comes_only_to_whom_it_fits(store, org, kind, may, may_not):
    job = add(org, kind)
    assert next_due(store, worker(kind, **may_not), LATE) is None
    assert claim(store, worker(kind, **may_not)) == []
    assert claim(store, worker(kind, **may)) == [job.id]


def test_a_later_version_of_a_kind_needs_who_knows_it(store, org):
    job = add(org, JobSpec(name="a.b", version=2))
    assert claim(store, worker(JobSpec(name="a.b", version=1))) == []
    assert claim(store, worker(JobSpec(name="a.b", version=3))) == [job.id]


@pytest.mark.parametrize("size", [0, 1, MIB - 1, MIB, 49 * MIB, 50 * MIB, 50 * MIB + 1, 64 * MIB])
def test_an_input_may_be_as_large_as_the_worker_takes(store, org, size):
    job = add(org, size=size)
    taken = claim(store, worker(max_size=50 * MIB))
    assert taken == ([job.id] if size <= 50 * MIB else [])


@pytest.mark.parametrize("name", ["wimm.sum", "documents.sensitive.read", "cctv.look"])
def test_what_is_private_stays_on_its_machine_whatever_its_kind_says(store, org, name):
    kind = JobSpec(name=name, locality="any")
    assert add(org, kind).locality == "node_only"
    assert claim(store, worker(kind, place="attached")) == []
    assert len(claim(store, worker(kind, place="node_only"))) == 1


def test_what_is_preferred_comes_first_for_a_while(store, org, wall):
    kind = JobSpec(name="a.b", prefer="gpu", fallback_seconds=30)
    job = add(org, kind)
    plain = worker(kind)
    assert next_due(store, plain, wall.ms) == wall.ms + 30_000
    assert claim(store, plain, wall.ms + 29_999) == []
    assert next_due(store, worker(kind, capabilities=frozenset({"gpu"})), wall.ms) == wall.ms
    assert claim(store, plain, wall.ms + 30_000) == [job.id]


def test_what_was_taken_back_from_the_hub_stays_for_a_while(store, org, wall):
    add(org)
    hub = worker(place="any")
    (job,) = store.write(lambda tx: leases.claim(tx, hub, now=wall.ms, lease_until=LATE))
    org.write(lambda tx: leases.hand_back(tx, job, here_until=wall.ms + 500))
    assert next_due(store, hub, wall.ms) == wall.ms + 500
    assert claim(store, hub, wall.ms + 499) == []
    assert next_due(store, worker(place="attached"), wall.ms) == wall.ms
    assert claim(store, hub, wall.ms + 500) == [job.id]


def test_realtime_comes_before_all_else_in_an_org(store, org):
    batch = add(org, JobSpec(name="a.batch", priority=100))
    now = add(org, JobSpec(name="a.now", queue="realtime"))
    who = worker(JobSpec(name="a.batch"), JobSpec(name="a.now"))
    assert claim(store, who, most=2) == [now.id, batch.id]


def test_a_claim_of_many_is_that_of_one_again_and_again(store, org):
    for name in ("org-a", "org-b", "org-c"):
        for _ in range(3):
            add(store.org(name))
    assert len(claim(store, worker(), most=2)) == 2
    of = {job.id: job.org for job in store.read(leases.running)}
    assert sorted(of.values()) == ["org-a", "org-b"]
    claim(store, worker(), most=4)
    counted = [job.org for job in store.read(leases.running)]
    assert sorted(counted) == ["org-a", "org-a", "org-b", "org-b", "org-c", "org-c"]


def test_an_org_with_a_flood_of_urgent_jobs_does_not_starve_another(store, org):
    urgent = JobSpec(name="a.now", queue="realtime")
    kinds = worker(urgent, READ)
    poor = add(store.org("org-b"))
    order = []
    for _ in range(2 * (claims.LEAD + claims.HANDICAP)):
        add(org, urgent)
        order += claim(store, kinds)
        for job in store.read(leases.running):
            store.write(lambda tx, job=job: leases.finish(tx, job), job.org)
    assert poor.id in order[1:]


def test_no_turn_is_written_where_nobody_waits_for_one(store, org):
    add(org)
    claim(store, worker())
    assert store.read(_count("job_turns")) == 0


def test_a_line_goes_with_the_last_of_its_jobs(store, org):
    for priority in range(3):
        add(org, JobSpec(name="a.b", priority=priority))
    assert store.read(_count("job_lines")) == 3
    for job in org.read(jobs.page).items[:2]:
        org.write(lambda tx, job=job: jobs.cancel(tx, job.id))
    store.write(lambda tx: leases.prune(tx, LATE))
    assert store.read(_count("job_lines")) == 1
    assert len(claim(store, worker(JobSpec(name="a.b")))) == 1


def _count(table):
    def look(view):
        return view.connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]

    return look


@pytest.mark.parametrize("org_of_worker", [None, "org-a"])
@pytest.mark.parametrize("question", [claims._PICK, claims._ANY_DUE, claims._EARLIEST])
def test_looks_for_work_stay_in_the_index_of_waiting_jobs(store, org_of_worker, question):
    """A hundred thousand waiting jobs must not be read to find the first."""
    who = worker(org=org_of_worker)
    values = claims._values(who, 1, None) | {"most": 1}
    plan = store.read(
        lambda view: view.connection.execute(
            f"EXPLAIN QUERY PLAN {claims._head(who)}{question}", values
        ).fetchall()
    )
    steps = [row[3] for row in plan]
    looks = [step for step in steps if step.startswith(("SEARCH job", "SCAN job"))]
    allowed = (
        "SCAN job_lines",
        "SEARCH job USING COVERING INDEX jobs_waiting (line=? AND org=?",
        "SEARCH jobs USING COVERING INDEX jobs_waiting (line=?",
        "SEARCH job USING PRIMARY KEY (org=? AND id=?)",
        "SEARCH jobs USING COVERING INDEX jobs_running (org=?)",
        "SEARCH job_turns USING PRIMARY KEY",
        "SCAN job_turns",
    )
    assert [step for step in looks if not step.startswith(allowed)] == []
