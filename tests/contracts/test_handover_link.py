"""What every way from a node to its hub must do for jobs that are handed over: over HTTP, and
within one process."""

import asyncio
import hashlib
from contextlib import asynccontextmanager

import pytest

from tests.core.jobs.handing.handing_world import LIMIT, NODE, ORG, Hub
from unibos.base.clock import wall_ms
from unibos.base.errors import Conflict, Error, Forbidden, Invalid, NotFound, TooLarge, TooMany
from unibos.core.identity.federation.contact import Contact
from unibos.core.identity.federation.enrolling import HubAddress
from unibos.core.identity.keys import InstanceKey
from unibos.core.identity.scope import Principal, Role, Scope
from unibos.core.jobs.handing import keeping
from unibos.core.jobs.handing.direct import DirectHandover
from unibos.core.jobs.handing.messages import HandoverIn, Output, Watch
from unibos.core.jobs.leasing.messages import Input
from unibos.core.store import leases
from unibos.core.store.job import Progress
from unibos.transports.http.app import build_app
from unibos.transports.http.door import State
from unibos.transports.http.handover_client import HandoverClient
from unibos.transports.http.routes import handovers
from unibos.transports.http.server import HttpServer, Listening

TEXT = b"some words " * 60_000
SHA = hashlib.sha256(TEXT).hexdigest()


class Time:
    def now(self):
        return wall_ms()

    def heard(self, hub_ms):
        raise AssertionError("the time was right")


class World:
    def __init__(self, folder):
        (folder / "hub").mkdir()
        self.folder = folder
        self.hub = Hub(folder / "hub")
        self.who = NODE

    def authenticate(self, _token):
        raise AssertionError("nobody else asks")

    def machine(self, _token, _membership):
        """The door's gate: whoever asks is the node of the moment."""
        return Scope(ORG, self.hub.org, Principal("node", self.who, self.who), Role.VIEWER)


@asynccontextmanager
async def direct(world):
    yield DirectHandover(world.hub.keeping, lambda: (world.hub.org, world.who))


@asynccontextmanager
async def http(world):
    state = State()
    server = HttpServer(state, Listening("127.0.0.1", 0, stop_seconds=1))
    await server.start(build_app(handovers.endpoints(world.hub.keeping, LIMIT), world, state))
    (world.folder / "key").mkdir(exist_ok=True)
    key = InstanceKey.open(world.folder / "key")
    address = HubAddress("the-hub", (f"http://127.0.0.1:{server.port}",), "")
    link = HandoverClient(address, key, Contact(Time()))
    try:
        yield link
    finally:
        await link.close()
        await server.stop()


@pytest.fixture(params=[direct, http], ids=["direct", "http"])
def way(request):
    return request.param


@pytest.fixture
def told(tmp_path, way):
    """Tells a story over one of the ways."""
    world = World(tmp_path)

    def tell(story):
        async def telling():
            world.hub.open()
            async with way(world) as link:
                await story(world, link)
            await world.hub.keeping.close()

        asyncio.run(asyncio.wait_for(telling(), 60))

    yield tell
    world.hub.store.close()


def asked(attempt=1, kind="test.read", *, text=TEXT, **facts):
    bytes_ = Input(hashlib.sha256(text).hexdigest(), len(text)) if text else None
    chosen = {"version": 1, "queue": "ocr", "priority": 0, "locality": "any", "input": bytes_}
    return HandoverIn(attempt=attempt, kind=kind, **chosen | facts)


async def chunks(data, until=None):
    for at in range(0, len(data), 100_000):
        yield data[at : at + 100_000]
        if until is not None and at >= until:
            raise asyncio.CancelledError


async def refused(call, kind, code):
    with pytest.raises(kind) as error:
        await call
    assert error.value.code == code
    return error.value


async def sent(link, job="job-1", attempt=1):
    await link.hand(job, asked(attempt))
    await link.send(job, attempt, 0, len(TEXT), chunks(TEXT))


