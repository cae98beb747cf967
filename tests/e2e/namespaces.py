"""Hosts that share this machine and nothing of its network: namespaces, and wires between them."""

import json
import os
import shutil
import subprocess
import sys
from contextlib import ExitStack
from dataclasses import asdict
from functools import cache
from pathlib import Path

from tests.e2e.wires import DEVICE, Weather

_WIRES = Path(__file__).with_name("wires.py")
_PREFIX, _TUN = "unibos-test", Path("/dev/net/tun")


@cache
def missing() -> str:
    """Why there can be no namespaces here; empty where there can."""
    if os.geteuid() != 0:
        return "network namespaces need root"
    if shutil.which("ip") is None:
        return "network namespaces need the program ip (apt install iproute2)"
    if not _TUN.exists():
        return "the wires need /dev/net/tun"
    name = f"{_PREFIX}-{os.getpid()}-look"
    made = subprocess.run(["ip", "netns", "add", name], capture_output=True, text=True, check=False)
    if made.returncode:
        return f"no network namespace can be made here: {made.stderr.strip()}"
    _ip("netns", "delete", name)
    return ""


class Network:
    """Hosts by name, all on one wire, for as long as the context lasts."""

    def __init__(self, *hosts: str) -> None:
        self._hosts = hosts
        self._held = ExitStack()
        self.weather = {host: Weather() for host in hosts}

    def __enter__(self):
        with ExitStack() as stack:
            for host in self._hosts:
                _ip("netns", "add", self._namespace(host))
                stack.callback(_ip, "netns", "delete", self._namespace(host))
            wanted = [f"{self._namespace(host)}={self.address(host)}" for host in self._hosts]
            self._wires = stack.enter_context(
                subprocess.Popen(
                    [sys.executable, str(_WIRES), *wanted],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    text=True,
                )
            )
            stack.callback(self._wires.terminate)
            self._heard("ready")
            for host in self._hosts:
                self._inside(host, "addr", "add", f"{self.address(host)}/24", "dev", DEVICE)
                self._inside(host, "link", "set", "lo", "up")
                self._inside(host, "link", "set", DEVICE, "up")
            self._held = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._held.close()

    def address(self, host: str) -> str:
        """Where a host is for the others."""
        return f"10.213.0.{self._hosts.index(host) + 1}"

    def inside(self, host: str) -> tuple[str, ...]:
        """What to put before a command that is to run there."""
        return (shutil.which("ip") or "ip", "netns", "exec", self._namespace(host))

    def seed(self, number: int) -> None:
        """Have chance on the wires begin anew."""
        self._order({"seed": number})

    def change(self, host: str, **weather: float) -> None:
        """Other weather on a host's wire; what is not named is as it is when all is well."""
        self.weather[host] = Weather(**weather)
        self._order({"host": self.address(host)} | asdict(self.weather[host]))

    def unplug(self, host: str) -> None:
        """Take a host's wire out: unlike with a cut one, it knows."""
        self._inside(host, "link", "set", DEVICE, "down")

    def plug(self, host: str) -> None:
        """Put it in again."""
        self._inside(host, "link", "set", DEVICE, "up")

    def heal(self) -> None:
        """Have all be well."""
        for host in self._hosts:
            self.plug(host)
            self.change(host)

    def _order(self, asked: dict) -> None:
        self._wires.stdin.write(json.dumps(asked) + "\n")
        self._wires.stdin.flush()
        self._heard("done")

    def _heard(self, word: str) -> None:
        said = self._wires.stdout.readline().strip()
        assert said == word, f"the wires ended ({said!r})"

    def _namespace(self, host: str) -> str:
        return f"{_PREFIX}-{os.getpid()}-{host}"

    def _inside(self, host: str, *words: str) -> None:
        _ip("-n", self._namespace(host), *words)


def _ip(*words: str) -> None:
    done = subprocess.run(["ip", *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"ip {' '.join(words)}: {done.stderr}"
