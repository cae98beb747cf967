"""Documents of a node that a worker of its hub reads: real processes, a tap on the line, and what
dies on the way. The node runs no heavy jobs itself."""

import hashlib
import sqlite3
from contextlib import ExitStack, closing

import httpx2
import pytest

from tests.e2e.family import QUICK, Household, online, until
from tests.e2e.server import PATIENCE, Server, run
from tests.e2e.tap import Tap
from tests.e2e.working import WorkerServer, add, join_token, until_job
from unibos.base.local_socket import address_of

pytestmark = pytest.mark.e2e

NODE = {"UNIBOS_JOBS_HEAVY": "0"}
EXPORT = "/api/v1/export"


class Tapped(Household):
    """A hub that its node reaches through a tap, and its worker past it."""

    def __init__(self, folder, held):
        self.tap = held.enter_context(Tap())
        super().__init__(folder, held)

    def start_hub(self):
        place = self._folder / "hub" / "data"
        place.parent.mkdir(exist_ok=True)
        plain = {"UNIBOS_HUB_TLS": "false", "UNIBOS_HUB_PUBLIC_URLS": self.tap.url}
        server = Server(place, "--hub-port", self._port, roles=("hub",), **QUICK, **plain)
        self.hub = self._held.enter_context(server)
        self._port = self.hub.url.rpartition(":")[2]
        self.tap.target = ("127.0.0.1", int(self._port))

    def start_node(self, name):
        place = self._folder / name / "data"
        place.parent.mkdir(exist_ok=True)
        return self._held.enter_context(Server(place, **NODE))

    def start_worker(self, name):
        place = self._folder / name / "data"
        if not place.parent.exists():
            place.parent.mkdir()
            joined = run(place, "worker", "join", join_token(self.at(self.hub)), "--json")
            assert joined.returncode == 0, joined.stderr
        return self._held.enter_context(WorkerServer(place))

    def at(self, server):
        """Who asks a server over its local socket."""

        socket = "hub.sock" if server is self.hub else "unibos.sock"
        path = self._held.enter_context(address_of(server.data / socket))
        transport = httpx2.HTTPTransport(uds=path)
        client = httpx2.Client(transport=transport, base_url="http://local", timeout=PATIENCE)
        return self._held.enter_context(client)

    def node_that_joined(self):
        node = self.start_node("node")
        self.join(node, self.at(self.hub))
        until(lambda: online(node))
        return node


@pytest.fixture
def home(tmp_path):
    with ExitStack() as held:
        yield Tapped(tmp_path, held)


@pytest.fixture
def receipts(shared_data):
    return sorted((shared_data / "receipts").glob("*.jpg"))


def let(asker, export):
    answer = asker.put(EXPORT, json={"collection": "documents", "export": export})
    assert answer.status_code == 200, answer.text


def is_read(asker, id_):
    document = asker.get(f"/api/v1/documents/{id_}").json()
    assert (document["status"], bool(document["text"])) == ("done", True)
    assert asker.get(f"/api/v1/documents/{id_}/thumbnail").status_code == 200


def handed_over(home):
    """How much of it the hub still has."""

    path = f"file:{home.hub.data / 'hub.db'}?mode=ro"
    with closing(sqlite3.connect(path, uri=True)) as database:
        held = database.execute("SELECT count(*) FROM handovers").fetchone()[0]
        uses = "SELECT count(*) FROM blob_uses WHERE used_by LIKE 'job/%'"
        return held + database.execute(uses).fetchone()[0]


def begun(asker, job):
    """Wait until the hub's worker has begun; what the node says of the job."""

    def look():
        found = asker.get(f"/api/v1/jobs/{job}").json()
        return found if found["progress"] else None

    return until(look)


