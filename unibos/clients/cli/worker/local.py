"""The worker of this machine, asked over its own socket."""

import json
import os
import socket
from pathlib import Path
from typing import Any

from unibos.base import errors
from unibos.base.errors import Error, Forbidden, Unavailable
from unibos.base.local_socket import address_of
from unibos.clients.cli.words import say
from unibos.clients.problems import UNREACHABLE

SOCKET = "worker.sock"
_LONGEST_LINE = 16 * 1024 * 1024


def ask(data: Path, do: str, seconds: float = 60, **asked: object) -> dict[str, Any]:
    """One question, and its answer.

    :param data: the worker's data folder.
    :raises Unavailable: ``unreachable``: no worker runs there.
    :raises Forbidden: ``socket_forbidden``.
    :raises Error: what the worker answers.
    """
    path = data / SOCKET
    try:
        line = _exchanged(path, json.dumps({"do": do, **asked}).encode() + b"\n", seconds)
    except PermissionError:
        raise Forbidden(
            "socket_forbidden",
            say("{socket} is for the service and for root only.", socket=path),
            hint=say("Use sudo."),
        ) from None
    except OSError as error:
        raise _absent(path, error.strerror or str(error)) from None
    try:
        told = json.loads(line)
    except ValueError:
        raise _absent(path, say("it ended before it answered")) from None
    if "error" in told:
        raise _raised(told["error"])
    answer: dict[str, Any] = told["answer"]
    return answer


def is_there(data: Path) -> bool:
    """Whether a worker has its socket there, as far as this user may look."""
    try:
        return (data / SOCKET).exists()
    except OSError:
        return True


def _exchanged(path: Path, asked: bytes, seconds: float) -> bytes:
    with address_of(path) as address, socket.socket(socket.AF_UNIX) as line:
        line.settimeout(seconds)
        line.connect(address)
        line.sendall(asked)
        with line.makefile("rb") as answer:
            return answer.readline(_LONGEST_LINE)


def _raised(told: dict[str, Any]) -> Error:
    kind = getattr(errors, str(told.get("kind")), None)
    if not (isinstance(kind, type) and issubclass(kind, Error)):
        kind = Error
    return kind(str(told.get("code")), str(told.get("detail")), hint=str(told.get("hint", "")))


def _absent(path: Path, reason: str) -> Unavailable:
    return Unavailable(
        UNREACHABLE,
        say("No worker answers at {socket}: {reason}", socket=os.fspath(path), reason=reason),
        hint=say("Start it: sudo unibos enable worker, or unibos-worker start"),
    )
