"""A hub, a node that joined it, and workers of both, as processes that die and start again."""

import contextlib
import gc
import random
import signal
import socket
import sqlite3
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx2

from tests.e2e.server import PASSWORD, PATIENCE, Server, run
from unibos.base.local_socket import address_of

MORTAL = str(Path(__file__).with_name("mortal.py"))
_LEASE_S = 15
"""A claim that is answered by a source that dies is in nobody's hands for so long."""
_SOCKETS = {"hub": "hub.sock", "node": "unibos.sock", "worker": "worker.sock"}


class Machine:
    """One process in all of its lives.

    :param options: words of its command line, and ``environ`` its settings, for every start.
    """

    def __init__(self, name: str, folder: Path, role: str, *options: str, **environ: str) -> None:
        self.name, self.role = name, role
        self.data = folder / name / "data"
        self.data.parent.mkdir()
        self._options, self._environ = options, environ
        self.server: Server | None = None
        self.errors: list[str] = []
        self.doomed = False

    def launch(self, doom: str = "") -> None:
        """Start it, and do not wait for it.

        :param doom: a crash point, and the how manieth time at it the process dies.
        """
        self.doomed = bool(doom)
        environ = self._environ | ({"MORTAL_POINT": doom} if doom else {})
        self.server = Server(
            self.data, *self._options, roles=(self.role,), program=MORTAL, **environ
        )

    def ready(self) -> None:
        """Wait until it works."""
        self.server.logged(f'"{self.role} is ready"')

    @property
    def dead(self) -> bool:
        """Whether it does not run."""
        return self.server is None or self.server.over

    def kill(self) -> None:
        """End it without a warning."""
        if self.server is not None:
            self.server.kill()
            self._buried()

    def spare(self) -> None:
        """Have it be one that lives on, and works."""
        if self.dead or self.doomed:
            self.kill()
            self.launch()
        self.ready()

    def stop(self) -> int:
        """End it as a service manager does; its exit code."""
        if self.server is None:
            return 0
        self.server.signal(signal.SIGTERM)
        code = self.server.ended()
        self._buried()
        return code

    def _buried(self) -> None:
        if self.server.errors:
            lines = self.server.lines
            self.errors += lines[lines.index(self.server.errors[0]) :]
        self.server = None

    @contextlib.contextmanager
    def local(self) -> Iterator[httpx2.Client]:
        """Over its local socket."""
        with address_of(self.data / _SOCKETS[self.role]) as place:
            transport = httpx2.HTTPTransport(uds=place)
            with httpx2.Client(
                transport=transport, base_url="http://local/api/v1", timeout=PATIENCE
            ) as client:
                yield client

    def rows(self, question: str, *values: object) -> list[tuple]:
        """What its database says, while it runs as well."""
        with contextlib.closing(sqlite3.connect(self.data / f"{self.role}.db")) as opened:
            return opened.execute(question, values).fetchall()