def test_a_document_stays_until_its_owner_lets_it_go(home, receipts):
    node = home.node_that_joined()
    home.start_worker("worker")
    asker = home.at(node)
    first, job = add(asker, receipts[0])
    let(asker, "nodes")
    second, _ = add(asker, receipts[1])
    found = asker.get(f"/api/v1/jobs/{job}").json()
    assert (found["state"], found["attempt"]) == ("queued", 0)
    for path in receipts[:2]:
        bytes_ = path.read_bytes()
        for needle in (bytes_[1000:1064], hashlib.sha256(bytes_).hexdigest().encode()):
            assert needle not in home.tap.raw()
    assert b"/handovers/" not in home.tap.raw().replace(b"/handovers/watch", b"")
    let(asker, "hub")
    assert until_job(asker, job, "done", "failed")["state"] == "done"
    is_read(asker, first)
    until(lambda: asker.get(f"/api/v1/documents/{second}").json()["status"] == "done")
    is_read(asker, second)
    until(lambda: not handed_over(home))
    sent = [one for one in asker.get(f"{EXPORT}/log").json()["items"] if one["way"] == "job"]
    sizes = sorted(path.stat().st_size for path in receipts[:2])
    assert sorted(one["bytes"] for one in sent) == sizes
    assert {(one["collection"], one["blocked"]) for one in sent} == {("documents", None)}


def test_the_hub_dies_meanwhile(home, receipts):
    node = home.node_that_joined()
    worker = home.start_worker("worker")
    asker = home.at(node)
    let(asker, "hub")
    id_, job = add(asker, receipts[0])
    begun(asker, job)
    home.hub.kill()
    home.start_hub()
    assert until_job(asker, job, "done", "failed")["state"] == "done"
    is_read(asker, id_)
    until(lambda: not handed_over(home))
    assert node.errors == []
    assert worker.errors == []


def test_the_node_dies_meanwhile(home, receipts):
    node = home.node_that_joined()
    home.start_worker("worker")
    asker = home.at(node)
    let(asker, "hub")
    id_, job = add(asker, receipts[0])
    begun(asker, job)
    node.kill()
    node = home.start_node("node")
    asker = home.at(node)
    ended = until_job(asker, job, "done", "failed")
    assert (ended["state"], ended["attempt"]) == ("done", 1)
    is_read(asker, id_)
    until(lambda: not handed_over(home))
    assert node.errors == []
    assert home.hub.errors == []


def test_a_cancelled_job_ends_at_the_worker(home, receipts):
    node = home.node_that_joined()
    worker = home.start_worker("worker")
    asker = home.at(node)
    let(asker, "hub")
    _, job = add(asker, receipts[0])
    begun(asker, job)
    assert asker.delete(f"/api/v1/jobs/{job}").status_code == 200
    worker.until(lambda told: not told["tasks"])
    until(lambda: not handed_over(home))
    assert worker.errors == []


def test_the_kill_switch_calls_it_back(home, receipts):
    node = home.node_that_joined()
    home.start_worker("worker")
    asker = home.at(node)
    let(asker, "hub")
    _, job = add(asker, receipts[0])
    begun(asker, job)
    assert asker.put(EXPORT, json={"kill_switch": True}).status_code == 200
    assert until_job(asker, job, "queued")["attempt"] == 1
    until(lambda: not handed_over(home))


def test_a_hub_and_its_node_in_one_process(tmp_path, receipts):
    for name in ("both", "worker"):
        (tmp_path / name).mkdir()
    data = tmp_path / "both" / "data"
    source = {"UNIBOS_WORKER_SOURCE": str(data / "hub.sock")}
    with ExitStack() as held:
        options = ("--hub-port", "0")
        both = held.enter_context(Server(data, *options, roles=("hub", "node"), **NODE))
        held.enter_context(WorkerServer(tmp_path / "worker" / "data", **source))
        path = held.enter_context(address_of(data / "unibos.sock"))
        transport = httpx2.HTTPTransport(uds=path)
        asker = httpx2.Client(transport=transport, base_url="http://local", timeout=PATIENCE)
        held.enter_context(asker)
        let(asker, "hub")
        id_, job = add(asker, receipts[0])
        assert until_job(asker, job, "done", "failed")["state"] == "done"
        is_read(asker, id_)
        assert both.errors == []
