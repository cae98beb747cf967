"""A node whose heavy jobs a worker does: joined over HTTPS, or over the node's socket; what dies on
the way."""

import json
import signal
import time
from pathlib import Path

import pytest

from tests.core.jobs.processes import gone
from tests.e2e.server import Server, run
from tests.e2e.working import WorkerServer, add, children, join_token, until_job

pytestmark = pytest.mark.e2e

FIXED = {"UNIBOS_JOBS_HEAVY": "0", "UNIBOS_NODE_TLS": "true"}


@pytest.fixture
def receipt(shared_data):
    return min((shared_data / "receipts").glob("*.jpg"))


@pytest.fixture
def places(tmp_path):
    for name in ("node", "worker"):
        (tmp_path / name).mkdir()
    return tmp_path / "node" / "data", tmp_path / "worker" / "data"


def events(client, job):
    """The states that a job came into."""
    with client.stream("GET", f"/api/v1/jobs/{job}/events") as told:
        return [
            line.removeprefix("event: ")
            for line in told.iter_lines()
            if line.startswith("event: ") and line != "event: progress"
        ]


def working_child(worker):
    """Wait until the worker's child works; its process id."""
    worker.until(lambda told: any(one["phase"] == "working" for one in told["tasks"]))
    while not (found := children(worker.pid)):
        time.sleep(0.01)
    return found[0]


def test_a_worker_that_joined_over_https_reads_documents(places, receipt):
    data, own = places
    with Server(data, **FIXED) as node, node.set_up() as owner:
        id_, job = add(owner, receipt)
        joined = run(own, "worker", "join", join_token(owner), "--name", "reader", "--json")
        assert joined.returncode == 0, joined.stderr
        assert json.loads(joined.stdout)["role"] == "node"
        assert (own / "worker.json").stat().st_mode & 0o777 == 0o600
        with WorkerServer(own) as worker:
            assert until_job(owner, job, "done", "failed")["state"] == "done"
            document = owner.get(f"/api/v1/documents/{id_}").json()
            assert document["status"] == "done"
            assert document["text"]
            assert owner.get(f"/api/v1/documents/{id_}/thumbnail").status_code == 200
            told = worker.until(lambda told: not told["tasks"])
            assert told["ended"]["done"] == 1
            assert told["joined"]["source_name"]
            listed = owner.get("/api/v1/workers").json()["items"]
            assert [(one["name"], one["state"]) for one in listed] == [("reader", "online")]
            assert "tesseract" in listed[0]["facts"]["capabilities"]
            left = run(own, "worker", "leave", "--yes", "--json")
            assert left.returncode == 0, left.stderr
            assert owner.get("/api/v1/workers").json()["items"] == []
            assert worker.asked("status")["state"] == "unattached"
            assert worker.asked("stop")["stopped"]
            assert worker.ended() == 0
            assert worker.errors == []
        assert node.errors == []
    assert not (own / "worker.sock").exists()
    assert not [one for one in (own / "worker").rglob("*") if one.is_file()]


def test_a_killed_worker_loses_nothing(places, receipt):
    data, own = places
    with Server(data, UNIBOS_JOBS_HEAVY="0") as node, node.set_up() as owner:
        source = {"UNIBOS_WORKER_SOURCE": str(data / "unibos.sock")}
        id_, job = add(owner, receipt)
        with WorkerServer(own, **source) as worker:
            child = working_child(worker)
            worker.kill()
            assert gone(child)
        assert until_job(owner, job, "running")["attempt"] == 1
        with WorkerServer(own, **source):
            assert until_job(owner, job, "done", "failed")["state"] == "done"
        assert owner.get(f"/api/v1/jobs/{job}").json()["attempt"] == 2
        assert events(owner, job) == ["queued", "running", "queued", "running", "done"]
        assert owner.get(f"/api/v1/documents/{id_}").json()["status"] == "done"


