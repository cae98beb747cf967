"""What a machine can be asked about itself: disk, permissions, backups, programs.

Each check says what it found and what to do, as English templates with facts, so that the
command line can say them in its user's language. Nothing is changed.
"""

import os
import shutil
import stat
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from unibos.core.identity.keys import KEY_FILE
from unibos.core.store.connection import sqlite_version
from unibos.modules.care import last_backup

State = Literal["ok", "warn", "fail"]

_GIB = 1024**3
_FULL_BYTES = 200 * 1024**2
_LOW_BYTES = _GIB
_OTHERS = 0o077
_SECRETS = ("*.key", "*.pem", "setup-code")
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


def backup(data: Path, now_s: float) -> Check:
    """Is there a backup that is not too old, as far as this machine made it itself?"""
    begun = _begun(data)
    made = last_backup.made_at(data)
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


def _begun(data: Path) -> float:
    try:
        return (data / KEY_FILE).stat().st_mtime
    except OSError:
        return 0
