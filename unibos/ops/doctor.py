"""The box looks at itself: disk, clock, database, programs, permissions, server.

Each check says what it found and what to do, as English templates with facts, so that the
command line can say them in its user's language. Nothing is changed.
"""

import http.client
import os
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from unibos.base.config import Config
from unibos.base.errors import Conflict
from unibos.base.local_socket import address_of
from unibos.core.store.blobs import BlobFiles
from unibos.core.store.integrity import Finding, check_unowned
from unibos.core.store.system import System
from unibos.modules.care.checks import Check, backup, disk, permissions, sqlite, tesseract

__all__ = ["Check", "clock", "database", "examine", "server"]

_DATABASES = ("node.db", "hub.db")
_BLOBS = {"node.db": "blobs", "hub.db": "hub-blobs"}
_SOCKETS = {"node.db": "unibos.sock", "hub.db": "hub.sock"}
# Before this moment this program did not exist: 2026-01-01.
_EARLIEST_S = 1_767_225_600
_AHEAD_S = 300


def examine(config: Config, root: Path = Path("/")) -> Iterator[Check]:
    """Make all checks, one after the other.

    :param root: where ``run`` lies.
    """
    looks: tuple[Callable[[], Check], ...] = (
        lambda: disk(config.data),
        lambda: clock(config.data, root, time.time()),
        lambda: permissions(config.data),
        lambda: database(config.data),
        lambda: backup(config.data, time.time()),
        sqlite,
        lambda: tesseract(config.documents.languages),
        lambda: server(config.data),
    )
    for look in looks:
        yield look()


def clock(data: Path, root: Path, now_s: float) -> Check:
    """Does the clock tell a time that can be true?"""
    facts = {"now": time.strftime("%Y-%m-%d %H:%M", time.localtime(now_s))}
    newest = max((_modified(data / name) for name in _DATABASES), default=0)
    if now_s < _EARLIEST_S or now_s + _AHEAD_S < newest:
        todo = "Set it with `timedatectl`, or connect to a network with a time server."
        return Check("clock", "fail", "The clock says {now}, which lies in the past.", todo, facts)
    sync = root / "run/systemd/timesync"
    if sync.exists() and not (sync / "synchronized").exists():
        todo = "Without a network that is normal; else look at `timedatectl timesync-status`."
        return Check("clock", "warn", "The clock says {now}; nobody has confirmed it.", todo, facts)
    return Check("clock", "ok", "The clock says {now}.", facts=facts)


def database(data: Path) -> Check:
    """Is what is stored whole, and every file of a record there?

    The process that owns the database looks, over its local socket; without one, this one does.
    """
    findings: list[Finding] = []
    for path in _databases(data):
        try:
            findings += check_unowned(path, BlobFiles(data / _BLOBS[path.name], System()))
        except Conflict:
            try:
                findings += _asked_of_owner(data / _SOCKETS[path.name])
            except (OSError, http.client.HTTPException, ValueError) as error:
                todo = "Look at the check of the server, and try again."
                said = "The database is in use, and its owner does not answer: {error}"
                return Check("database", "warn", said, todo, {"error": error})
    if findings:
        first = f"{findings[0].code}: {findings[0].detail}"
        todo = "Stop the service, keep the files as they are, and restore the newest backup beside."
        facts = {"count": len(findings), "first": first}
        return Check("database", "fail", "{count} findings, the first: {first}", todo, facts)
    if not _databases(data):
        return Check("database", "ok", "There is no database yet.")
    return Check("database", "ok", "The database is sound, and no file is missing.")


def server(data: Path) -> Check:
    """Does the running server answer on the local socket, or on each of its two?"""
    checks = [_server(path) for path in _sockets(data)]
    return next((check for check in checks if check.state != "ok"), checks[0])


def _server(path: Path) -> Check:
    facts: dict[str, object] = {"socket": path}
    try:
        status = _ready(path)
    except (OSError, http.client.HTTPException) as error:
        facts["error"] = error
        todo = "sudo systemctl start unibos-node, or unibos serve; see why with `unibos logs`."
        return Check("server", "fail", "No answer at {socket}: {error}", todo, facts)
    if status != 200:
        facts["status"] = status
        todo = "It may be starting or stopping; see `unibos logs`."
        return Check("server", "warn", "The server is not ready (status {status}).", todo, facts)
    return Check("server", "ok", "The server answers.", facts=facts)


def _databases(data: Path) -> list[Path]:
    return [data / name for name in _DATABASES if os.access(data / name, os.R_OK)]


def _sockets(data: Path) -> list[Path]:
    """Those that are there, also of a server that was killed; else the one that is missing."""
    paths = [data / name for name in _SOCKETS.values()]
    there = [path for path in paths if path.exists()]
    only_hub = (data / "hub.db").exists() and not (data / "node.db").exists()
    return there or [paths[only_hub]]


def _modified(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0


def _asked_of_owner(path: Path) -> list[Finding]:
    status, body = _get(path, "/api/v1/integrity", seconds=600)
    if status != 200:
        raise ValueError(f"status {status}")
    return msgspec.convert(msgspec.json.decode(body)["findings"], list[Finding])


def _ready(path: Path) -> int:
    return _get(path, "/health/ready", seconds=5)[0]


def _get(path: Path, address: str, *, seconds: float) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("local", timeout=seconds)
    connection.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.sock.settimeout(seconds)
    try:
        with address_of(path) as socket_address:
            connection.sock.connect(socket_address)
        connection.request("GET", address)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()