def test_a_job_goes_and_its_result_comes(told, tmp_path):
    async def story(world, link):
        said = await link.hand("job-1", asked(args={"say": "x"}))
        assert (said.state, said.received) == ("sending", 0)
        await link.send("job-1", 1, 0, len(TEXT), chunks(TEXT))
        assert (await link.hand("job-1", asked())).state == "queued"
        there = world.hub.claim()
        assert (await link.get("job-1", 1)).state == "running"
        world.hub.work(there)
        said = await link.get("job-1", 1)
        loud = TEXT.upper()
        output = Output("loud.txt", hashlib.sha256(loud).hexdigest(), len(loud))
        assert (said.state, said.result, said.outputs) == ("done", {"letters": len(TEXT)}, [output])
        await link.fetch("job-1", 1, output, tmp_path / "loud.txt")
        assert (tmp_path / "loud.txt").read_bytes() == loud
        assert await link.drop("job-1", 1)
        assert (await link.get("job-1", 1)).state == "gone"
        assert not world.hub.left()
        assert not world.hub.contents()

    told(story)


def test_sending_goes_on_after_a_cut(told):
    async def story(world, link):
        await link.hand("job-1", asked())
        with pytest.raises((asyncio.CancelledError, Error)):
            await link.send("job-1", 1, 0, len(TEXT), chunks(TEXT, until=200_000))
        received = 0
        while not received:
            received = (await link.hand("job-1", asked())).received
        error = Conflict("", "")
        while error.code != "upload_offset_wrong":
            # The hub hears of the cut a little later.
            with pytest.raises(Conflict) as raised:
                await link.send("job-1", 1, 1, len(TEXT), chunks(TEXT[1:]))
            error = raised.value
        received = error.facts["received"]
        await link.send("job-1", 1, received, len(TEXT), chunks(TEXT[received:]))
        assert (await link.hand("job-1", asked())).state == "queued"

    told(story)


def test_other_bytes_are_refused_and_forgotten(told):
    async def story(world, link):
        await link.hand("job-1", asked())
        other = b"x" * len(TEXT)
        call = link.send("job-1", 1, 0, len(TEXT), chunks(other))
        await refused(call, Invalid, "blob_hash_mismatch")
        assert (await link.hand("job-1", asked())).received == 0

    told(story)


def test_bytes_that_the_org_has_there_are_not_sent_again(told):
    async def story(world, link):
        await sent(link)
        assert (await link.hand("job-2", asked())).state == "queued"
        await link.drop("job-1", 1)
        world.hub.work(world.hub.claim())
        assert (await link.get("job-2", 1)).state == "done"

    told(story)


def test_a_wait_ends_with_news_or_after_a_while(told):
    async def story(world, link):
        assert await link.watch(Watch({})) == []
        waiting = asyncio.create_task(link.watch(Watch({}, 30)))
        await sent(link)
        first = await waiting
        assert [each.job for each in first] == ["job-1"]
        known = {each.job: each.word for each in await link.watch(Watch({}))}
        assert {each.job: each.word for each in await link.watch(Watch(known, 0.2))} == known
        waiting = asyncio.create_task(link.watch(Watch(known, 30)))
        there = world.hub.claim()
        (running,) = await waiting
        assert (running.state, running.worker) == ("running", "worker-1")
        half = Progress(0.5, "half")
        world.hub.org.write(lambda tx: leases.progress(tx, there, half))
        (running,) = await link.watch(Watch({"job-1": running.word}, 30))
        assert running.progress == half

    told(story)


def test_a_later_attempt_takes_the_place_of_an_earlier_one(told):
    async def story(world, link):
        await sent(link)
        before = world.hub.claim()
        assert (await link.hand("job-1", asked(2))).state == "queued"
        with pytest.raises(Conflict):
            world.hub.jobs.outcomes.done(before, {"result": "old", "outputs": []})
        assert world.hub.get(before.id).state == "cancelled"
        await refused(link.hand("job-1", asked(1)), Conflict, "job_lost")
        assert await link.drop("job-1", 1)
        assert (await link.get("job-1", 2)).state == "queued"

    told(story)


