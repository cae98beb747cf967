"""Whole nodes and hubs in threads of the test's process, asked over real sockets."""

import asyncio
import threading
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import httpx2

from unibos.base.config import load
from unibos.base.local_socket import address_of
from unibos.roles.hub import hub
from unibos.roles.node import node

PASSWORD = "correct horse battery"


@dataclass
class Box:
    """A running node or hub, and ways to ask it."""

    folder: Path
    url: str
    setup_code: str
    socket: str = "unibos.sock"
    owner: httpx2.Client = None
    login: dict = None
    held: ExitStack = field(default_factory=ExitStack)

    def client(self, token: str | None = None) -> httpx2.Client:
        headers = {"authorization": f"Bearer {token}"} if token else {}
        return self.held.enter_context(
            httpx2.Client(base_url=self.url, headers=headers, timeout=30)
        )

    def local(self) -> httpx2.Client:
        """Over the local socket, as the user who runs the tests."""
        socket = self.held.enter_context(address_of(self.folder / self.socket))
        transport = httpx2.HTTPTransport(uds=socket)
        client = httpx2.Client(transport=transport, base_url="http://local", timeout=30)
        return self.held.enter_context(client)

    def member(self, role: str, email: str) -> httpx2.Client:
        """A new user of this role, logged in."""
        asked = {"email": email, "name": role, "password": PASSWORD, "role": role}
        self.owner.post("/api/v1/users", json=asked).raise_for_status()
        return self.client(self.log_in(email)["access_token"])

    def log_in(self, email: str, password: str = PASSWORD) -> dict:
        """The tokens of a new session."""
        said = {"email": email, "password": password}
        answer = self.client().post("/api/v1/auth/login", json=said)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def set_up(self) -> None:
        """Make the owner, and log in as the owner."""
        asked = {
            "setup_code": self.setup_code,
            "email": "owner@example.org",
            "name": "Owner",
            "password": PASSWORD,
        }
        answer = self.client().post("/api/v1/setup", json=asked)
        assert answer.status_code == 201, answer.text
        self.login = answer.json()
        self.owner = self.client(self.login["access_token"])

    def join_token(self, asker: httpx2.Client | None = None, **wanted: object) -> str:
        """On a hub: the string that a node joins the asker's org with."""
        answer = (asker or self.owner).post("/api/v1/tokens", json=wanted)
        assert answer.status_code == 201, answer.text
        return answer.json()["token"]

    def second_org(self, name: str, email: str) -> "Tenant":
        """On a hub: another org, whose owner has just accepted the invitation."""
        asked = {"name": name, "owner": email}
        made = self.owner.post("/api/v1/orgs", json=asked)
        assert made.status_code == 201, made.text
        return self.accept(made.json()["invitation"]["secret"])

    def accept(self, invitation: str, password: str = PASSWORD) -> "Tenant":
        """On a hub: become a member of the org that somebody invites into."""
        said = {"invitation": invitation, "name": "Invited", "password": password}
        answer = self.client().post("/api/v1/invitations/accept", json=said)
        assert answer.status_code == 200, answer.text
        login = answer.json()
        return Tenant(login["user"]["org"], login, self.client(login["access_token"]))


@dataclass
class Tenant:
    """A member of an org of a hub, logged in."""

    org: str
    login: dict
    client: httpx2.Client


class Running:
    """Runs a node on an event loop of its own thread.

    :param settings: by their names with dots, such as ``{"documents.max_mb": 1}``.
    """

    role, socket = "node", "unibos.sock"

    def __init__(self, folder: Path, settings: dict | None = None) -> None:
        flags = {
            "data": str(folder),
            "role": self.role,
            "node.host": "127.0.0.1",
            "node.port": "0",
            "hub.host": "127.0.0.1",
            "hub.port": "0",
            # On loopback nothing is lost by it, and the tests are faster.
            "hub.tls": "false",
            "board.profile": "edge",
            "http.stop_seconds": "3",
        }
        flags |= {key: str(value) for key, value in (settings or {}).items()}
        self._config = load(flags, {}, None)
        self._started = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._failure: BaseException | None = None

    def __enter__(self) -> Box:
        self._thread.start()
        self._started.wait()
        if self._failure is not None:
            raise self._failure
        return self.box

    def __exit__(self, *_: object) -> None:
        self.box.held.close()
        self.stop()

    def stop(self) -> None:
        """Stop it as a signal would, and wait for its end."""
        if not self._thread.is_alive():
            return
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()
        if self._failure is not None:
            raise self._failure

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except BaseException as error:  # noqa: BLE001 - it is raised in the thread that waits
            self._failure = error
            self._started.set()

    async def _serve(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        async with self._role() as running:
            self.box = Box(
                Path(self._config.data), running.address, running.setup_code, self.socket
            )
            self._started.set()
            await self._stop.wait()

    def _role(self):
        return node(self._config)


class RunningHub(Running):
    """Runs a hub in the same way, over plain HTTP on loopback."""

    role, socket = "hub", "hub.sock"

    def _role(self):
        return hub(self._config)
