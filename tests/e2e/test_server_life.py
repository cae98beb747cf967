"""The life of a server process: start, refusals to start, graceful and sudden ends, and after."""

import hashlib
import json
import os
import shutil
import socket
import ssl
from datetime import UTC, datetime, timedelta

import httpx2
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.oid import NameOID

from tests.core.jobs.processes import gone
from tests.e2e.server import Server, run
from tests.modules.documents.gate import Gate
from tests.modules.documents.papers import add, png

pytestmark = pytest.mark.e2e

NOTES = "/api/v1/collections/notes/records"
BYTES = os.urandom(300_000)
BLOB = f"/api/v1/blobs/{hashlib.sha256(BYTES).hexdigest()}"
WORDS = "{} keeps the server busy\nwhile it is told to stop.\nNothing of it may be lost."


@pytest.fixture
def data(tmp_path):
    return tmp_path / "data"


@pytest.fixture
def gate(tmp_path):
    """Where tesseract waits, while it is closed."""
    program = shutil.which("tesseract")
    if program is None:
        pytest.skip("tesseract is not installed")
    return Gate(tmp_path / "gate", program, "tesseract")


def behind(gate, **more):
    return {
        "PATH": f"{gate.path.parent}{os.pathsep}{os.environ['PATH']}",
        "UNIBOS_DOCUMENTS_LANGUAGES": "eng",
        **more,
    }


