"""A server process, from its first line of log to its end."""

import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import httpx2

import unibos as package
from tests.wire import Wire
from unibos.base.trust import only

REPOSITORY = Path(package.__file__).parents[1]
PASSWORD = "correct horse battery"
PATIENCE = 120


class Server:
    """``unibos serve`` on a data folder.

    :param roles: what it serves; a hub shows its own certificate.
    :param program: a file that is run in place of the module.
    :param before: what stands before the command, such as ``ip netns exec NAME``.
    """

    def __init__(
        self,
        data: Path,
        *options: str,
        roles: tuple[str, ...] = ("node",),
        program: str = "",
        before: tuple[str, ...] = (),
        **environ: str,
    ) -> None:
        where = [("--host", "127.0.0.1"), ("--port", "0")]
        if "hub" in roles:
            where += [("--hub-host", "127.0.0.1"), ("--hub-port", "0")]
        wanted = [("--role", role) for role in roles] + where
        self._process = subprocess.Popen(
            [
                *before,
                *command(program),
                "serve",
                *(word for pair in wanted for word in pair),
                *options,
            ],
            env=environment(data) | environ,
            cwd=data.parent,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.data, self.roles = data, roles
        self.urls: dict[str, str] = {}
        self.lines: list[str] = []
        self._arrived = threading.Condition()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def __enter__(self):
        for role in self.roles:
            self.urls[role] = json.loads(self.logged(f"{role} is ready"))["address"]
        self.url = self.urls[self.roles[0]]
        return self

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def over(self) -> bool:
        """Whether it has ended."""
        return self._process.poll() is not None

    def __exit__(self, *_: object) -> None:
        self.kill()

    def _read(self) -> None:
        for line in self._process.stderr:
            with self._arrived:
                self.lines.append(line.rstrip())
                self._arrived.notify_all()
        with self._arrived:
            self._process.stderr.close()
            self._arrived.notify_all()

    def logged(self, text: str) -> str:
        """Wait for a line of the log that holds a text."""

        def found():
            return next((line for line in self.lines if text in line), None)

        with self._arrived:
            done = lambda: found() or self._process.stderr.closed  # noqa: E731
            assert self._arrived.wait_for(done, PATIENCE), self.lines
            assert found(), self.lines
            return found()

    def set_up(self) -> httpx2.Client:
        """Make the owner, logged in."""
        code = self.logged("Setup code: ").split()[2]
        asked = {"email": "owner@example.org", "name": "Owner", "password": PASSWORD}
        with self.client() as nobody:
            answer = nobody.post("/api/v1/setup", json=asked | {"setup_code": code})
        assert answer.status_code == 201, answer.text
        return self.client(answer.json()["access_token"])

    def client(self, token: str = "", role: str = "") -> httpx2.Client:
        """Who asks this role, or the first one."""
        url = self.urls[role or self.roles[0]]
        pinned = True
        if url.startswith("https:"):
            text = (self.data / "tls.pem").read_text()
            pinned = only(text[text.index("-----BEGIN CERTIFICATE") :])
        return httpx2.Client(
            base_url=url,
            headers={"authorization": f"Bearer {token}"} if token else {},
            timeout=PATIENCE,
            verify=pinned,
        )

    def wire(self) -> Wire:
        return Wire(self.url)

    def terminate(self) -> None:
        """Ask it to stop; returns when it has heard."""
        self._process.send_signal(signal.SIGTERM)
        self.logged('"stopping"')

    def signal(self, number: int) -> None:
        """Send it a signal."""
        self._process.send_signal(number)

    def kill(self) -> None:
        """End it without a warning."""
        self._process.kill()
        self.ended()

    def ended(self) -> int:
        """Wait for its end; the exit code."""
        code = self._process.wait(PATIENCE)
        self._reader.join()
        return code

    @property
    def errors(self) -> list[str]:
        return [line for line in self.lines if '"level": "error"' in line or "Traceback" in line]


COMMAND = (sys.executable, "-m", "unibos")


def command(program: str = "") -> tuple[str, ...]:
    """What begins a command line; a program is run in place of the module."""
    return (sys.executable, program) if program else COMMAND


def environment(data: Path) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(data.parent),
        "PYTHONPATH": str(REPOSITORY),
        "UNIBOS_DATA": str(data),
        "UNIBOS_BOARD_PROFILE": "edge",
        "UNIBOS_LOG_FORMAT": "json",
    }


def run(
    data: Path, *arguments: str, program: str = "", **environ: str
) -> "subprocess.CompletedProcess[str]":
    """A command of the CLI, to its end.

    :param program: a file that is run in place of the module.
    """
    return subprocess.run(
        [*command(program), *arguments],
        env=environment(data) | environ,
        cwd=data.parent,
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
