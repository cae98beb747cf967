"""The gate that a new program has to pass: it answers, on its local sockets, and goes on doing so.

Nothing of it needs a network.
"""

import http.client
import json
import socket
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from unibos.base.local_socket import address_of

_ANSWER_BYTES = 64 * 1024
_ANSWER_SECONDS = 10.0
_POLL_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a program gets to be ready, and then has to stay so, in seconds."""

    ready: float = 300
    settled: float = 10


def examine(
    sockets: Sequence[Path], version: str, patience: Patience, trouble: Callable[[], str]
) -> str:
    """Wait until all sockets have answered well for a while; why they did not, or nothing.

    :param trouble: tells why it makes no sense to wait any longer.
    """
    begun, well_since, why = time.monotonic(), None, ""
    while True:
        now = time.monotonic()
        if trouble_now := trouble():
            return trouble_now
        why = next((said for path in sockets if (said := _wrong(path, version))), "")
        if why:
            well_since = None
        else:
            well_since = now if well_since is None else well_since
            if now - well_since >= patience.settled:
                return ""
        if why and now - begun >= patience.ready:
            return f"not ready after {patience.ready:g} s: {why}"
        time.sleep(_POLL_SECONDS)


def _wrong(path: Path, version: str) -> str:
    """What is wrong with the answers of one socket."""
    try:
        status, _ = _asked(path, "/health/ready")
        if status != 200:
            return f"{path.name} is not ready (status {status})"
        status, answer = _asked(path, "/health")
        said = json.loads(answer)["version"] if status == 200 else f"status {status}"
    except (OSError, http.client.HTTPException) as error:
        return f"{path.name} does not answer ({type(error).__name__})"
    except (ValueError, KeyError, TypeError):
        return f"{path.name} answers something else"
    return "" if said == version else f"{path.name} is version {said}, not {version}"


def _asked(path: Path, what: str) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("localhost", timeout=_ANSWER_SECONDS)
    try:
        connection.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.sock.settimeout(_ANSWER_SECONDS)
        with address_of(path) as address:
            connection.sock.connect(address)
        connection.request("GET", what)
        answer = connection.getresponse()
        return answer.status, answer.read(_ANSWER_BYTES)
    finally:
        connection.close()
