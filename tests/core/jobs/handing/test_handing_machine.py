"""Whatever happens to a node, its hub, the line between them and the workers: each job ends once in
the record, and nothing of it is left at the hub."""

import asyncio
import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from tests.core.jobs.handing import handing_world
from tests.core.jobs.handing.handing_world import HUB, World
from unibos.base.errors import Conflict
from unibos.core.jobs.handing import errand, giving, handing, pauses
from unibos.core.store import leases

OPTIONS = {"hand_over_seconds": 0, "take_back_seconds": 0.1, "lease_seconds": 0.3, "waiting": 3}
TEXTS = {"some": "some words", "same": "the same bytes", "bad": "refuse", "long": "x" * 300_000}


@pytest.fixture(autouse=True)
def hurry(monkeypatch):
    """What takes seconds takes moments."""
    monkeypatch.setattr(handing, "_BETWEEN_SECONDS", 0.001)
    monkeypatch.setattr(handing, "_AWAY_FIRST_MS", 5)
    monkeypatch.setattr(handing, "_AWAY_LONGEST_MS", 20)
    monkeypatch.setattr(errand, "_TROUBLE_MS", 10)
    monkeypatch.setattr(errand, "_FULL_MS", 20)
    monkeypatch.setattr(errand, "HERE_MS", 20)
    monkeypatch.setattr(giving, "_BUSY_SECONDS", 0.01)
    monkeypatch.setattr(handing_world, "PATIENCE", 10.0)
    monkeypatch.setattr(pauses, "FIRST_MS", 4)
    monkeypatch.setattr(pauses, "LONGEST_MS", 20)


class Machine(RuleBasedStateMachine):
    """A world to which things happen.

    Who has a job when is a matter of moments, so no precondition asks for it: a story must be the
    same one when it is told again.
    """

    @initialize()
    def begin(self):
        self.folder = Path(tempfile.mkdtemp())
        self.world = World(self.folder)
        self.runner = asyncio.Runner()
        self.ids = []
        self.cancelled = set()
        self.there = []
        self.here = []
        self.do(self._open())

    async def _open(self):
        self.world.hub.open()
        self.world.node.open(self.world.hub, **OPTIONS)

    def do(self, story):
        return self.runner.run(asyncio.wait_for(story, 60))

    @rule(seconds=st.sampled_from([0.0, 0.01, 0.05, 0.15]))
    def wait(self, seconds):
        self.do(asyncio.sleep(seconds))

    @rule(text=st.sampled_from(sorted(TEXTS)))
    def ask_for_a_job(self, text):
        self.ids.append(self.world.node.text(TEXTS[text]))

    @rule()
    def cut_the_line(self):
        self.world.node.line.cut = True

    @precondition(lambda self: self.world.node.line.cut)
    @rule()
    def mend_the_line(self):
        self.world.reconnect()

    @rule()
    def restart_the_node(self):
        cut = self.world.node.line.cut
        self.do(self.world.restart_node(**OPTIONS))
        self.world.node.line.cut = cut

    @rule()
    def restart_the_hub(self):
        self.do(self.world.restart_hub())

    @rule(closed=st.booleans())
    def turn_the_kill_switch(self, closed):
        self.world.node.gate.closed = closed
        self.world.node.handing._woken.set()

    @rule(able=st.booleans())
    def become_able_to_do_it_here(self, able):
        self.world.node.takers = []
        if able:
            self.world.node.can()

    @precondition(lambda self: self.ids)
    @rule(data=st.data())
    def cancel(self, data):
        id_ = data.draw(st.sampled_from(self.ids))
        try:
            self.world.node.org.write(lambda tx: self.world.node.jobs.cancel(tx, id_))
        except Conflict:
            return
        self.cancelled.add(id_)

    @rule()
    def a_worker_of_the_hub_begins(self):
        job = self.world.hub.claim()
        if job is not None:
            self.there.append(job)

    @rule()
    def a_worker_of_the_hub_ends(self):
        if self.there:
            self.world.hub.try_to_work(self.there.pop())

    @rule()
    def a_worker_of_the_hub_dies(self):
        if self.there:
            self.end(self.world.hub.jobs.outcomes.interrupted, self.there.pop())

    @precondition(lambda self: self.world.node.takers)
    @rule()
    def the_node_begins_one_itself(self):
        job = self.world.node.claim()
        if job is not None:
            self.here.append(job)

    @rule()
    def the_node_ends_one_itself(self):
        if self.here:
            done = self.world.node.jobs.outcomes.done
            self.end(lambda job: done(job, {"here": True}), self.here.pop())

    @rule()
    def leases_run_out(self):
        node = self.world.node
        now = node.jobs.outcomes.clock.now()
        for job in node.store.read(lambda view: leases.running(view, overdue=now)):
            self.end(node.jobs.outcomes.interrupted, job)

    def end(self, outcome, job):
        """Whoever lost a job may try to end it."""
        try:
            outcome(job)
        except Conflict as error:
            if error.code != "job_lost":
                raise

    def teardown(self):
        if not hasattr(self, "runner"):
            return
        try:
            self.do(self._calm())
            self._check()
        finally:
            self.runner.run(self._close())
            self.runner.close()
            self.world.close()
            shutil.rmtree(self.folder)

    async def _calm(self):
        """All is well again, until everything has ended."""
        node, hub = self.world.node, self.world.hub
        for job in self.there:
            self.end(hub.jobs.outcomes.interrupted, job)
        for job in self.here:
            self.end(node.jobs.outcomes.handed_back, job)
        node.takers = []
        node.gate.closed = False
        self.world.reconnect()
        working = asyncio.create_task(hub.keep_working())
        # One wait for all: each takes a thread, of which the work needs some.
        ended = asyncio.create_task(node.until(self._all_ended))
        try:
            await asyncio.wait((working, ended), return_when=asyncio.FIRST_COMPLETED)
            assert not working.done(), working.exception()
            await ended
            await hub.empty()
        finally:
            working.cancel()
            ended.cancel()
            await asyncio.gather(working, ended, return_exceptions=True)

    def _all_ended(self):
        return all(self.world.node.get(id_).state.final for id_ in self.ids)

    async def _close(self):
        await self.world.node.handing.stop()
        await self.world.hub.keeping.close()
        # Uploads that were cut let go of their files.
        others = asyncio.all_tasks() - {asyncio.current_task()}
        await asyncio.gather(*others, return_exceptions=True)

    def _check(self):
        node = self.world.node
        ends = sorted(job for job, _ in node.seen())
        assert ends == sorted(self.ids), "each job ends once in the record"
        for job, result in node.seen():
            assert (result == "job_cancelled") == (job in self.cancelled)
        for id_ in self.ids:
            assert node.get(id_).owner is None
            assert node.get(id_).interruptions == 0 or node.get(id_).owner != f"hub:{HUB}"


# Each try at a shorter story may wait until nothing comes of it any more.
Machine.TestCase.settings = settings(
    max_examples=15, stateful_step_count=20, deadline=None, phases=[Phase.generate]
)


@pytest.mark.usefixtures("hurry")
class TestMachine(Machine.TestCase):
    pass
