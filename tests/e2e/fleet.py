"""A hub and nodes as real processes, each in a network namespace of its own.

What they store is asked over their local sockets, which no namespace is in the way of.
"""

import hashlib
import time
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from pathlib import Path

import httpx2

from tests.e2e.namespaces import Network
from tests.e2e.server import PASSWORD, PATIENCE, Server, run
from unibos.base.local_socket import address_of

MORTAL = str(Path(__file__).with_name("mortal.py"))
QUICK = {"UNIBOS_HUB_HEARTBEAT_SECONDS": "1", "UNIBOS_HUB_LATE_SECONDS": "3"}
_PORTS = {"hub": 8000, "node": 8001}
_SOCKETS = {"hub": "hub.sock", "node": "unibos.sock"}


class Host:
    """One instance, which may be started again and again.

    :param role: ``hub`` or ``node``.
    :param environ: settings, for every start.
    """

    def __init__(
        self, network: Network, name: str, folder: Path, role: str, environ: dict[str, str]
    ) -> None:
        self.name, self.role = name, role
        self.data = folder / name / "data"
        self.data.parent.mkdir(exist_ok=True)
        self._before = network.inside(name)
        self._where = network.address(name)
        self._environ = environ
        self._held = ExitStack()
        self._own: httpx2.Client | None = None
        self.doomed = False
        self.errors: list[str] = []
        self.server: Server | None = None

    def launch(self, doom: str = "") -> None:
        """Start it, and do not wait for it.

        :param doom: a crash point, and the how manieth time at it the process dies.
        """
        flag = "--hub-" if self.role == "hub" else "--"
        options = (f"{flag}host", self._where, f"{flag}port", str(_PORTS[self.role]))
        environ = self._environ | ({"MORTAL_POINT": doom} if doom else {})
        self.doomed = bool(doom)
        self.server = Server(
            self.data,
            *options,
            roles=(self.role,),
            program=MORTAL,
            before=self._before,
            **environ,
        )

    def ready(self) -> None:
        """Wait until it takes requests."""
        self.server.logged(f"{self.role} is ready")

    def kill(self) -> None:
        """End it without a warning."""
        if self.server is not None:
            self.server.kill()
            self.errors += self.server.errors
            self.server = None

    def kill_if_doomed(self) -> None:
        """Have it be one that lives on."""
        if self.server is not None and (self.doomed or self.server.over):
            self.kill()
        if self.server is None:
            self.launch()

    def local(self) -> httpx2.Client:
        """Over the local socket, as root; whoever asks for it closes it."""
        held = ExitStack()
        socket = held.enter_context(address_of(self.data / _SOCKETS[self.role]))
        client = httpx2.Client(
            transport=httpx2.HTTPTransport(uds=socket), base_url="http://local", timeout=PATIENCE
        )
        self._held.push(held)
        return client

    def _client(self) -> httpx2.Client:
        """For the test's own thread."""
        if self._own is None:
            self._own = self._held.enter_context(self.local())
        return self._own

    def ask(self, path: str, **query: object) -> dict:
        """What a GET answers."""
        answer = self._client().get(f"/api/v1/{path}", params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def every(self, path: str, **query: object) -> list[dict]:
        """All items of a list, page by page."""
        found, more = [], {}
        while True:
            page = self.ask(path, limit=200, **query, **more)
            found += page["items"]
            if not page["next"]:
                return found
            more = {"cursor": page["next"]}

    def export(self, collection: str, reach: str) -> None:
        """Say how far a collection travels from here."""
        said = {"collection": collection, "export": reach}
        answer = self._client().put("/api/v1/export", json=said)
        assert answer.status_code == 200, answer.text

    def state(self, collections: Iterable[str]) -> dict[str, dict]:
        """Every record, by collection and id."""
        return {
            f"{name}/{one['id']}": {key: one[key] for key in ("data", "created_at", "updated_at")}
            for name in collections
            for one in self.every(f"collections/{name}/records")
        }

    def blob(self, sha256: str) -> str:
        """The hash of a blob's bytes as they are read here; else the status of the answer."""
        answer = self._client().get(f"/api/v1/blobs/{sha256}")
        if answer.status_code != 200:
            return str(answer.status_code)
        return hashlib.sha256(answer.content).hexdigest()

    def events(self) -> list[str]:
        """What its log has said of sync's modes, since its last start."""
        return [line for line in self.server.lines if '"sync: ' in line]

    def close(self) -> None:
        """End it for good."""
        self.kill()
        self._held.close()


class Fleet:
    """Hubs and nodes on one network, all started.

    :param nodes: the settings of each, by name.
    """

    def __init__(
        self, folder: Path, network: Network, hubs: tuple[str, ...], nodes: dict[str, dict]
    ) -> None:
        self.network = network
        self.hubs = {
            name: Host(network, name, folder, "hub", QUICK | {"UNIBOS_HUB_NAME": name})
            for name in hubs
        }
        self.nodes = {
            name: Host(network, name, folder, "node", environ) for name, environ in nodes.items()
        }

    @property
    def hosts(self) -> list[Host]:
        return [*self.hubs.values(), *self.nodes.values()]

    def __enter__(self):
        for host in self.hosts:
            host.launch()
        try:
            for host in self.hosts:
                host.ready()
            for hub in self.hubs.values():
                self._set_up(hub)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        for host in self.hosts:
            host.close()

    def _set_up(self, hub: Host) -> None:
        asked = {"email": "owner@example.org", "name": "Owner", "password": PASSWORD}
        code = (hub.data / "setup-code").read_text().strip()
        with hub.local() as client:
            answer = client.post("/api/v1/setup", json=asked | {"setup_code": code})
        assert answer.status_code == 201, answer.text

    def join(self, node: str, hub: str, *also: str) -> None:
        """Join with a token of the hub, from the node's own command line."""
        with self.hubs[hub].local() as client:
            made = client.post("/api/v1/tokens", json={"label": node})
        assert made.status_code == 201, made.text
        words = ("join", made.json()["token"], "--yes", "--json", "--name", node, *also)
        done = run(self.nodes[node].data, *words)
        assert done.returncode == 0, done.stderr


def until(asked: Callable[[], object], seconds: float, told: Callable[[], object] = str) -> object:
    """Ask until the answer is true; ``told`` says more where it never is."""
    end = time.monotonic() + seconds
    while True:
        try:
            found = asked()
        except httpx2.TransportError as error:
            found, trouble = None, error
        else:
            trouble = None
        if found:
            return found
        assert time.monotonic() < end, f"it never came true ({trouble}): {told()}"
        time.sleep(0.1)
