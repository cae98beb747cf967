"""Workers of all sorts, jobs of all sorts, deaths and jumping clocks: no job is lost or finished
twice, none goes where it must not, chains keep their order, and every org gets its turn."""

import os
import tempfile
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.core.jobs.scheduler_world import (
    BY_THE_HUB,
    EVERYTHING,
    FINAL,
    KINDS,
    ORGS,
    RULES,
    SEEN,
    SIZES,
    WORKERS,
    Ledger,
)
from unibos.base.errors import Conflict, Invalid, Unavailable
from unibos.core.jobs.jobs import Jobs
from unibos.core.jobs.options import Options
from unibos.core.jobs.outcome import Outcomes
from unibos.core.jobs.routing.explain import explain
from unibos.core.store import batches, chains, claims, collections, jobs, leases, query
from unibos.core.store.claimant import Claimant
from unibos.core.store.job import LOCALITIES
from unibos.core.store.store import Store

LONG = os.environ.get("HYPOTHESIS_PROFILE") == "long"
SETTINGS = settings(
    max_examples=1000 if LONG else 40,
    stateful_step_count=40,
    deadline=None,
    derandomize=not LONG,
    suppress_health_check=list(HealthCheck),
)
T0 = 1_790_000_000_000
LEASE = 1000
PATIENCE = len(ORGS) * (claims.HANDICAP + claims.LEAD + 2) + 8
"""Claims of other orgs that one has to bear, however much they ask for."""

ASKED = st.lists(
    st.tuples(
        st.sampled_from(ORGS),
        st.sampled_from(KINDS),
        st.sampled_from((None, None, None, -100, 0, 300, 2000)),
        SIZES,
        st.sampled_from((None, None, "batch-1", "batch-2")),
        st.lists(st.integers(0, 50), max_size=2),
    ),
    min_size=2,
    max_size=8,
)
PICK = st.integers(0, 1000)
MEMORY = "/dev/shm" if Path("/dev/shm").is_dir() else None
"""A disk would only slow it down."""


class Clock:
    """A steady clock, as the runner has one, that the machine moves."""

    def __init__(self):
        self.ms = T0

    def now(self):
        return self.ms