class Crew:
    """All machines, started; workers ``far`` and ``away`` are the hub's, ``near`` is the node's.

    :param exported: collections that may go to the hub.
    :param node: more settings of the node.
    """

    def __init__(self, folder: Path, exported: tuple[str, ...], **node: str) -> None:
        lease = {"MORTAL_LEASE": str(_LEASE_S)}
        quick = {"UNIBOS_HUB_HEARTBEAT_SECONDS": "1", "UNIBOS_HUB_LATE_SECONDS": "3"}
        hub, here = ("--hub-port", str(_free_port())), ("--port", str(_free_port()))
        self.hub = Machine("hub", folder, "hub", *hub, **quick, **lease)
        self.node = Machine("node", folder, "node", *here, UNIBOS_NODE_TLS="true", **lease, **node)
        self.far, self.away, self.near = (
            Machine(name, folder, "worker", UNIBOS_WORKER_DRAIN_SECONDS="5")
            for name in ("far", "away", "near")
        )
        self._exported = exported
        self._held = ExitStack()

    @property
    def machines(self) -> list[Machine]:
        return [self.hub, self.node, *self.workers]

    @property
    def workers(self) -> list[Machine]:
        return [self.far, self.away, self.near]

    def __enter__(self):
        with ExitStack() as stack:
            for machine in self.machines:
                stack.callback(machine.kill)
            for source in (self.hub, self.node):
                source.launch()
            for source in (self.hub, self.node):
                source.ready()
            self._assemble()
            self._held = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._held.close()

    def _assemble(self) -> None:
        code = self.hub.server.logged("Setup code: ").split()[2]
        asked = {"email": "owner@example.org", "name": "Owner", "password": PASSWORD}
        with self.hub.local() as hub:
            _ask(hub, "POST", "setup", asked | {"setup_code": code})
            token = _ask(hub, "POST", "tokens", {"label": "node"})["token"]
            self._joined(self.node, "join", token, "--yes")
            for worker in (self.far, self.away):
                self._hire(hub, worker)
        with self.node.local() as node:
            until(lambda: self._belongs(node))
            self._hire(node, self.near)
            for collection in self._exported:
                _ask(node, "PUT", "export", {"collection": collection, "export": "hub"})
        for worker in self.workers:
            worker.launch()
        for worker in self.workers:
            worker.ready()

    def _hire(self, source: httpx2.Client, worker: Machine) -> None:
        token = _ask(source, "POST", "tokens", {"role": "worker"})["token"]
        self._joined(worker, "worker", "join", token, "--name", worker.name)

    def _joined(self, who: Machine, *words: str) -> None:
        done = run(who.data, *words, "--json")
        assert done.returncode == 0, done.stderr

    def _belongs(self, node: httpx2.Client) -> bool:
        """Whether the node has started anew as one of the hub's."""
        return node.get("http://local/health").json().get("online", False)

    def revive(self) -> None:
        """Start what has died."""
        for machine in self.machines:
            if machine.dead:
                machine.kill()
                machine.launch()


class Fate:
    """Deaths, in an order of chance: each machine is killed, the hub is stopped as well, and some
    lives end at a crash point.

    :param points: crash points by role.
    :param dooms: how many lives end so.
    """

    def __init__(
        self, crew: Crew, chance: random.Random, points: dict[str, tuple[str, ...]], dooms: int
    ) -> None:
        self._crew = crew
        self._chance = chance
        ends = [("kill", machine) for machine in crew.machines] + [("stop", crew.hub)]
        for _ in range(dooms):
            machine = chance.choice([*crew.machines, *crew.workers])
            point = chance.choice(points[machine.role])
            # Everything that is written passes the writer's.
            passes = chance.randint(1, 30 if point.startswith("writer.") else 3)
            ends.append((f"{point} {passes}", machine))
        chance.shuffle(ends)
        self._ends = ends
        self.told = [f"{end} ({machine.name})" for end, machine in ends]

    def __iter__(self) -> Iterator[None]:
        """Bring one end after the other."""
        for end, machine in self._ends:
            self._crew.revive()
            time.sleep(self._chance.uniform(0.2, 2.5))
            if end == "stop":
                machine.stop()
            else:
                machine.kill()
            if end not in ("stop", "kill"):
                machine.launch(end)
            yield


def until(asked: Callable[[], object], seconds: float = PATIENCE) -> object:
    """Ask until the answer is true; who is asked may die of it."""
    end = time.monotonic() + seconds
    with warnings.catch_warnings():
        # The client forgets to close a Unix socket that refuses it.
        warnings.simplefilter("ignore", ResourceWarning)
        while True:
            with contextlib.suppress(httpx2.TransportError, OSError):
                if found := asked():
                    return found
            gc.collect()
            assert time.monotonic() < end, "it never came true"
            time.sleep(0.1)


def processes(folder: Path) -> list[str]:
    """Processes whose settings name a folder, by their command lines."""
    found, name = [], str(folder).encode()
    for place in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if name in (place / "environ").read_bytes():
                found.append((place / "cmdline").read_bytes().replace(b"\0", b" ").decode())
    return found


def _ask(client: httpx2.Client, verb: str, path: str, said: object) -> dict:
    answer = client.request(verb, f"/{path}", json=said)
    assert answer.is_success, answer.text
    return answer.json()


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]
