"""What whole processes leave behind: in their logs at debug level, in the list of processes, on the
disk; and what of it attackers can write."""

import json
import os
import stat
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.attacks.conftest import nobody
from tests.e2e.family import refresh, until
from tests.e2e.server import PASSWORD, Server, run

pytestmark = pytest.mark.e2e

DEBUG = {"UNIBOS_LOG_LEVEL": "debug", "UNIBOS_HUB_HEARTBEAT_SECONDS": "1"}
NEW_PASSWORD = "violet umbrella 9 gravel"
WRONG_PASSWORD = "turquoise ladder 7 basalt"
OWNER = "owner@example.org"


class Story:
    """Everything that is secret in one session, gathered while it is used."""

    def __init__(self, folder, held):
        self.secrets, self.held = {PASSWORD, NEW_PASSWORD, WRONG_PASSWORD}, held
        for name in ("hub", "node"):
            (folder / name).mkdir()
        self.hub = held.enter_context(Server(folder / "hub/data", roles=("hub",), **DEBUG))
        self.node = held.enter_context(Server(folder / "node/data", **DEBUG))

    def ask(self, server, method, path, token="", **body):
        with server.client(token) as client:
            answer = client.request(method, path, json=body or None)
        if answer.headers.get("content-type", "").startswith("application/json"):
            self.keep(answer.json())
        return answer

    def keep(self, said):
        """Note what an answer holds that nobody else may have."""
        for name, value in said.items():
            if name in ("access_token", "refresh_token", "secret", "token", "id_token"):
                self.secrets.add(value)
                self.secrets.add(value.rpartition(".")[2])

    def log_in(self, server, password=PASSWORD, email=OWNER):
        said = {"email": email, "password": password}
        return self.ask(server, "POST", "/api/v1/auth/login", **said)

    def tell(self):
        with self.hub.set_up() as owner:
            token = owner.headers["authorization"].partition(" ")[2]
        self.secrets.add(token)
        with self.node.set_up():
            pass
        made = self.ask(self.hub, "POST", "/api/v1/tokens", token, label="test").json()["token"]
        joined = run(self.node.data, "join", "--yes", made, UNIBOS_LOG_LEVEL="debug")
        assert joined.returncode == 0, joined.stderr
        assert not any(secret in joined.stdout + joined.stderr for secret in self.secrets)
        invited = self.ask(self.hub, "POST", "/api/v1/invitations", token, email="m@example.org")
        accepted = {"invitation": invited.json()["secret"], "password": PASSWORD, "name": "M"}
        self.ask(self.hub, "POST", "/api/v1/invitations/accept", **accepted)
        login = until(lambda: self.through_the_node("m@example.org"))
        for server in (self.node, self.hub):
            assert refresh(server, login).status_code in (200, 401)
        self.log_in(self.node, WRONG_PASSWORD, "m@example.org")
        self.log_in(self.hub, WRONG_PASSWORD)
        change = {"current_password": PASSWORD, "new_password": NEW_PASSWORD}
        self.ask(self.hub, "POST", "/api/v1/auth/password", token, **change)
        self.log_in(self.hub, NEW_PASSWORD)
        self.odd_requests()

    def through_the_node(self, email):
        answer = self.log_in(self.node, email=email)
        return answer.json() if answer.status_code == 200 else None

    def odd_requests(self):
        """Secrets in places where they do not belong."""
        for server in (self.hub, self.node):
            self.ask(server, "GET", f"/api/v1/me?token={PASSWORD}")
            self.ask(server, "GET", f"/{PASSWORD.replace(' ', '%20')}")
            self.ask(server, "GET", "/api/v1/me", "x" * 50 + "." + NEW_PASSWORD.replace(" ", "_"))
            self.ask(server, "POST", "/api/v1/auth/login", email=PASSWORD, password=[NEW_PASSWORD])
            self.ask(server, "POST", "/api/v1/setup", setup_code=PASSWORD)

    def codes(self):
        """The setup codes, which the log tells on purpose, once each."""
        return [server.logged("Setup code: ").split()[2] for server in (self.hub, self.node)]


@pytest.fixture(scope="module")
def story(tmp_path_factory):
    before = os.umask(0o022)
    with ExitStack() as held:
        told = Story(tmp_path_factory.mktemp("story"), held)
        told.tell()
        yield told
    os.umask(before)


def test_no_secret_is_in_a_log(story):
    for server in (story.hub, story.node):
        log = "\n".join(server.lines)
        assert '"level": "debug"' in log
        for secret in story.secrets:
            assert len(secret) >= 8
            assert secret not in log, secret
            assert secret.replace(" ", "%20") not in log
        assert "PRIVATE KEY" not in log
        assert "Traceback" not in log
        assert not server.errors


def test_the_setup_code_is_told_at_the_start_and_never_again(story):
    for server, code in zip((story.hub, story.node), story.codes(), strict=True):
        assert sum(code in line for line in server.lines) == 1
        assert not (server.data / "setup-code").exists()


def test_no_secret_is_in_the_list_of_processes(story):
    """Nor in the environment of what the servers started."""
    for server in (story.hub, story.node):
        told = [Path(f"/proc/{pid}/cmdline").read_bytes() for pid in family(server.pid)]
        told += [Path(f"/proc/{pid}/environ").read_bytes() for pid in family(server.pid)]
        for secret in story.secrets:
            assert not any(secret.encode() in text for text in told)


def family(pid):
    """A process and its children."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *map(int, children)]


def test_the_data_folder_is_for_its_owner_alone(story):
    for server in (story.hub, story.node):
        assert stat.S_IMODE(server.data.stat().st_mode) == 0o700
        for folder, folders, files in os.walk(server.data):
            for name in (*folders, *files):
                path = Path(folder) / name
                if path.is_socket():
                    # Whoever connects is asked for by the kernel; the folder keeps others away.
                    continue
                assert not stat.S_IMODE(path.lstat().st_mode) & 0o077, path


def test_no_password_or_token_lies_on_the_disk(story):
    """Databases hold what secrets are checked against, and no secret."""
    for server in (story.hub, story.node):
        for path in server.data.rglob("*"):
            if path.is_file():
                data = path.read_bytes()
                for secret in story.secrets:
                    assert secret.encode() not in data, (path, secret)


def test_nobody_writes_a_line_into_the_log(tmp_path):
    forged = '{"level": "info", "message": "forged"}'
    lines = [f"a\n{forged}@example.org", f"\r\n{forged}", "\x1b[2J\u2028forged\u0085", "\x00" * 9]
    with Server(tmp_path / "data", roles=("hub",), **DEBUG) as hub:
        hub.nobody = hub.client()
        with hub.nobody, hub.set_up() as owner:
            for line in lines:
                said = {"email": line, "password": "wrong", "org": line[:60]}
                nobody(hub).post("/api/v1/auth/login", json=said)
                owner.post("/api/v1/tokens", json={"label": line})
                owner.post("/api/v1/orgs", json={"name": line, "owner": line})
                owner.post("/api/v1/clients", json={"name": line, "redirect_uris": [line]})
                owner.delete(f"/api/v1/nodes/{line.encode().hex()}")
                nobody(hub).get("/%0a" + forged.replace(" ", "%20"))
        hub.terminate()
        hub.ended()
    told = [line for line in hub.lines if line.startswith("{")]
    assert any('"refused"' in line for line in told)
    assert all("logger" in json.loads(line) for line in told)
    assert all(line.isprintable() for line in hub.lines)
