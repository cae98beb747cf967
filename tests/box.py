"""Whole nodes and hubs in threads of the test's process, asked over real sockets."""

import asyncio
import threading
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx2
from msgspec.structs import replace

from unibos.base.config import load
from unibos.base.local_socket import address_of
from unibos.roles.hub import hub as make_hub
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
    running: "Running" = None
    hub: "Box" = None
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

    def join(self, token: str) -> dict:
        """On a node: join the hub that the token is from; its place there, once it has settled."""
        before = self.running.lives
        answer = self.local().post("/api/v1/hub/join", json={"token": token})
        assert answer.status_code == 202, answer.text
        self.running.lived(before + 1)
        return self.local().get("/api/v1/hub").json()

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

    role, roles, socket = "node", "", "unibos.sock"

    def __init__(self, folder: Path, settings: dict | None = None) -> None:
        flags = {
            "data": str(folder),
            "role": self.roles or self.role,
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
        self._lives, self.lives = threading.Condition(), 0

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
            with self._lives:
                self._lives.notify_all()

    async def _serve(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        async with self._beside() as hub:
            while not self._stop.is_set():
                await self._live(hub)

    async def _live(self, hub) -> None:
        """One life of the role, until the stop or until it starts anew."""
        again = asyncio.Event()
        async with self._role(hub, again.set) as running:
            self._tell(running)
            ends = [asyncio.ensure_future(end.wait()) for end in (again, self._stop)]
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
            for end in ends:
                end.cancel()

    def _tell(self, running) -> None:
        with self._lives:
            self.lives += 1
            if self.lives == 1:
                self.box = Box(
                    Path(self._config.data), running.address, running.setup_code, self.socket
                )
                port = running.address.rpartition(":")[2]
                section = replace(getattr(self._config, self.role), port=int(port))
                self._config = replace(self._config, **{self.role: section})
                self.box.running = self
                self._tell_beside()
            self._lives.notify_all()
        self._started.set()

    def _tell_beside(self) -> None:
        """What else is there belongs to the box before anybody gets it."""

    def lived(self, life: int) -> None:
        """Wait until the role has started so often."""
        with self._lives:
            assert self._lives.wait_for(lambda: self.lives >= life or self._failure, 60)
        if self._failure is not None:
            raise self._failure

    @asynccontextmanager
    async def _beside(self):
        yield None

    def _role(self, hub, restart):
        return node(self._config, hub=hub, restart=restart)


class RunningHub(Running):
    """Runs a hub in the same way, over plain HTTP on loopback."""

    role, socket = "hub", "hub.sock"

    def _role(self, hub, restart):
        return make_hub(self._config)


class RunningBoth(Running):
    """Runs a hub and a node; the box is the node's, its ``hub`` is the hub's."""

    roles = "hub,node"

    @asynccontextmanager
    async def _beside(self):
        async with make_hub(self._config) as running:
            self._hub = running
            yield running

    def _tell_beside(self) -> None:
        hub = self._hub
        self.box.hub = Box(self.box.folder, hub.address, hub.setup_code, "hub.sock")
        self.box.held.callback(self.box.hub.held.close)