def test_what_a_worker_has_is_taken_only_when_that_is_wanted(told):
    async def story(world, link):
        await sent(link)
        there = world.hub.claim()
        assert not await link.drop("job-1", 1, unless_running=True)
        assert await link.drop("job-1", 1)
        assert world.hub.get(there.id).state == "cancelled"
        assert await link.drop("job-1", 1, unless_running=True)

    told(story)


@pytest.mark.parametrize(
    ("wanted", "kind", "code"),
    [
        ({"kind": "test.unknown"}, Conflict, "no_worker"),
        ({"version": 2}, Conflict, "no_worker"),
        ({"requires": ("gpu",)}, Conflict, "no_worker"),
        ({"locality": "hub"}, Conflict, "no_worker"),
        ({"locality": "attached"}, Forbidden, "job_stays"),
        ({"kind": "cctv.look"}, Forbidden, "job_stays"),
        ({"input": Input(SHA, LIMIT + 1)}, TooLarge, "blob_too_large"),
    ],
)
def test_what_cannot_be_is_refused_before_a_byte_is_sent(told, wanted, kind, code):
    async def story(world, link):
        await refused(link.hand("job-1", asked(**wanted)), kind, code)
        assert not world.hub.left()

    told(story)


def test_a_node_has_only_so_many_there(told, monkeypatch):
    monkeypatch.setattr(keeping, "MOST_HANDED", 2)

    async def story(_world, link):
        for job in ("job-1", "job-2"):
            await link.hand(job, asked())
        await refused(link.hand("job-3", asked()), TooMany, "too_many_handovers")
        assert (await link.hand("job-2", asked())).state == "sending"

    told(story)


def test_no_other_node_reaches_a_job(told, tmp_path):
    async def story(world, link):
        await sent(link)
        world.hub.work(world.hub.claim())
        (output,) = (await link.get("job-1", 1)).outputs
        world.who = "another-node"
        assert (await link.get("job-1", 1)).state == "gone"
        assert await link.watch(Watch({})) == []
        assert await link.drop("job-1", 1)
        for call in (
            link.fetch("job-1", 1, output, tmp_path / "stolen"),
            link.send("job-1", 1, 0, len(TEXT), chunks(TEXT)),
        ):
            await refused(call, NotFound, "handover_not_found")
        await refused(link.hand("job-1", asked(9)), Conflict, "handover_of_another")
        world.who = NODE
        assert (await link.get("job-1", 1)).state == "done"

    told(story)


def test_nobody_comes_for_it(told):
    """Results are kept for seven days, parts of an input for one."""

    async def story(world, link):
        await sent(link)
        world.hub.work(world.hub.claim())
        await link.hand("job-2", asked(text=b"never sent"))
        assert await asyncio.to_thread(world.hub.keeping.clean) == 0
        days = 8 * 24 * 3_600_000
        world.hub.store.write(
            lambda tx: [
                tx.connection.execute("UPDATE jobs SET finished_at = finished_at - ?", (days,)),
                tx.connection.execute("UPDATE handovers SET at = at - ?", (days,)),
            ]
        )
        assert await asyncio.to_thread(world.hub.keeping.clean) == 2
        assert not world.hub.left()

    told(story)


def test_it_counts_against_the_orgs_quota(told):
    async def story(world, link):
        world.hub.org.write(
            lambda tx: tx.connection.execute(
                "INSERT INTO orgs (id, name, type, created_at, max_storage_gb)"
                " VALUES (?, '', '', 0, 0)",
                (ORG,),
            )
        )
        await refused(link.hand("job-1", asked()), Forbidden, "limit_reached")
        world.hub.org.write(lambda tx: tx.connection.execute("UPDATE orgs SET max_storage_gb = 1"))
        await sent(link)
        used = "SELECT stored_bytes FROM orgs"
        assert world.hub.org.read(lambda view: view.connection.execute(used).fetchone()) == (
            len(TEXT),
        )
        await link.drop("job-1", 1)
        assert world.hub.org.read(lambda view: view.connection.execute(used).fetchone()) == (0,)

    told(story)
