"""Jobs under any order of events, against a model: none is lost, none is finished twice."""

import tempfile
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    precondition,
    rule,
)

from unibos.base.errors import Conflict, NotFound
from unibos.core.store import collections, jobs, leases, records
from unibos.core.store.claimant import Claimant
from unibos.core.store.claims import HANDICAP
from unibos.core.store.definitions import Collection
from unibos.core.store.drafts import Schema
from unibos.core.store.jobs import Job, JobError, JobSpec, JobState
from unibos.core.store.store import Store

T0 = 1_790_000_000_000
LEASE = 1000
KINDS = [
    JobSpec(name="a.low", max_attempts=1),
    JobSpec(name="a.high", priority=5, max_attempts=2),
    JobSpec(name="b.low", max_attempts=3),
]
NAMES = [kind.name for kind in KINDS]
EFFECTS = Collection("effects", Schema({"type": "object"}))
BOOM = JobError("boom", "It broke.")
ASKED = st.lists(
    st.tuples(
        st.sampled_from("xy"),
        st.sampled_from(KINDS),
        st.sampled_from([None, None, -100, 0, 1, 300, 2000]),
    ),
    min_size=2,
    max_size=6,
)


@dataclass
class Model:
    """What a job should look like."""

    org: str
    id: str
    kind: str
    priority: int
    max_attempts: int
    run_at: int
    state: str = "queued"
    attempt: int = 0
    interruptions: int = 0
    lease_until: int | None = None
    owner: str | None = None
    hand_backs: int = 0
    declared: int = 0

    def expect(self, job: Job) -> None:
        for name in ("state", "attempt", "max_attempts", "run_at", "interruptions", "owner"):
            assert getattr(job, name) == getattr(self, name), name
        assert job.lease_until == self.lease_until

    def end(self, state: str) -> None:
        self.state, self.owner, self.lease_until = state, None, None

    def retry(self, run_at: int) -> None:
        if self.attempt < self.max_attempts:
            self.end("queued")
            self.run_at = run_at
        else:
            self.end("failed")


