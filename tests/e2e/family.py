"""A hub with its orgs and nodes as real processes, for stories that are told over their sockets."""

import contextlib
import json
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import httpx2

from tests.e2e.server import PASSWORD, PATIENCE, Server, run

LOGIN = "/api/v1/auth/login"
QUICK = {"UNIBOS_HUB_HEARTBEAT_SECONDS": "1", "UNIBOS_HUB_LATE_SECONDS": "3"}


class Household:
    """One hub, and the nodes that joined it.

    :param folder: where each gets a folder of its own.
    """

    def __init__(self, folder: Path, held: ExitStack) -> None:
        self._folder, self._held = folder, held
        self._port = "0"
        self.start_hub()
        self.owner = held.enter_context(self.hub.set_up())

    def start_hub(self) -> None:
        """Start the hub, again on the same port."""
        options = ("--hub-port", self._port)
        place = self._folder / "hub" / "data"
        place.parent.mkdir(exist_ok=True)
        self.hub = self._held.enter_context(Server(place, *options, roles=("hub",), **QUICK))
        self._port = self.hub.url.rpartition(":")[2]

    def start_node(self, name: str) -> Server:
        """A node of its own, that knows no hub yet or joined it before."""
        place = self._folder / name / "data"
        place.parent.mkdir(exist_ok=True)
        return self._held.enter_context(Server(place))

    def token(self, org_owner: httpx2.Client) -> str:
        """What one node may join the owner's org with."""
        made = org_owner.post("/api/v1/tokens", json={"label": "test"})
        assert made.status_code == 201, made.text
        return made.json()["token"]

    def join(self, node: Server, org_owner: httpx2.Client) -> dict:
        """Join a node to an org from its own command line; what the command says."""
        done = run(node.data, "join", self.token(org_owner), "--yes", "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def org(self, name: str, email: str) -> httpx2.Client:
        """Another org; its owner, who was invited."""
        made = self.owner.post("/api/v1/orgs", json={"name": name, "owner": email})
        assert made.status_code == 201, made.text
        return self.accept(made.json()["invitation"]["secret"])

    def member(self, org_owner: httpx2.Client, email: str, role: str = "member") -> httpx2.Client:
        """A new member of the owner's org."""
        made = org_owner.post("/api/v1/invitations", json={"email": email, "role": role})
        assert made.status_code == 201, made.text
        return self.accept(made.json()["secret"])

    def accept(self, secret: str) -> httpx2.Client:
        """Accept an invitation, logged in."""
        said = {"invitation": secret, "name": "Somebody", "password": PASSWORD}
        with self.hub.client() as nobody:
            answer = nobody.post("/api/v1/invitations/accept", json=said)
        assert answer.status_code == 200, answer.text
        return self._held.enter_context(self.hub.client(answer.json()["access_token"]))


def log_in(server: Server, email: str, password: str = PASSWORD) -> httpx2.Response:
    """A login, whatever comes of it."""
    with server.client() as nobody:
        return nobody.post(LOGIN, json={"email": email, "password": password})


def refresh(server: Server, login: dict) -> httpx2.Response:
    """An exchange of a login's refresh token, whatever comes of it."""
    with server.client() as nobody:
        said = {"refresh_token": login["refresh_token"]}
        return nobody.post("/api/v1/auth/refresh", json=said)


def online(server: Server) -> bool:
    """Whether a node says that its hub is within reach; one that is starting anew does not."""
    with server.client() as nobody:
        return nobody.get("/health").json().get("online", False)


def until(asked: Callable[[], object]) -> object:
    """Ask until the answer is true; what nodes hear from their hub takes them a moment, and one
    whose place there changed starts anew."""
    end = time.monotonic() + PATIENCE
    while True:
        with contextlib.suppress(httpx2.TransportError):
            found = asked()
            if found:
                return found
        assert time.monotonic() < end, "it never came true"
        time.sleep(0.05)