class Scheduler(RuleBasedStateMachine):
    def __init__(self):
        super().__init__()
        self.folder = tempfile.TemporaryDirectory(dir=MEMORY)
        self.wall = T0
        self.clock = Clock()
        self.ledger = Ledger()
        self.held = []
        self.passed = Counter()
        self.open()
        for org in ORGS:
            self.store.write(lambda tx: collections.declare(tx, SEEN), org)

    def open(self):
        folder = Path(self.folder.name)
        self.store = Store(folder, "node", "origin", wall=lambda: self.wall)
        options = Options(folder=folder / "work")
        self.jobs = Jobs(self.store, KINDS, options, owner="me", rules=RULES)
        self.outcomes = Outcomes(self.store, self.jobs.kinds, self.clock, 0)

    def teardown(self):
        try:
            self.all_end()
        finally:
            self.store.close()
            self.folder.cleanup()

    @initialize(workers=st.lists(WORKERS, min_size=2, max_size=4), asked=ASKED)
    def begin(self, workers, asked):
        named = [replace(who, owner=f"w{number}") for number, who in enumerate(workers)]
        self.workers = [*named, replace(EVERYTHING, owner="all"), BY_THE_HUB]
        self.ask(asked)

    # Those who ask.

    @rule(asked=ASKED)
    def ask(self, asked):
        for org, kind, delay, size, batch, needs in asked:
            self.ask_one(org, kind, delay, size, batch, needs)

    def ask_one(self, org, kind, delay=None, size=0, batch=None, needs=()):
        present = [model for model in self.ledger.jobs.values() if model.org == org]
        needed = [present[number % len(present)] for number in needs] if present else []
        at = None if delay is None else self.clock.ms + delay
        options = {"run_at": at, "size": size, "batch": batch, "needs": [m.id for m in needed]}
        try:
            job = self.store.write(lambda tx: jobs.add(tx, kind, {}, **options), org)
        except Conflict:
            assert any(model.state in ("failed", "cancelled") for model in needed)
            return
        assert not any(model.state in ("failed", "cancelled") for model in needed)
        self.ledger.add(job, kind, job.run_at)
        self.pass_time(1)

    @rule(pick=PICK)
    def cancel(self, pick):
        model = self.any_job(pick)
        try:
            self.store.write(lambda tx: self.jobs.cancel(tx, model.id), model.org)
        except Conflict:
            assert model.state in FINAL
        else:
            assert model.state not in FINAL
            self.ledger.broken(model, "cancelled")

    @precondition(lambda self: any(model.batch for model in self.ledger.jobs.values()))
    @rule(pick=PICK)
    def cancel_batch(self, pick):
        named = [model for model in self.ledger.jobs.values() if model.batch]
        one = named[pick % len(named)]
        told = self.store.write(lambda tx: self.jobs.cancel_batch(tx, one.batch), one.org)
        assert told.ended
        for model in named:
            if (model.org, model.batch) == (one.org, one.batch) and model.state not in FINAL:
                self.ledger.broken(model, "cancelled")

    def any_job(self, pick):
        return list(self.ledger.jobs.values())[pick % len(self.ledger.jobs)]

    # Those who run. What they hold may be theirs no more.

    @rule(pick=PICK, most=st.sampled_from((1, 1, 2, 4)))
    def claim(self, pick, most):
        self.take(self.workers[pick % len(self.workers)], most)

    def take(self, who, most):
        now, until = self.clock.ms, self.clock.ms + LEASE
        due = self.ledger.due(who, now)
        when = self.store.read(lambda view: leases.next_due(view, who, now))
        assert (when is not None and when <= now) == bool(due)
        taken = self.store.write(
            lambda tx: leases.claim(tx, who, now=now, lease_until=until, most=most)
        )
        assert len({job.id for job in taken}) == len(taken) == min(most, len(due))
        self.watch_turns(due, taken)
        for org in {job.org for job in taken}:
            ranked = sorted((model for model in due if model.org == org), key=lambda m: m.order)
            of_org = [job.id for job in taken if job.org == org]
            assert of_org == [model.id for model in ranked[: len(of_org)]]
        for job in taken:
            model = self.ledger.jobs[job.id]
            assert all(self.ledger.jobs[id_].state == "done" for id_ in model.needs)
            model.begin(who.owner, until)
            model.expect(job)
        self.held += taken
        return taken

    def watch_turns(self, due, taken):
        """Count how often an org was passed over while this worker might have served it."""
        served = Counter(job.org for job in taken)
        for org in {model.org for model in due}:
            if served[org]:
                self.passed[org] = 0
            else:
                self.passed[org] += len(taken)
                assert self.passed[org] <= PATIENCE, f"{org} is starved"

    @rule(pick=PICK, org=st.sampled_from(ORGS), kind=st.sampled_from(KINDS), keep=st.booleans())
    def flood(self, pick, org, kind, keep):
        """An org that always has more to do, and a worker with one slot that finishes at once."""
        who = self.workers[pick % len(self.workers)]
        others = {model.org for model in self.ledger.due(who, self.clock.ms)} - {org}
        for _ in range(PATIENCE + 2 if others and not keep else 4):
            self.ask_one(org, kind)
            for job in self.take(who, 1):
                if not keep:
                    self.finish_one(job)
                    self.held.remove(job)

    @rule(stay=st.sampled_from((0, 500, 3000)))
    def take_back(self, stay):
        """The hub's workers do not begin a job in time, and ask again."""
        for job in self.take(BY_THE_HUB, 1):
            self.hand_back_one(job, stay)
        self.take(BY_THE_HUB, 1)

    @precondition(lambda self: self.held)
    @rule(pick=PICK)
    def finish(self, pick):
        self.finish_one(self.held[pick % len(self.held)])

    def finish_one(self, job):
        if model := self.attempt(job, lambda: self.outcomes.done(job, {"of": job.id})):
            self.ledger.done(model, self.now_of(model))

    @precondition(lambda self: self.held)
    @rule(pick=PICK, for_good=st.booleans())
    def fail(self, pick, for_good):
        job = self.held[pick % len(self.held)]
        error = Invalid("bad", "Bad.") if for_good else Unavailable("busy", "Busy.")
        if model := self.attempt(job, lambda: self.outcomes.failed(job, error)):
            if for_good:
                self.ledger.broken(model, "failed")
            else:
                self.ledger.retry(model, self.clock.ms)

    @precondition(lambda self: self.held)
    @rule(pick=PICK, stay=st.sampled_from((0, 0, 500, 3000)))
    def hand_back(self, pick, stay):
        """A worker stops, or the job is taken back from the hub and stays here for a while."""
        self.hand_back_one(self.held[pick % len(self.held)], stay)

    def hand_back_one(self, job, stay):
        until = self.clock.ms + stay if stay else 0
        if model := self.attempt(job, lambda: self.outcomes.handed_back(job, here_until=until)):
            model.max_attempts += 1
            model.here_until = until
            model.end("queued")

    @precondition(lambda self: self.held)
    @rule(pick=PICK)
    def renew(self, pick):
        job, until = self.held[pick % len(self.held)], self.clock.ms + LEASE
        renew = lambda: self.store.write(lambda tx: leases.renew(tx, job, until), job.org)  # noqa: E731 - short
        if model := self.attempt(job, renew):
            model.lease_until = until

    def attempt(self, job, change):
        """Do it if the attempt still has the job, and be refused otherwise."""
        model = self.ledger.jobs[job.id]
        if (model.state, model.attempt) == ("running", job.attempt):
            change()
            return model
        with pytest.raises(Conflict) as lost:
            change()
        assert lost.value.code == "job_lost"
        return None

    # What happens to all.

    @rule(ms=st.sampled_from((1, 300, 999, 1000, 2000)))
    def pass_time(self, ms):
        self.wall += ms
        self.clock.ms += ms

    @rule(ms=st.integers(-100_000, 1000))
    def set_wall(self, ms):
        """The wall clock jumps; what runs jobs goes by a steady one."""
        self.wall += ms
        self.clock.ms = max(self.clock.ms, self.wall)

    @rule()
    def expire(self):
        overdue = self.store.read(lambda view: leases.running(view, overdue=self.clock.ms))
        models = self.ledger.jobs.values()
        over = {m.id for m in models if m.lease_until and m.lease_until <= self.clock.ms}
        assert {job.id for job in overdue} == over
        self.interrupt(overdue)

    @rule(pick=PICK)
    def die(self, pick):
        """The power fails; the instance takes back what one owner held before."""
        owner = self.workers[pick % len(self.workers)].owner
        self.store.close()
        self.open()
        self.interrupt(self.store.read(lambda view: leases.running(view, owner)))

    def interrupt(self, taken):
        for job in taken:
            self.outcomes.interrupted(job)
            model = self.ledger.jobs[job.id]
            model.max_attempts += model.interruptions < leases.INTERRUPTIONS
            model.interruptions += 1
            self.ledger.retry(model, self.clock.ms)

    def now_of(self, model):
        """When what needed a job was queued: the store's time, which may be behind the clock."""
        ended = self.store.read(lambda view: jobs.get(view, model.id), model.org)
        return ended.finished_at

    def all_end(self):
        """Nothing is stuck: who may do everything brings every job to its end."""
        self.pass_time(10_000)
        self.expire()
        for _ in range(20 * len(self.ledger.jobs) + 20):
            taken = self.take(EVERYTHING, 8)
            for job in taken:
                self.finish_one(job)
            if not taken:
                when = self.store.read(
                    lambda view: leases.next_due(view, EVERYTHING, self.clock.ms)
                )
                if when is None:
                    break
                self.pass_time(when - self.clock.ms)
        assert {model.state for model in self.ledger.jobs.values()} <= set(FINAL)
        self.the_table_is_as_the_model_says()

    @invariant()
    def the_table_is_as_the_model_says(self):
        for org in ORGS:
            models = [model for model in self.ledger.jobs.values() if model.org == org]
            page = self.store.read(lambda view: jobs.page(view, limit=10_000), org)
            assert {job.id for job in page.items} == {model.id for model in models}
            for job in page.items:
                self.ledger.jobs[job.id].expect(job)
            self.each_end_was_told_once(org, models)
            for batch in {model.batch for model in models if model.batch}:
                self.the_batch_adds_up(org, batch, [m for m in models if m.batch == batch])

    def each_end_was_told_once(self, org, models):
        found = self.store.read(
            lambda view: query.page(view, "seen", query.Query(limit=10_000)), org
        )
        told = Counter((record.data["job"], record.data["what"]) for record in found.items)
        ends = {"done": "done", "failed": "failed", "cancelled": "failed"}
        assert told == Counter((m.id, ends[m.state]) for m in models if m.state in FINAL)

    def the_batch_adds_up(self, org, name, models):
        batch = self.store.read(lambda view: batches.get(view, name), org)
        assert {state: n for state, n in batch.states.items() if n} == Counter(
            model.state for model in models
        )
        assert batch.progress == round(sum(m.state in FINAL for m in models) / len(models), 4)

    @rule(pick=PICK)
    def ask_why(self, pick):
        """What is told of a job agrees with what the claim does."""
        model = self.any_job(pick)
        job = self.store.read(lambda view: jobs.get(view, model.id), model.org)
        workers = [(who.owner, who, "ok") for who in self.workers]
        for who, reason in zip(self.workers, explain(job, workers, self.clock.ms), strict=True):
            may = model in self.ledger.due(who, self.clock.ms)
            assert reason.may == (may or model.owner == who.owner), reason