class JobsMachine(RuleBasedStateMachine):
    """Workers that claim, fall silent, crash and come back, while the clock jumps."""

    held = Bundle("held")

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.wall = T0
        self.now = T0
        self.model: dict[str, Model] = {}
        self.served = {"x": 0, "y": 0}
        self.pruned_done = 0
        self.open()
        for org in ("x", "y"):
            self.store.write(_declare, org)

    def open(self) -> None:
        self.store = Store(Path(self.folder.name), "node", "origin", wall=lambda: self.wall)

    def teardown(self) -> None:
        self.store.close()
        self.folder.cleanup()

    # Those who ask.

    @initialize(asked=ASKED)
    def begin(self, asked) -> None:
        self.add(asked)

    @rule(asked=ASKED)
    def add(self, asked) -> None:
        for org, kind, delay in asked:
            self.add_one(org, kind, delay)

    def add_one(self, org: str, kind: JobSpec, delay: int | None) -> None:
        run_at = None if delay is None else self.now + delay
        job = self.store.write(lambda tx: jobs.add(tx, kind, {}, run_at=run_at), org)
        self.model[job.id] = Model(
            org,
            job.id,
            kind.name,
            kind.priority,
            kind.max_attempts,
            job.run_at,
            declared=kind.max_attempts,
        )
        self.tick(1)

    @precondition(lambda self: self.model)
    @rule(data=st.data())
    def cancel(self, data) -> None:
        model = self.model[data.draw(st.sampled_from(sorted(self.model)))]
        try:
            self.store.write(lambda tx: jobs.cancel(tx, model.id), model.org)
        except NotFound:
            assert model.state == "pruned"
        except Conflict:
            assert model.state in ("done", "failed", "cancelled")
        else:
            assert model.state in ("queued", "running")
            model.end("cancelled")

    # Those who run. What they hold may be theirs no more.

    @rule(
        target=held,
        owner=st.sampled_from(["one", "two"]),
        kinds=st.sampled_from([NAMES, NAMES, NAMES, NAMES[:2], NAMES[1:], []]),
        times=st.integers(1, 4),
    )
    def claim(self, owner: str, kinds: list[str], times: int):
        claimed = [self.claim_one(owner, kinds) for _ in range(times)]
        return multiple(*(job for job in claimed if job is not None))

    def claim_one(self, owner: str, kinds: list[str]) -> Job | None:
        expected = self.next_of(kinds)
        who = Claimant(owner=owner, place="node_only", kinds=dict.fromkeys(kinds, 1))
        due = self.store.read(lambda view: leases.next_due(view, who, self.now))
        until = self.now + LEASE
        taken = self.store.write(lambda tx: leases.claim(tx, who, now=self.now, lease_until=until))
        job = taken[0] if taken else None
        if expected is None:
            assert job is None
            assert due is None or due > self.now
            return None
        assert job is not None
        assert due is not None
        assert due <= self.now
        assert job.id == expected.id
        expected.state, expected.owner, expected.lease_until = "running", owner, until
        expected.attempt += 1
        expected.expect(job)
        return job

    def next_of(self, kinds: list[str]) -> Model | None:
        """The org served longest ago, or with fewer jobs running, then priority, then the time."""
        running = {
            org: sum(m.state == "running" for m in self.model.values() if m.org == org)
            for org in "xy"
        }
        due = [
            model
            for model in self.model.values()
            if model.state == "queued" and model.kind in kinds and model.run_at <= self.now
        ]
        orgs = {model.org for model in due}
        turns = {org: self.served[org] + len(orgs) * min(running[org], HANDICAP) for org in orgs}
        due.sort(key=lambda m: (turns[m.org], -m.priority, m.run_at, m.id))
        if len(orgs) > 1:
            self.served[due[0].org] = max(self.served.values()) + 1
        return due[0] if due else None

    def attempt(self, job: Job, verb) -> Model | None:
        """Do it if the attempt still has the job, and be refused otherwise."""
        model = self.model[job.id]
        if (model.state, model.attempt) == ("running", job.attempt):
            self.store.write(lambda tx: verb(tx, job), job.org)
            return model
        with pytest.raises(Conflict) as lost:
            self.store.write(lambda tx: verb(tx, job), job.org)
        assert lost.value.code == "job_lost"
        return None

    @rule(job=held)
    def renew(self, job: Job) -> None:
        until = self.now + LEASE
        if model := self.attempt(job, lambda tx, job: leases.renew(tx, job, until)):
            model.lease_until = until

    @rule(job=held)
    def progress(self, job: Job) -> None:
        self.attempt(job, lambda tx, job: leases.progress(tx, job, jobs.Progress(0.5)))

    @rule(job=held)
    def finish(self, job: Job) -> None:
        """The record is made before the fence is asked, so only the fence undoes it."""

        def verb(tx, job) -> None:
            records.create(tx, "effects", EFFECTS.draft({"job": job.id}))
            leases.finish(tx, job)

        if model := self.attempt(job, verb):
            model.end("done")

    @rule(job=held, delay=st.sampled_from([None, 0, 300, 2000]))
    def fail(self, job: Job, delay: int | None) -> None:
        retry_at = None if delay is None else self.now + delay
        if model := self.attempt(job, lambda tx, job: leases.fail(tx, job, BOOM, retry_at)):
            if retry_at is None:
                model.end("failed")
            else:
                model.retry(retry_at)

    @rule(job=consumes(held))
    def hand_back(self, job: Job) -> None:
        if model := self.attempt(job, leases.hand_back):
            model.max_attempts += 1
            model.hand_backs += 1
            model.end("queued")

    # What happens to all.

    @rule(ms=st.sampled_from([1, 300, 999, 1000, 2000]))
    def tick(self, ms: int) -> None:
        self.now += ms
        self.wall += ms

    @rule(ms=st.integers(-100_000, 1000))
    def set_wall(self, ms: int) -> None:
        """The wall clock jumps; what runs jobs goes by a steady one that is never behind."""
        self.wall += ms
        self.now = max(self.now, self.wall)

    @rule()
    def expire(self) -> None:
        overdue = self.store.read(lambda view: leases.running(view, overdue=self.now))
        expected = {
            model.id
            for model in self.model.values()
            if model.lease_until is not None and model.lease_until <= self.now
        }
        assert {job.id for job in overdue} == expected
        self.interrupt(overdue)

    @rule(owner=st.sampled_from(["one", "two"]))
    def crash_and_take_back(self, owner: str) -> None:
        """The process of this owner ends; its next life takes back what it held."""
        self.store.close()
        self.open()
        self.interrupt(self.store.read(lambda view: leases.running(view, owner)))
        assert not [model for model in self.model.values() if model.owner == owner]

    def interrupt(self, taken: list[Job]) -> None:
        for job in taken:
            at = self.now
            self.store.write(
                lambda tx, job=job, at=at: leases.interrupt(tx, job, BOOM, at), job.org
            )
            model = self.model[job.id]
            model.max_attempts += model.interruptions < leases.INTERRUPTIONS
            model.interruptions += 1
            model.retry(at)

    @rule()
    def prune(self) -> None:
        """Everything that ended long ago goes, and nothing else."""
        self.store.write(lambda tx: leases.prune(tx, 2**42))
        gone = [m.id for m in self.model.values() if m.state in ("done", "failed", "cancelled")]
        for id_ in gone:
            if self.model[id_].state == "done":
                self.pruned_done += 1
            # Attempts of pruned jobs may still be held; the model keeps them as ended.
            self.model[id_].state = "pruned"

    @invariant()
    def the_table_is_as_the_model_says(self) -> None:
        present = [model for model in self.model.values() if model.state != "pruned"]
        for org in ("x", "y"):
            page = self.store.read(lambda view: jobs.page(view, limit=1000), org)
            of_org = sorted((m.id for m in present if m.org == org), reverse=True)
            assert [job.id for job in page.items] == of_org
            for job in page.items:
                self.model[job.id].expect(job)
                assert job.attempt <= job.max_attempts

    @invariant()
    def attempts_are_bounded(self) -> None:
        for model in self.model.values():
            spared = min(model.interruptions, leases.INTERRUPTIONS)
            assert model.max_attempts == model.declared + model.hand_backs + spared

    @invariant()
    def each_done_job_had_its_effect_once(self) -> None:
        done = sum(model.state == "done" for model in self.model.values())
        effects = sum(
            self.store.read(
                lambda view: view.connection.execute(
                    "SELECT count(*) FROM records WHERE org = ?", (view.org,)
                ).fetchone()[0],
                org,
            )
            for org in ("x", "y")
        )
        assert effects == done + self.pruned_done

    @invariant()
    def the_events_tell_each_state(self) -> None:
        for model in self.model.values():
            if model.state == "pruned":
                continue
            told = self.store.read(
                lambda view, model=model: jobs.events(view, model.id, limit=1000), model.org
            )
            states = [event.type for event in told if event.type != "progress"]
            assert states[0] == "queued"
            assert states[-1] == JobState(model.state)
            assert states.count("running") == model.attempt
            assert sum(JobState(state).final for state in states) <= 1


def _declare(tx) -> None:
    collections.declare(tx, EFFECTS)


TestJobs = JobsMachine.TestCase
TestJobs.settings = settings(stateful_step_count=50)