def test_a_source_that_dies_meanwhile_gets_the_result(places, receipt):
    data, own = places
    source = {"UNIBOS_WORKER_SOURCE": str(data / "unibos.sock")}
    with WorkerServer(own, **source) as worker:
        with Server(data, UNIBOS_JOBS_HEAVY="0") as node, node.set_up() as owner:
            token = owner.headers["authorization"].removeprefix("Bearer ")
            id_, job = add(owner, receipt)
            working_child(worker)
            node.kill()
        worker.until(lambda told: told["state"] == "away")
        with Server(data, UNIBOS_JOBS_HEAVY="0") as node, node.client(token) as owner:
            assert until_job(owner, job, "done", "failed")["attempt"] == 1
            assert events(owner, job) == ["queued", "running", "done"]
            assert owner.get(f"/api/v1/documents/{id_}").json()["status"] == "done"
        assert worker.errors == []


def test_a_drain_ends_what_it_has(places, receipt):
    data, own = places
    with Server(data, UNIBOS_JOBS_HEAVY="0") as node, node.set_up() as owner:
        source = {"UNIBOS_WORKER_SOURCE": str(data / "unibos.sock")}
        with WorkerServer(own, **source) as worker:
            _, job = add(owner, receipt)
            working_child(worker)
            worker.terminate()
            assert worker.ended() == 0
        found = owner.get(f"/api/v1/jobs/{job}").json()
        assert (found["state"], found["attempt"]) == ("done", 1)


def test_who_asks_twice_does_not_want_to_wait(places, receipt):
    data, own = places
    with Server(data, UNIBOS_JOBS_HEAVY="0") as node, node.set_up() as owner:
        source = {"UNIBOS_WORKER_SOURCE": str(data / "unibos.sock")}
        with WorkerServer(own, **source) as worker:
            _, job = add(owner, receipt)
            child = working_child(worker)
            worker.terminate()
            worker.signal(signal.SIGTERM)
            assert worker.ended() == 0
            assert gone(child)
        found = owner.get(f"/api/v1/jobs/{job}").json()
        assert found["state"] == "queued"
        assert found["max_attempts"] == 4


def test_a_worker_that_was_revoked_says_so_and_ends(places):
    data, own = places
    with Server(data, **FIXED) as node, node.set_up() as owner:
        assert run(own, "worker", "join", join_token(owner)).returncode == 0
        with WorkerServer(own) as worker:
            worker.until(lambda told: told["state"] == "working")
            (there,) = owner.get("/api/v1/workers").json()["items"]
            assert owner.delete(f"/api/v1/workers/{there['id']}").status_code == 204
            assert worker.ended() == 4
            assert "worker_revoked" in worker.lines[-1] or "worker_revoked" in worker.lines[-2]


def test_a_node_and_its_worker_in_one_process(places):
    data, _ = places
    with Server(data, "--role", "worker") as node:
        told = json.loads(run(data, "worker", "status", "--json").stdout)
        assert (told["state"], told["alone"]) == ("unattached", False)
        with node.client() as nobody:
            assert nobody.get("/health").json()["roles"] == ["node", "worker"]


@pytest.mark.parametrize(
    ("words", "environ", "ended"),
    [
        (("join", "unibos-join-x"), {}, (2, "join_string_invalid")),
        (("join", "unibos-join-x"), {"UNIBOS_WORKER_SOURCE": "/x"}, (6, "source_in_settings")),
        (("join", "unibos-join-x"), {"UNIBOS_OFFLINE_MODE": "true"}, (6, "offline")),
        (("leave", "--yes"), {}, (6, "not_joined")),
        (("status",), {}, (5, "unreachable")),
        (("stop",), {}, (5, "unreachable")),
    ],
)
def test_what_a_worker_that_does_not_run_can_be_asked(tmp_path, words, environ, ended):
    (tmp_path / "data").mkdir()
    told = run(tmp_path / "data", "worker", *words, "--json", **environ)
    assert (told.returncode, json.loads(told.stderr)["code"]) == ended


def test_a_damaged_state_is_told(tmp_path):
    data = tmp_path / "data"
    data.mkdir()
    (data / "worker.json").write_text("{")
    told = run(data, "worker", "start", "--json")
    assert (told.returncode, "worker_state_damaged" in told.stderr) == (10, True)


def test_unibos_worker_is_unibos_of_the_worker(tmp_path):
    program = tmp_path / "unibos-worker"
    program.write_text("from unibos.__main__ import main\n\nmain()\n")
    (tmp_path / "data").mkdir()
    ended = run(tmp_path / "data", "status", program=str(program))
    assert ended.returncode == 5
    assert "unibos-worker start" in ended.stderr
    assert Path(tmp_path / "data" / "worker.sock").exists() is False
