"""What every way from a worker to its source must do: over HTTP, over the local socket, and within
one process."""

import asyncio
import time
from contextlib import asynccontextmanager
from types import SimpleNamespace

import pytest

from tests.core.jobs.job_kinds import SEEN
from tests.core.jobs.leasing.source import HEAVY, KNOWN, DirectLink, Source, claimant, pieces, told
from unibos.base.clock import wall_ms
from unibos.base.errors import Error
from unibos.core.identity.identity import Identity
from unibos.core.identity.identity import Options as IdentityOptions
from unibos.core.identity.keys import InstanceKey
from unibos.core.identity.registry.join_proof import prove, public_text
from unibos.core.identity.registry.join_string import JoinToken
from unibos.core.identity.registry.join_tokens import JoinTokenIn, JoinTokens
from unibos.core.identity.registry.machine_tokens import MachineReader
from unibos.core.identity.registry.worker_shapes import WorkerEnrollment
from unibos.core.identity.registry.workers import Options, Workers
from unibos.core.jobs.leasing.messages import Attempt, Claim, Input, Sign, WorkerFacts
from unibos.core.store import collections
from unibos.core.store.job import JobState
from unibos.roles.leasing import Gate
from unibos.transports.http.app import build_app
from unibos.transports.http.door import State
from unibos.transports.http.lease_client import LeaseClient, SourceAddress
from unibos.transports.http.routes import leases, node_statement, workers
from unibos.transports.http.server import HttpServer, Listening

FACTS = WorkerFacts(kinds=KNOWN)
HEAVILY = Claim(most=8, sort="heavy")


class World:
    """A source with a door."""

    def __init__(self, folder):
        self.source = Source(folder / "source", orgs=())
        self.store = self.source.store
        self.key = InstanceKey.open(folder / "source")
        options = IdentityOptions(password_hashes=1)
        self.identity = Identity(self.store, self.key, folder / "source", options)
        self.org = self.identity.org
        self.store.write(lambda tx: collections.declare(tx, SEEN), self.org)
        self.folder = folder
        self.url = ""

    def add(self, kind=HEAVY, **args):
        return self.source.add(kind, self.org, **args)

    def get(self, job):
        return self.source.get(job, self.org)

    @asynccontextmanager
    async def served(self):
        tokens = JoinTokens(self.store, self.key.id, lambda: [self.url], roles=("worker",))
        reader = MachineReader(self.key.id, wall_ms)
        about = Options(self.key.id, "source", "node", lambda: [self.url], "attached", "node_only")
        known = Workers(self.store, tokens, reader, about)
        async with self.source.life() as leasing:
            listed = [
                *leases.endpoints(known, leasing),
                *workers.endpoints(known, leasing),
                *node_statement.endpoints(self.identity, self.key, lambda: None),
            ]
            state = State()
            where = Listening("127.0.0.1", 0, self.folder / "sock", stop_seconds=1)
            server = HttpServer(state, where)
            await server.start(build_app(listed, Gate(self.identity, known), state))
            self.url = f"http://127.0.0.1:{server.port}"
            try:
                yield SimpleNamespace(tokens=tokens, workers=known, leasing=leasing)
            finally:
                await leasing.close()
                await server.stop()
                known.close()

    def close(self):
        self.identity.close()
        self.store.close()


@asynccontextmanager
async def direct(world, served):
    yield DirectLink(served.leasing, claimant("direct"))


@asynccontextmanager
async def local(world, _served):
    link = LeaseClient.local(world.folder / "sock", "somebody")
    await link.sign(Sign(facts=FACTS))
    yield link
    await link.close()


@asynccontextmanager
async def joined(world, served):
    admin = world.identity.system_scope("test")
    made = await served.tokens.create(admin, JoinTokenIn(role="worker"))
    token, key = JoinToken.parse(made.token), InstanceKey.open(world.folder / "worker")
    link = LeaseClient.joined(SourceAddress(token.hub, tuple(token.urls)), key)
    enrolled = await link.enroll(
        WorkerEnrollment(
            secret=token.secret,
            public_key=public_text(key),
            proof=prove(key, token.hub, token.secret),
            name="somebody",
            facts=FACTS,
        )
    )
    assert (enrolled.source, enrolled.role) == (world.key.id, "node")
    yield link
    await link.close()


@pytest.fixture(params=[direct, local, joined], ids=["direct", "local", "joined"])
def way(request):
    return request.param


@pytest.fixture
def world(tmp_path):
    made = World(tmp_path)
    yield made
    made.close()


def run(world, way, story):
    async def whole():
        async with asyncio.timeout(60), world.served() as served, way(world, served) as link:
            await story(link, served)

    asyncio.run(whole())


async def code(call):
    with pytest.raises(Error) as refused:
        await call
    return refused.value.code


def test_a_sign_of_life_tells_the_time(world, way):
    async def story(link, _):
        heard = await link.sign(Sign(facts=FACTS, running=1))
        assert heard.heartbeat_seconds > 0
        assert not heard.facts_wanted

    run(world, way, story)


