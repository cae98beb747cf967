"""Two nodes and the hub between them, in the words of UNIBOS and of PouchDB Server.

Notes are loaded on the first node, travel to the hub and from there to the second node. Both ways
lead through a :class:`Tap`, which counts what passes.
"""

import json
import shutil
import time
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path

import peers
import process
from notes import Note
from servers import HOST, REPOSITORY, Client, Server, ServerError, free_port
from tap import Tap

COLLECTION = "bench_notes"
LOAD = 500
FRESH = 100_000
"""So many are loaded with one access token."""
PATIENCE_S = 3600.0


class Trio(ABC):
    """A first node, a hub and a second node.

    :ivar tap: all that goes between the nodes and the hub passes here.
    """

    name: str
    tap: Tap

    @abstractmethod
    def start(self) -> None:
        """Start all three, joined and empty."""

    @abstractmethod
    def load(self, notes: Sequence[Note]) -> None:
        """Store notes on the first node, while nothing is replicated."""

    @abstractmethod
    def give(self) -> None:
        """Have the first node's changes at the hub; returns when they are there."""

    @abstractmethod
    def take(self) -> None:
        """Have the hub's changes at the second node; returns when they are there."""

    @abstractmethod
    def count(self) -> int:
        """How many notes the second node has."""

    @abstractmethod
    def servers(self) -> dict[str, Server]:
        """All three, by what they are."""

    @abstractmethod
    def stored_bytes(self) -> dict[str, int]:
        """What each takes on the disk."""

    def stop(self) -> None:
        """Stop all."""
        for server in self.servers().values():
            server.stop()
        self.tap.close()


class Unibos(Trio):
    """UNIBOS: a collection with export ``hub`` on both nodes; rounds on command only."""

    name = "unibos"

    def __init__(self, folder: Path, *options: str) -> None:
        for role in ("hub", "first", "second"):
            (folder / role).mkdir(parents=True)
        self._folder = folder
        self._options = options
        self._hub = peers.Unibos(folder / "hub", "--no-hub-tls", *options, roles=("hub",))
        self.tap = Tap(self._hub.server.address)
        self._nodes = [self._node(folder / name) for name in ("first", "second")]

    def _node(self, folder: Path) -> peers.Unibos:
        node = peers.Unibos(folder, *self._options)
        through = f"UNIBOS_HUBS={self.tap.url}"
        node.server.command = ["env", through, *node.server.command]
        return node

    def start(self) -> None:
        self._hub.server.start()
        self._hub.set_up()
        for node in self._nodes:
            node.server.start()
            node.prepare()
            made = self._hub.client.call("POST", "/api/v1/tokens", {"label": "bench"})
            node.client.call("POST", "/api/v1/hub/join", {"token": made["token"]})
            _until_online(node)
            node.client.call("POST", "/api/v1/sync/pause")
            wanted = {"collection": COLLECTION, "export": "hub"}
            node.client.call("PUT", "/api/v1/export", wanted)
            node.client = Client(node.server.address, PATIENCE_S)
            node.sign_in()

    def load(self, notes: Sequence[Note]) -> None:
        first, second = self._nodes
        for start in range(0, len(notes), FRESH):
            first.sign_in()
            first.preload(notes[start : start + FRESH])
        _sign_in_anew(second)

    def give(self) -> None:
        self._round(self._nodes[0])

    def take(self) -> None:
        self._round(self._nodes[1])

    def count(self) -> int:
        second = self._nodes[1]
        _sign_in_anew(second)
        return int(second.client.call("GET", "/api/v1/status")["records"][COLLECTION])

    def servers(self) -> dict[str, Server]:
        first, second = self._nodes
        return {"first": first.server, "hub": self._hub.server, "second": second.server}

    def stored_bytes(self) -> dict[str, int]:
        names = {"first": "node", "hub": "hub", "second": "node"}
        return {
            place: sum(
                file.stat().st_size for file in (self._folder / place / "data").glob(f"{name}.db*")
            )
            for place, name in names.items()
        }

    def _round(self, node: peers.Unibos) -> None:
        _reconnect(node)
        for peer in node.client.call("POST", "/api/v1/sync/now")["peers"]:
            if peer["error"] is not None:
                raise ServerError(f"a round failed: {peer}")


