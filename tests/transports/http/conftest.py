"""A whole node in a thread of the test's process, asked over real sockets."""

import asyncio
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx2
import pytest

from unibos.base.config import load
from unibos.roles.node import node

PASSWORD = "correct horse battery"


@dataclass
class Box:
    """A running node and ways to ask it."""

    folder: Path
    url: str
    setup_code: str
    owner: httpx2.Client = None
    login: dict = None
    opened: list = field(default_factory=list)

    def client(self, token: str | None = None) -> httpx2.Client:
        headers = {"authorization": f"Bearer {token}"} if token else {}
        return self._opened(httpx2.Client(base_url=self.url, headers=headers, timeout=30))

    def local(self) -> httpx2.Client:
        transport = httpx2.HTTPTransport(uds=str(self.folder / "unibos.sock"))
        client = httpx2.Client(transport=transport, base_url="http://local", timeout=30)
        return self._opened(client)

    def _opened(self, client: httpx2.Client) -> httpx2.Client:
        self.opened.append(client)
        return client

    def member(self, role: str, email: str) -> httpx2.Client:
        asked = {"email": email, "name": role, "password": PASSWORD, "role": role}
        self.owner.post("/api/v1/users", json=asked).raise_for_status()
        said = {"email": email, "password": PASSWORD}
        login = self.client().post("/api/v1/auth/login", json=said)
        return self.client(login.json()["access_token"])


class Running:
    """Runs a node on an event loop of its own thread."""

    def __init__(self, folder: Path, **settings: object) -> None:
        flags = {
            "data": str(folder),
            "node.host": "127.0.0.1",
            "node.port": "0",
            "board.profile": "edge",
            "http.stop_seconds": "3",
        }
        self._config = load(flags | {key: str(value) for key, value in settings.items()}, {}, None)
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
        for client in self.box.opened:
            client.close()
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except BaseException as error:
            self._failure = error
            self._started.set()

    async def _serve(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        async with node(self._config) as running:
            self.box = Box(Path(self._config.data), running.address, running.setup_code)
            self._started.set()
            await self._stop.wait()


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Box]:
    """A node whose owner is logged in."""
    with Running(tmp_path_factory.mktemp("box")) as running:
        asked = {
            "setup_code": running.setup_code,
            "email": "owner@example.org",
            "name": "Owner",
            "password": PASSWORD,
        }
        answer = running.client().post("/api/v1/setup", json=asked)
        assert answer.status_code == 201, answer.text
        running.login = answer.json()
        running.owner = running.client(running.login["access_token"])
        yield running


@pytest.fixture(scope="module")
def owner(box: Box) -> httpx2.Client:
    return box.owner
