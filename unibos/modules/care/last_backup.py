"""When the last backup of a data folder was made: a small file in it, for the checks."""

import json
import os
from datetime import datetime
from pathlib import Path

from unibos.core.store.system import System

_NAME = "last-backup"


def note(data: Path, made_at: str, number: int) -> None:
    """Take note of a snapshot.

    :raises OSError: the disk refused it.
    """
    text = json.dumps({"made_at": made_at, "number": number})
    System().replace_text(data / _NAME, text + "\n")
    if os.geteuid() == 0:
        owner = data.stat()
        os.chown(data / _NAME, owner.st_uid, owner.st_gid)


def made_at(data: Path) -> datetime | None:
    """When the last one was made, or None: never, or nobody knows."""
    try:
        said = json.loads((data / _NAME).read_text())
        return datetime.fromisoformat(said["made_at"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