def test_no_job_is_lost_or_done_twice_or_where_it_must_not_be():
    run_state_machine_as_test(Scheduler, settings=SETTINGS)


def _no_fence(monkeypatch):
    def update(tx, job, changes, *values):
        row = tx.connection.execute(
            f"UPDATE jobs SET {changes} WHERE org = ? AND id = ? RETURNING {leases.COLUMNS}",
            (*values, tx.org, job.id),
        ).fetchone()
        return leases.from_row(row)

    monkeypatch.setattr(leases, "_update", update)
    monkeypatch.setattr(leases, "hold", lambda tx, job: None)


def _no_locality(monkeypatch):
    monkeypatch.setattr(Claimant, "localities", property(lambda self: LOCALITIES))


def _no_ceiling(monkeypatch):
    monkeypatch.setattr(jobs, "ceiling", lambda kind: "any")


def _no_capabilities(monkeypatch):
    lines = claims._LINES.replace("NOT EXISTS", "EXISTS (SELECT 1) OR NOT EXISTS")
    monkeypatch.setattr(claims, "_LINES", lines)


def _no_turns(monkeypatch):
    served = "CASE nth WHEN 0 THEN orgs.served ELSE now.served END"
    assert served in claims._PICK
    monkeypatch.setattr(claims, "_PICK", claims._PICK.replace(served, "0"))


def _no_cut(monkeypatch):
    monkeypatch.setattr(chains, "cut", lambda tx, job: None)


def _no_stay(monkeypatch):
    monkeypatch.setattr(Claimant, "far", property(lambda self: False))


@pytest.mark.parametrize(
    "seed",
    [_no_fence, _no_locality, _no_ceiling, _no_capabilities, _no_turns, _no_cut, _no_stay],
)
def test_it_finds_a_defect_that_was_put_in(seed, monkeypatch):
    seed(monkeypatch)
    chosen = settings(
        SETTINGS, max_examples=200, derandomize=True, phases=(Phase.generate,), database=None
    )
    with pytest.raises((AssertionError, ExceptionGroup, Conflict)):
        run_state_machine_as_test(Scheduler, settings=chosen)
