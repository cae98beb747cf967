"""A server that is written to, backed up, killed, brought back elsewhere, and asked again."""

import json
import threading

import httpx2
import pytest

from tests.e2e.server import PASSWORD, Server, run

pytestmark = pytest.mark.e2e

NOTES = "/api/v1/collections/notes/records"
SECRET = "four words by chance"
TEXT = b"A letter that is kept.\n" * 500


class Writing:
    """Writes notes until it is told to stop, and knows which were acknowledged."""

    def __init__(self, client: httpx2.Client) -> None:
        self.acknowledged: list[str] = []
        self._client = client
        self._stop = threading.Event()
        self._some = threading.Semaphore(0)
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> "Writing":
        self._thread.start()
        for _ in range(20):
            self._some.acquire()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.is_set():
            answer = self._client.post(NOTES, json={"data": {"title": "kept"}})
            assert answer.status_code == 201
            self.acknowledged.append(answer.json()["id"])
            self._some.release()


@pytest.fixture
def passphrase(tmp_path):
    file = tmp_path / "passphrase"
    file.write_text(SECRET + "\n")
    return "--passphrase-file", str(file)


def told(done):
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def notes(url):
    """All notes, as the owner sees them after a login with the old password."""
    said = {"email": "owner@example.org", "password": PASSWORD}
    login = httpx2.post(f"{url}/api/v1/auth/login", json=said)
    assert login.status_code == 200, login.text
    headers = {"authorization": f"Bearer {login.json()['access_token']}"}
    with httpx2.Client(base_url=url, headers=headers) as client:
        items, cursor = [], None
        while True:
            params = {"limit": 200} | ({"cursor": cursor} if cursor else {})
            page = client.get(NOTES, params=params).json()
            items += page["items"]
            cursor = page["next"]
            if cursor is None:
                document = client.get("/api/v1/documents").json()["items"][0]["id"]
                original = client.get(f"/api/v1/documents/{document}/original").content
                return {one["id"] for one in items}, original


def test_a_backup_of_a_busy_server_and_of_a_dead_one(tmp_path, passphrase):
    data, usb = tmp_path / "data", str(tmp_path / "usb" / "unibos")
    with Server(data) as server, server.set_up() as owner:
        kind = {"content-type": "text/plain"}
        owner.post("/api/v1/documents", content=TEXT, headers=kind).raise_for_status()
        with Writing(owner) as writing:
            before = set(writing.acknowledged)
            made = told(run(data, "backup", "create", usb, "--init", *passphrase, "--json"))
            again = told(run(data, "backup", "create", usb, *passphrase, "--json"))
        acknowledged = set(writing.acknowledged)
        assert len(acknowledged) > len(before)
        refused = run(data, "backup", "restore", usb, *passphrase, "--replace")
        assert (refused.returncode, "[database_in_use]" in refused.stderr) == (6, True)
        assert not list((data / "copies").iterdir())
    dead = told(run(data, "backup", "create", usb, *passphrase, "--json"))
    assert [made["number"], again["number"], dead["number"]] == [1, 2, 3]

    first = tmp_path / "first"
    back = run(first, "backup", "restore", usb, *passphrase, "--snapshot", "1", "--json")
    assert told(back)["aside"] is None
    with Server(first) as server:
        found, original = notes(server.url)
    assert before <= found <= acknowledged
    assert original == TEXT

    epoch = json.loads((data / "node.replica").read_text())["epoch"]
    back = told(run(data, "backup", "restore", usb, *passphrase, "--replace", "--json"))
    assert back["epochs"]["node"] not in (epoch, told_epoch(first))
    with Server(data) as server:
        found, original = notes(server.url)
        sound = told(run(data, "status", "--json"))
    assert found == acknowledged
    assert original == TEXT
    assert sound["records"]["notes"] == len(acknowledged)


def told_epoch(folder):
    return json.loads((folder / "node.replica").read_text())["epoch"]


def test_what_people_see(tmp_path, passphrase):
    data, usb = tmp_path / "data", str(tmp_path / "usb")
    nothing = run(data, "backup", "create", usb, "--init", *passphrase)
    assert (nothing.returncode, "[backup_nothing]" in nothing.stderr) == (3, True)
    with Server(data) as server:
        server.set_up().close()
    unknown = run(data, "backup", "create", usb, *passphrase)
    assert (unknown.returncode, "--init" in unknown.stderr) == (3, True)
    key = str(tmp_path / "unibos.key")
    made = run(data, "backup", "create", usb, "--init", "--key-file", key)
    assert made.stdout.startswith("Snapshot 1: 0 records, ")
    assert "keep a copy" in made.stderr
    for _ in range(2):
        kept = run(data, "backup", "create", usb, "--key-file", key, "--keep", "2")
        assert kept.returncode == 0
    assert kept.stderr == "1 older ones were removed.\n"
    listed = run(data, "backup", "list", usb, "--key-file", key, TZ="Asia/Tokyo")
    numbers = [line.split()[0] for line in listed.stdout.splitlines()]
    assert numbers == ["Number", "2", "3"]
    utc = told(run(data, "backup", "list", usb, "--key-file", key, "--json"))["items"]
    assert utc[0]["made_at"][:16].replace("T", " ") not in listed.stdout
    assert "instance.key" not in json.dumps(utc)
    wrong = run(data, "backup", "list", usb, *passphrase, UNIBOS_LANG="tr")
    assert (wrong.returncode, "bu yedeğinki değil" in wrong.stderr) == (4, True)
    assert run(data, "backup", "drill", usb, "--key-file", key).returncode == 0
    assert run(data, "backup", "verify", usb, "--key-file", key, "--deep").returncode == 0
    piece = next((tmp_path / "usb" / "objects").glob("*/*"))
    sealed = piece.read_bytes()
    piece.write_bytes(sealed[:-1] + bytes([sealed[-1] ^ 1]))
    broken = run(data, "backup", "verify", usb, "--key-file", key, "--deep", "--json")
    assert broken.returncode == 10
    assert [one["code"] for one in json.loads(broken.stdout)["findings"]] == ["backup_damaged"]
    elsewhere = run(tmp_path / "new", "backup", "restore", usb, "--key-file", key)
    assert (elsewhere.returncode, "[backup_damaged]" in elsewhere.stderr) == (10, True)
    (tmp_path / "usb" / "snapshots" / "2.age").write_bytes(b"")
    listed = run(data, "backup", "list", usb, "--key-file", key)
    assert [line.split()[:2] for line in listed.stdout.splitlines()][1] == ["2", "damaged"]
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(
    ("options", "code", "name"),
    [
        ([], 2, "passphrase_missing"),
        (["--passphrase-stdin"], 2, "passphrase_missing"),
        (["--key-file", "k", "--passphrase-stdin"], 2, "usage"),
        (["--passphrase-file", "short"], 2, "passphrase_too_short"),
        (["--passphrase-file", "none"], 1, "system_error"),
    ],
)
def test_secrets_that_will_not_do(tmp_path, options, code, name):
    data = tmp_path / "data"
    with Server(data):
        pass
    (tmp_path / "short").write_text("short\n")
    done = run(data, "backup", "create", str(tmp_path / "usb"), "--init", *options, "--json")
    assert (done.returncode, json.loads(done.stderr)["code"]) == (code, name)
    assert not (tmp_path / "usb").exists()
