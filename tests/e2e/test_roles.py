"""Roles as processes: each alone, both in one; what they refuse; what the service manager hears."""

import json
import shutil
import socket
import tempfile
from pathlib import Path

import httpx2
import pytest

from tests.e2e.server import PASSWORD, Server, run

pytestmark = pytest.mark.e2e


@pytest.fixture
def data(tmp_path):
    return tmp_path / "data"


@pytest.fixture
def manager(monkeypatch):
    """The socket of a service manager."""
    folder = tempfile.mkdtemp(prefix="unibos-")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(f"{folder}/notify")
        listener.settimeout(60)
        yield listener
    shutil.rmtree(folder)


def told(manager):
    return manager.recv(4096).decode().split("\n")


@pytest.mark.parametrize("roles", [("node",), ("hub",), ("hub", "node")], ids="+".join)
def test_the_service_manager_hears_of_start_and_stop(data, manager, roles):
    where = manager.getsockname()
    with Server(data, roles=roles, NOTIFY_SOCKET=where) as server:
        ready, status = told(manager)
        assert ready == "READY=1"
        assert status.endswith(": " + " and ".join(roles))
        for role in roles:
            with server.client(role=role) as nobody:
                assert nobody.get("/health").json()["roles"] == list(roles)
        server.terminate()
        assert told(manager)[0] == "STOPPING=1"
        assert server.ended() == 0
        assert server.errors == []
    left = {path.name for path in data.iterdir()}
    assert not {"hub.sock", "unibos.sock"} & left


def test_a_hub_serves_https_with_a_certificate_of_its_own(data):
    with Server(data, roles=("hub",)) as server:
        assert server.url.startswith("https://127.0.0.1:")
        with server.client() as pinned:
            assert pinned.get("/health").status_code == 200
        with pytest.raises(httpx2.ConnectError):
            httpx2.get(f"{server.url}/health")
        shown = json.loads(server.logged("own certificate"))["sha256"]
        told = run(data, "hub", "status", "--json")
        assert json.loads(told.stdout)["fingerprint"] == shown


@pytest.mark.parametrize(
    ("options", "environ", "code"),
    [
        (["--role", "hub", "--no-hub-tls"], {}, "plain_http_refused"),
        (["--role", "hub", "--no-tls", "--host", "::"], {}, "plain_http_refused"),
        (["--role", "hub"], {"HUB_ROLE": "standby"}, "hub_role_unavailable"),
        (["--role", "hub"], {"HUB_ROLE": "regional", "HUB_REGION": "eu"}, "hub_role_unavailable"),
        (
            ["--role", "worker"],
            {"WORKER_TYPE": "media", "UNIBOS_BOARD_MODEL": "zero2w"},
            "worker_queues_none",
        ),
        (["--role", "hub"], {"UNIBOS_HUB_PROXIES": "proxy"}, "bad_setting"),
    ],
)
def test_what_a_hub_does_not_start_with(data, options, environ, code):
    ended = run(data, "serve", "--port", "0", *options, **environ)
    assert (ended.returncode, f"[{code}]" in ended.stderr) == (9, True), ended.stderr


def test_a_killed_hub_starts_again_with_what_it_had(data):
    with Server(data, roles=("hub",)) as server:
        token = server.set_up().headers["authorization"].removeprefix("Bearer ")
        server.kill()
    with Server(data, roles=("hub",)) as server, server.client(token) as owner:
        assert owner.get("/api/v1/me").json()["email"] == "owner@example.org"
        assert owner.get("/api/v1/integrity").json() == {"sound": True, "findings": []}
        assert "setup-code" not in {path.name for path in Path(data).iterdir()}


def test_unibos_hub_is_unibos_of_the_hub(data, tmp_path):
    program = tmp_path / "unibos-hub"
    program.write_text("from unibos.__main__ import main\n\nmain()\n")
    with Server(data, roles=("hub",)):
        ended = run(data, "hub", "status", "--json")
        called = run(data, "status", "--json", program=str(program))
        facts = [json.loads(one.stdout) for one in (ended, called)]
        assert facts[0] | {"uptime_seconds": 0, "total": 0} == (
            facts[1] | {"uptime_seconds": 0, "total": 0}
        )


def test_joining_starts_the_node_anew_in_its_process(tmp_path, manager):
    """The service manager hears of it as of a reload; the process and the port stay."""
    for name in ("hub", "node"):
        (tmp_path / name).mkdir()
    where = manager.getsockname()
    with (
        Server(tmp_path / "hub/data", roles=("hub",)) as hub,
        hub.set_up() as owner,
        Server(tmp_path / "node/data", NOTIFY_SOCKET=where) as node,
    ):
        assert told(manager)[0] == "READY=1"
        token = owner.post("/api/v1/tokens", json={}).json()["token"]
        joined = run(node.data, "join", token, "--yes", "--json")
        assert joined.returncode == 0, joined.stderr
        reload, moment, _ = told(manager)
        assert (reload, moment.partition("=")[0]) == ("RELOADING=1", "MONOTONIC_USEC")
        assert told(manager)[0] == "READY=1"
        with node.client() as nobody:
            assert nobody.get("/health").json()["org"] == owner.get("/api/v1/me").json()["org"]
        node.terminate()
        assert told(manager)[0] == "STOPPING=1"
        assert node.ended() == 0
        assert node.errors == []


def test_hub_and_node_in_one_process_survive_its_sudden_end(data):
    roles = ("hub", "node")
    with Server(data, roles=roles) as server:
        server.set_up().close()
        said = {"email": "owner@example.org", "password": PASSWORD}
        with server.client(role="node") as nobody:
            login = nobody.post("/api/v1/auth/login", json=said).json()
        server.kill()
    with Server(data, roles=roles) as server:
        for role in roles:
            with server.client(login["access_token"], role) as owner:
                assert owner.get("/api/v1/me").json()["email"] == said["email"]
        told = json.loads(run(data, "hub", "nodes", "list", "--json").stdout)["items"]
        assert [one["state"] for one in told] == ["online"]
        assert server.errors == []