def test_work_goes_out_and_what_it_made_comes_back(world, way, tmp_path):
    data = bytes(range(256)) * 2000

    async def story(link, _):
        sha256 = world.source.blob(data, world.org)
        job = world.add(do="echo", sha256=sha256)
        (lease,) = await link.claim(HEAVILY)
        assert (lease.org, lease.job, lease.attempt) == (world.org, job, 1)
        assert lease.input == Input(sha256, len(data))
        await link.fetch(lease, lease.input, tmp_path / "input")
        assert (tmp_path / "input").read_bytes() == data
        await link.send(lease, "page.txt", pieces(b"one", b" two"), 7)
        verdicts = await link.report([told(lease, "running"), told(lease, result="well")])
        assert [verdict.code for verdict in verdicts] == ["", ""]
        assert world.get(job).result == {"result": "well", "files": {"page.txt": "one two"}}

    run(world, way, story)


def test_what_a_worker_lost_with_its_earlier_life_is_queued_again(world, way):
    async def story(link, _):
        asked = [world.add(do="echo") for _ in range(2)]
        has, lost = await link.claim(Claim(most=2))
        assert sorted((has.job, lost.job)) == sorted(asked)
        await link.sign(Sign(left=[Attempt(has.org, has.job, has.attempt)]))
        assert world.get(lost.job).state == "queued"
        (again,) = await link.claim(Claim(most=2))
        assert (again.job, again.attempt) == (lost.job, 2)
        await link.sign(Sign())
        verdicts = await link.report([told(one, result=1) for one in (has, lost, again)])
        assert [verdict.code for verdict in verdicts] == ["", "job_lost", ""]

    run(world, way, story)


def test_a_claim_waits_for_a_job(world, way):
    async def story(link, _):
        waiting = asyncio.create_task(link.claim(Claim(wait_seconds=30)))
        await asyncio.sleep(0.05)
        job = await asyncio.to_thread(world.add, do="echo")
        (lease,) = await waiting
        assert lease.job == job
        begun = time.monotonic()
        assert await link.claim(Claim(wait_seconds=0.05)) == []
        assert time.monotonic() - begun >= 0.05

    run(world, way, story)


def test_who_says_that_it_stops_is_answered(world, way):
    async def story(link, _):
        waiting = asyncio.create_task(link.claim(Claim(wait_seconds=30)))
        await asyncio.sleep(0.05)
        await link.sign(Sign(stopping=True))
        assert await waiting == []

    run(world, way, story)


def test_a_job_that_is_lost_is_lost_for_every_call(world, way, tmp_path):
    async def story(link, _):
        job = world.add(do="echo", sha256=world.source.blob(b"x", world.org))
        (lease,) = await link.claim(HEAVILY)
        await world.store.awrite(lambda tx: world.source.jobs.cancel(tx, job), world.org)
        (verdict,) = await link.report([told(lease, "running")])
        assert verdict.code == "job_lost"
        assert await code(link.fetch(lease, lease.input, tmp_path / "input")) == "job_lost"
        assert await code(link.send(lease, "page.txt", pieces(b"x"), 1)) == "job_lost"

    run(world, way, story)


def test_too_much_is_refused(world, way):
    async def story(link, served):
        world.add(do="echo")
        (lease,) = await link.claim(HEAVILY)
        (held,) = served.leasing._held.values()
        held.outputs._most = 10
        sent = link.send(lease, "page.txt", pieces(b"x" * 6, b"x" * 5), 11)
        assert await code(sent) == "job_output_too_large"
        (verdict,) = await link.report([told(lease, "back")])
        assert verdict.code == ""
        assert world.get(lease.job).state is JobState.QUEUED

    run(world, way, story)


def test_a_worker_that_was_revoked_is_refused(world, tmp_path):
    async def story(link, served):
        job = world.add(do="echo")
        await link.claim(HEAVILY)
        admin = world.identity.system_scope("test")
        (worker,) = (await served.workers.page(admin)).items
        await served.workers.revoke(admin, worker.id)
        assert await served.leasing.take_back(worker.id) == 1
        assert world.get(job).state is JobState.QUEUED
        for call in (link.sign(Sign()), link.claim(HEAVILY), link.report([])):
            assert await code(call) == "worker_revoked"

    run(world, joined, story)


def test_a_claim_of_who_has_gone_takes_nothing(world):
    async def story(link, served):
        waiting = asyncio.create_task(link.claim(Claim(wait_seconds=30)))
        await asyncio.sleep(0.1)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        async with asyncio.timeout(10):
            while served.leasing._room._guests:
                await asyncio.sleep(0.01)
        job = await asyncio.to_thread(world.add, do="echo")
        (lease,) = await link.claim(HEAVILY)
        assert (lease.job, lease.attempt) == (job, 1)

    run(world, joined, story)
