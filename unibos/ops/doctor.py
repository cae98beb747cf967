"""The box looks at itself: disk, clock, database, programs, permissions, server.

Each check says what it found and what to do, as English templates with facts, so that the
command line can say them in its user's language. Nothing is changed.
"""

import http.client
import os
import shutil
import socket
import stat
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import msgspec

from unibos.base.config import Config
from unibos.base.errors import Conflict
from unibos.base.local_socket import address_of
from unibos.core.identity.keys import KEY_FILE
from unibos.core.store.blobs import BlobFiles
from unibos.core.store.connection import sqlite_version
from unibos.core.store.integrity import Finding, check_unowned
from unibos.core.store.system import System
from unibos.ops.backup import last

State = Literal["ok", "warn", "fail"]

_GIB = 1024**3
_FULL_BYTES = 200 * 1024**2
_LOW_BYTES = _GIB
_OTHERS = 0o077
_SECRETS = ("*.key", "*.pem", "setup-code")
_DATABASES = ("node.db", "hub.db")
_BLOBS = {"node.db": "blobs", "hub.db": "hub-blobs"}
_SOCKETS = {"node.db": "unibos.sock", "hub.db": "hub.sock"}
# Before this moment this program did not exist: 2026-01-01.
_EARLIEST_S = 1_767_225_600
_AHEAD_S = 300
_DAY_S = 86_400
_BACKUP_DAYS = 14
_SAFE_SQLITE = (3, 51, 3)


@dataclass(frozen=True)
class Check:
    """What one look found.

    ``said`` is what was found, ``todo`` what to do about it, both with places for ``facts``.
    """

    name: str
    state: State
    said: str
    todo: str = ""
    facts: Mapping[str, object] = field(default_factory=dict)


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


def disk(data: Path) -> Check:
    """Is there room to write?"""
    there = next(folder for folder in (data, *data.parents) if folder.exists())
    usage = shutil.disk_usage(there)
    facts = {"free_gib": f"{usage.free / _GIB:.1f}", "folder": there}
    if usage.free < _FULL_BYTES:
        todo = "Make room, or move the data to a larger disk: writes are refused when it is full."
        return Check("disk", "fail", "Only {free_gib} GiB free at {folder}.", todo, facts)
    if usage.free < _LOW_BYTES or usage.free < usage.total / 20:
        todo = "Make room soon."
        return Check("disk", "warn", "Only {free_gib} GiB free at {folder}.", todo, facts)
    return Check("disk", "ok", "{free_gib} GiB free at {folder}.", facts=facts)


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


def permissions(data: Path) -> Check:
    """Do all files belong to one user, and are the secret ones secret?"""
    facts: dict[str, object] = {"folder": data}
    if not data.exists():
        todo = "`unibos serve` makes it; if it should be there, look at `unibos config show`."
        return Check("permissions", "warn", "There is no folder {folder} yet.", todo, facts)
    if not os.access(data, os.R_OK | os.W_OK | os.X_OK):
        todo = "Run this as the service's user or with sudo."
        return Check("permissions", "fail", "{folder} is closed to this user.", todo, facts)
    owner = data.stat().st_uid
    facts["owner"] = owner
    for path in sorted(data.iterdir()):
        facts["path"] = path
        status = path.lstat()
        if status.st_uid != owner:
            todo = "sudo chown --recursive {owner} {folder}"
            said = "{path} does not belong to the owner of {folder}."
            return Check("permissions", "fail", said, todo, facts)
        secret = any(path.match(pattern) for pattern in _SECRETS)
        if secret and stat.S_IMODE(status.st_mode) & _OTHERS:
            said = "{path} can be read by others."
            return Check("permissions", "fail", said, "chmod 600 {path}", facts)
    return Check("permissions", "ok", "{folder} belongs to one user.", facts=facts)


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


def backup(data: Path, now_s: float) -> Check:
    """Is there a backup that is not too old, as far as this machine made it itself?"""
    begun = _modified(data / KEY_FILE)
    made = last.made_at(data)
    if made is not None and now_s - made.timestamp() < _BACKUP_DAYS * _DAY_S:
        facts = {"when": f"{made.astimezone():%Y-%m-%d %H:%M}"}
        return Check("backup", "ok", "The last backup was made on {when}.", facts=facts)
    if not begun or now_s - begun < _BACKUP_DAYS * _DAY_S:
        return Check("backup", "ok", "There is no backup yet, and little to lose.")
    todo = "Plug in a disk, then: sudo unibos backup create FOLDER"
    said = "There is no backup of the last {days} days."
    return Check("backup", "warn", said, todo, {"days": _BACKUP_DAYS})


def sqlite() -> Check:
    """Does the database engine have the fix for two writers?"""
    version = sqlite_version()
    facts = {"version": version}
    if tuple(int(part) for part in version.split(".")) >= _SAFE_SQLITE:
        return Check("sqlite", "ok", "SQLite {version}.", facts=facts)
    # One process with one writer owns the file, so the defect has no occasion.
    said = "SQLite {version}; before 3.51.3 no other program may write to the database."
    return Check("sqlite", "ok", said, facts=facts)


def tesseract(languages: tuple[str, ...]) -> Check:
    """Can documents be read in the wanted languages?"""
    program = shutil.which("tesseract")
    if program is None:
        todo = "sudo apt-get install tesseract-ocr"
        return Check("tesseract", "fail", "The program tesseract is missing.", todo)
    asked = [program, "--list-langs"]
    try:
        told = subprocess.run(asked, capture_output=True, text=True, timeout=20, check=True)
    except (OSError, subprocess.SubprocessError) as error:
        todo = "sudo apt-get install --reinstall tesseract-ocr"
        said = "The program tesseract does not run: {error}"
        return Check("tesseract", "fail", said, todo, {"error": error})
    present = set(told.stdout.split())
    missing = [language for language in languages if language not in present]
    if missing:
        packages = " ".join(f"tesseract-ocr-{one.replace('_', '-')}" for one in missing)
        facts = {"missing": ", ".join(missing), "packages": packages}
        todo = "sudo apt-get install {packages}"
        return Check("tesseract", "fail", "tesseract can't read {missing}.", todo, facts)
    facts = {"languages": ", ".join(languages)}
    return Check("tesseract", "ok", "tesseract reads {languages}.", facts=facts)


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
