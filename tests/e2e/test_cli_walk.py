"""The way of a newcomer, with real processes: serve, setup, add, search, status, stop."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import unibos as package

pytestmark = pytest.mark.e2e

REPOSITORY = Path(package.__file__).parents[1]
PASSWORD = b"correct horse battery\n"


class Home:
    """A machine of its own: data, settings and home in one folder."""

    def __init__(self, folder):
        self.folder = folder
        self.data = folder / "data"
        # As somebody makes a folder who thinks of nothing.
        self.data.mkdir()
        self.data.chmod(0o755)
        (folder / "unibos.toml").write_text('[board]\nprofile = "edge"\n[org]\nname = "Home"\n')
        self.environ = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "UNIBOS_CONFIG": str(folder / "unibos.toml"),
            "UNIBOS_DATA": str(self.data),
            "PYTHONPATH": str(REPOSITORY),
        }

    def start(self):
        return subprocess.Popen(
            [sys.executable, "-m", "unibos", "serve", "--port", "0", "--host", "127.0.0.1"],
            env=self.environ | {"UNIBOS_LOG_FORMAT": "json"},
            cwd=self.folder,
            stderr=subprocess.PIPE,
            text=True,
        )

    def call(self, *arguments, stdin=b"", code=0):
        done = subprocess.run(
            [sys.executable, "-m", "unibos", *map(str, arguments)],
            env=self.environ,
            cwd=self.folder,
            input=stdin,
            capture_output=True,
            check=False,
            timeout=120,
        )
        assert done.returncode == code, done.stderr.decode()
        return done.stdout.decode()

    def json(self, *arguments, **options):
        return json.loads(self.call(*arguments, "--json", **options))


@pytest.fixture
def home(tmp_path):
    return Home(tmp_path)


@pytest.fixture
def address(home):
    """A running node's address; it is stopped as a service manager does it, and must end well."""
    with home.start() as server:
        try:
            yield next(filter(None, map(address_in, server.stderr)))
        finally:
            server.send_signal(signal.SIGTERM)
            _, rest = server.communicate(timeout=60)
    assert server.returncode == 0, rest
    assert not [line for line in rest.splitlines() if '"level": "error"' in line], rest


def address_in(line):
    """The address, once the log tells it."""
    return json.loads(line).get("address") if line.startswith("{") else None


def set_up(home):
    home.call(
        *("setup", "--email", "owner@example.org", "--name", "Owner", "--password-stdin"),
        stdin=PASSWORD,
    )


def test_the_first_steps(home, address):
    assert home.json("status")["setup_done"] is False
    set_up(home)
    assert home.json("status")["setup_done"] is True
    home.call(
        *("setup", "--email", "b@example.org", "--name", "B", "--password-stdin", "--code", "1"),
        stdin=PASSWORD,
        code=6,
    )
    assert home.json("doctor", code=0)["items"][-1]["state"] == "ok"


def test_a_document_from_file_to_search_and_back(home, address):
    set_up(home)
    letter = home.folder / "letter.txt"
    letter.write_text("Dear reader,\nthe zeppelin leaves at noon.\n")
    [added] = [json.loads(line) for line in home.call("add", letter, "--json").splitlines()]
    assert added["state"] == "added"
    [again] = [
        json.loads(line) for line in home.call("add", letter, "--wait", "--json").splitlines()
    ]
    assert (again["id"], again["state"]) == (added["id"], "done")
    [found] = home.json("search", "zeppelin")["items"]
    assert (found["collection"], found["id"]) == ("documents", added["id"])
    assert "zeppelin leaves" in home.call("document", "text", added["id"])
    home.call("document", "download", added["id"], "-o", "back.txt")
    assert (home.folder / "back.txt").read_bytes() == letter.read_bytes()
    home.call("document", "tag", added["id"], "travel")
    assert [one["id"] for one in home.json("document", "list", "--tag", "travel")["items"]] == [
        added["id"]
    ]
    home.call("document", "bin", added["id"])
    assert home.json("document", "list")["items"] == []
    assert len(home.json("document", "list", "--bin")["items"]) == 1
    home.call("document", "purge", added["id"], "--yes")
    home.call("document", "show", added["id"], code=3)
    kept = [path for path in home.data.rglob("*") if not path.is_socket()]
    assert [path for path in kept if path.stat().st_mode & 0o077] == []
    assert {"node.db", "blobs", "work"} <= {path.name for path in kept}


def test_jobs_can_be_followed(home, address):
    set_up(home)
    (home.folder / "a.txt").write_text("A line of text.\n")
    home.call("add", "a.txt")
    [job] = home.json("job", "list")["items"]
    events = [
        json.loads(one) for one in home.call("job", "watch", job["id"], "--json").splitlines()
    ]
    assert [events[0]["event"], events[-1]["event"]] == ["queued", "done"]


def test_records(home, address):
    set_up(home)
    made = home.call("record", "create", "notes", '{"title": "Milk", "body": "two"}').strip()
    home.call("record", "update", "notes", made, '{"body": "three"}')
    assert home.json("record", "get", "notes", made)["data"] == {"title": "Milk", "body": "three"}
    assert [one["id"] for one in home.json("record", "list", "notes", "-q", "milk")["items"]] == [
        made
    ]
    home.call("record", "delete", "notes", made)
    home.call("record", "get", "notes", made, code=3)


def test_over_the_network_with_a_login(home, address):
    set_up(home)
    home.call("--url", address, "user", "list", code=4)
    login = ("login", "--url", address, "--email", "owner@example.org", "--password-stdin")
    home.call(*login, stdin=b"wrong\n", code=4)
    home.call(*login, stdin=PASSWORD)
    [owner] = home.json("user", "list", "--url", address)["items"]
    assert owner["email"] == "owner@example.org"
    home.call("user", "passwd", "--url", address, "--password-stdin", stdin=PASSWORD * 2)
    home.call("user", "list", "--url", address)
    home.call("logout")
    home.call("user", "list", "--url", address, code=4)


def test_without_a_server_the_call_says_so(home):
    home.call("status", code=5)
    home.call("doctor", code=1)