def _sign_in_anew(node: peers.Unibos) -> None:
    """Over a connection of its own: the server closes one that waited for a while."""
    node.client = Client(node.server.address, PATIENCE_S)
    node.sign_in()


def _reconnect(node: peers.Unibos) -> None:
    """A fresh connection with the same token."""
    token = node.client.token
    node.client.close()
    node.client = Client(node.server.address, PATIENCE_S)
    node.client.token = token


def _until_online(node: peers.Unibos) -> None:
    """A node starts anew when it has joined; then its owner logs in again."""
    end = time.monotonic() + 30
    while time.monotonic() < end:
        try:
            node.client = Client(node.server.address)
            node.sign_in()
            if node.client.call("GET", "/api/v1/hub")["online"]:
                return
        except (OSError, ServerError):
            pass
        time.sleep(0.1)
    raise ServerError("the node did not join")


class PouchDb(Trio):
    """PouchDB Server on LevelDB: three of them, and its replicator on each node.

    :param program: its executable, from the npm package ``pouchdb-server``.
    """

    name = "pouchdb-server"

    def __init__(self, folder: Path, program: str) -> None:
        self._folder = folder
        self._servers = {}
        for place in ("first", "hub", "second"):
            home = folder / place
            (home / "data").mkdir(parents=True)
            port = free_port()
            serve = [program, "--port", str(port), "--host", HOST, "--dir", str(home / "data")]
            settings = home / "config.json"
            settings.write_text(json.dumps({"log": {"file": str(home / "server.txt")}}))
            quiet = ["--no-stdout-logs", "--config", str(settings)]
            self._servers[place] = Server([*serve, *quiet], port, "/", home / "log")
        self.tap = Tap(self._servers["hub"].address)
        self._clients: dict[str, Client] = {}

    def start(self) -> None:
        for place, server in self._servers.items():
            server.start()
            self._clients[place] = Client(server.address, PATIENCE_S)
            self._clients[place].call("PUT", f"/{COLLECTION}")

    def load(self, notes: Sequence[Note]) -> None:
        for start in range(0, len(notes), LOAD):
            docs = {"docs": list(notes[start : start + LOAD])}
            self._clients["first"].call("POST", f"/{COLLECTION}/_bulk_docs", docs)

    def give(self) -> None:
        self._replicate("first", {"source": COLLECTION, "target": f"{self.tap.url}/{COLLECTION}"})

    def take(self) -> None:
        self._replicate("second", {"source": f"{self.tap.url}/{COLLECTION}", "target": COLLECTION})

    def count(self) -> int:
        client = Client(self._servers["second"].address)
        found = client.call("GET", f"/{COLLECTION}")["doc_count"]
        client.close()
        return int(found)

    def servers(self) -> dict[str, Server]:
        return self._servers

    def stored_bytes(self) -> dict[str, int]:
        return {
            place: sum(file.stat().st_size for file in (self._folder / place).rglob("*.*"))
            for place in self._servers
        }

    def _replicate(self, place: str, wanted: dict[str, str]) -> None:
        # A connection of its own: the server closes one that waited for a while.
        client = Client(self._servers[place].address, PATIENCE_S)
        done = client.call("POST", "/_replicate", wanted)
        client.close()
        if not done.get("ok"):
            raise ServerError(f"a replication failed: {done}")


def pouchdb_program(given: str) -> str:
    """Where PouchDB Server's executable is.

    :raises ServerError: when it is not there.
    """
    found = shutil.which(given) or shutil.which(str(REPOSITORY / given))
    if found is None:
        raise ServerError("pouchdb-server is missing: npm install pouchdb-server, then --pouchdb")
    return found


def forget_peak(server: Server) -> None:
    """Count the peak of its memory anew (proc(5), ``clear_refs``)."""
    for member in process.family(server.pid):
        Path(f"/proc/{member}/clear_refs").write_text("5")


def peak_mib(server: Server) -> float:
    """The highest resident memory since it was counted anew."""
    text = Path(f"/proc/{server.pid}/status").read_text()
    line = next(line for line in text.splitlines() if line.startswith("VmHWM"))
    return round(int(line.split()[1]) / 1024, 1)