def begin_upload(server, owner, wire):
    """Send half of a blob; returns when the server has some of it."""
    token = owner.headers["authorization"].removeprefix("Bearer ")
    wire.head("PUT", BLOB, token, content_length=len(BYTES))
    wire.write(BYTES[: len(BYTES) // 2])
    while owner.get(f"{BLOB}/upload").json()["received"] == 0:
        pass


def events(owner, job):
    """What happened to a job, until its end."""
    with owner.stream("GET", f"/api/v1/jobs/{job}/events") as stream:
        return [line[7:] for line in stream.iter_lines() if line.startswith("event: ")]


def log_in(server):
    said = {"email": "owner@example.org", "password": "correct horse battery"}
    answer = httpx2.post(f"{server.url}/api/v1/auth/login", json=said)
    return server.client(answer.json()["access_token"])


def test_a_stop_lets_what_is_under_way_finish(data, gate):
    with Server(data, **behind(gate)) as server, server.set_up() as owner, server.wire() as wire:
        gate.close()
        taken = add(owner, png(WORDS.format("What finishes")))
        gate.arrival()
        begin_upload(server, owner, wire)
        server.terminate()
        wire.write(BYTES[len(BYTES) // 2 :])
        assert wire.answer().status == 201
        gate.open()
        gate.let_through()
        assert server.ended() == 0
        assert server.errors == []
    assert not (data / "unibos.sock").exists()
    with Server(data) as server, log_in(server) as owner:
        assert owner.get(BLOB).content == BYTES
        document = owner.get(f"/api/v1/documents/{taken['id']}").json()
        assert (document["status"], document["error"]) == ("done", None)
        told = events(owner, taken["job"])
        assert [told.count(state) for state in ("queued", "running", "done")] == [1, 1, 1]


def test_a_stop_in_time_hands_a_job_back_and_the_next_life_does_it_once(data, gate):
    with (
        Server(data, **behind(gate, UNIBOS_HTTP_STOP_SECONDS="0")) as server,
        server.set_up() as owner,
        server.wire() as wire,
    ):
        gate.close()
        taken = add(owner, png(WORDS.format("What is handed back")))
        gate.arrival()
        begin_upload(server, owner, wire)
        server.terminate()
        answer = wire.answer()
        assert (answer.status, answer.json()["code"]) == (503, "stopping")
        assert server.ended() == 0
    gate.open()
    with Server(data, **behind(gate)) as server, log_in(server) as owner:
        told = events(owner, taken["job"])
        assert [told.count(state) for state in ("queued", "running", "done")] == [2, 2, 1]
        document = owner.get(f"/api/v1/documents/{taken['id']}").json()
        assert "handed back" in document["text"]
        received = owner.get(f"{BLOB}/upload").json()["received"]
        where = {"content-range": f"bytes {received}-{len(BYTES) - 1}/{len(BYTES)}"}
        assert owner.put(BLOB, content=BYTES[received:], headers=where).status_code == 201


def test_after_a_kill_all_that_was_answered_is_there_and_the_job_is_done_once(data, gate):
    with (
        Server(data, **behind(gate)) as server,
        server.set_up() as owner,
        server.wire() as wire,
    ):
        gate.close()
        taken = add(owner, png(WORDS.format("What survives")))
        waiting = gate.arrival()
        begin_upload(server, owner, wire)
        notes = [
            owner.post(NOTES, json={"data": {"title": f"{number}"}}).json() for number in range(5)
        ]
        server.kill()
    gate.open()
    with Server(data, **behind(gate)) as server, log_in(server) as owner:
        assert owner.get(NOTES, params={"sort": "created_at"}).json()["items"] == notes
        told = events(owner, taken["job"])
        assert [told.count(state) for state in ("running", "done")] == [2, 1]
        document = owner.get(f"/api/v1/documents/{taken['id']}").json()
        assert (document["status"], document["error"]) == ("done", None)
        received = owner.get(f"{BLOB}/upload").json()["received"]
        assert 0 < received < len(BYTES)
        where = {"content-range": f"bytes {received}-{len(BYTES) - 1}/{len(BYTES)}"}
        assert owner.put(BLOB, content=BYTES[received:], headers=where).status_code == 201
        assert owner.get("/api/v1/integrity", params={"deep": "true"}).json()["sound"] is True
    assert gone(waiting), "no program outlives its server"


def test_a_stop_ends_streams_and_idle_connections_at_once(data):
    with Server(data, UNIBOS_HTTP_STOP_SECONDS="600") as server, server.set_up() as owner:
        with server.wire() as idle, owner.stream("GET", "/api/v1/events") as stream:
            lines = stream.iter_lines()
            headers = {"authorization": owner.headers["authorization"]}
            httpx2.post(server.url + NOTES, json={"data": {}}, headers=headers)
            while not next(lines).startswith("data: "):
                pass
            server.terminate()
            assert idle.ended()
            assert [line for line in lines if line.startswith("event: ")] == []
        assert server.ended() == 0
        assert server.errors == []


def test_a_second_server_on_the_same_data_is_refused(data):
    with Server(data) as server:
        second = run(data, "serve", "--port", "0")
        assert second.returncode == 6
        assert "[database_in_use]" in second.stderr or '"database_in_use"' in second.stderr
        assert "Traceback" not in second.stderr
        assert httpx2.get(f"{server.url}/health").status_code == 200
        # The first one's socket is still its own.
        assert json.loads(run(data, "status", "--json").stdout)["setup_done"] is False


def refused(done, code, exit_code):
    assert done.returncode == exit_code, done.stderr
    assert code in done.stderr
    assert "Traceback" not in done.stderr


def test_a_port_in_use_is_refused(data):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        refused(run(data, "serve", "--host", "127.0.0.1", "--port", port), "address_unusable", 9)


@pytest.mark.parametrize("what", ["address", "folder", "database", "certificate", "password"])
def test_what_cannot_be_served_is_told(data, tmp_path, what):
    environ = {}
    options = ["--host", "127.0.0.1", "--port", "0"]
    if what == "address":
        options[1], told = "203.0.113.1", ("address_unusable", 9)
    elif what == "folder":
        data.write_text("a file")
        told = ("data_unusable", 9)
    elif what == "database":
        data.mkdir(mode=0o700)
        (data / "node.db").write_bytes(b"no database at all" * 1000)
        told = ("database_damaged", 10)
    else:
        key = tmp_path / "key.pem"
        key.write_text(locked() if what == "password" else "nothing")
        options.append("--tls")
        environ = {"UNIBOS_NODE_TLS_CERT": str(key), "UNIBOS_NODE_TLS_KEY": str(key)}
        told = ("certificate_unusable", 9)
    refused(run(data, "serve", *options, **environ), *told)


def locked():
    """A certificate whose key has a password."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "locked")])
    now = datetime.now(UTC)
    made = x509.CertificateBuilder(name, name, key.public_key(), 1, now, now + timedelta(days=1))
    lock = serialization.BestAvailableEncryption(b"secret")
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, lock)
    chain = made.sign(key, SHA256()).public_bytes(serialization.Encoding.PEM)
    return (key.private_bytes(*form) + chain).decode()


def test_https_with_the_instances_own_certificate(data):
    with Server(data, "--tls") as server:
        assert server.url.startswith("https://")
        fingerprint = json.loads(server.logged("own certificate"))["sha256"]
        parts = httpx2.URL(server.url)
        shown = ssl.get_server_certificate((parts.host, parts.port))
        assert hashlib.sha256(ssl.PEM_cert_to_DER_cert(shown)).hexdigest() == fingerprint
        trusted = ssl.create_default_context(cadata=shown)
        trusted.verify_flags &= ~ssl.VERIFY_X509_STRICT
        with httpx2.Client(verify=trusted, base_url=server.url) as client:
            assert client.get("/health").json()["status"] == "ok"
        with pytest.raises(httpx2.TransportError):
            httpx2.get(f"http://{parts.host}:{parts.port}/health")
        local = json.loads(run(data, "status", "--json").stdout)
        assert local["setup_done"] is False
        server.terminate()
        assert server.ended() == 0


@pytest.mark.parametrize("profile", ["edge", "desktop"])
def test_a_data_folder_with_a_long_path(tmp_path, profile):
    data = tmp_path / ("long" * 20) / ("path" * 20)
    data.parent.mkdir()
    with Server(data, UNIBOS_BOARD_PROFILE=profile) as server:
        assert json.loads(run(data, "status", "--json").stdout)["roles"] == ["node"]
        told = json.loads(run(data, "doctor", "--json").stdout)["items"]
        assert [one["state"] for one in told if one["name"] == "server"] == ["ok"]
        server.terminate()
        assert server.ended() == 0
    assert not (data / "unibos.sock").exists()
