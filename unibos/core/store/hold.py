"""While a backup reads the blobs of a data folder, none of them is collected.

The backup and the collector are different processes as a rule, so a lock file says it; the lock
ends with the process that holds it.
"""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from unibos.base.errors import Conflict

_NAME = "backup.lock"
_PATIENCE_SECONDS = 10.0
"""A collector holds the lock for less: it looks at few files at a time."""


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Keep all blobs of a data folder for as long as the context lasts.

    :raises Conflict: ``backup_running`` when another process does so.
    """
    until = time.monotonic() + _PATIENCE_SECONDS
    while (descriptor := _locked(folder, fcntl.LOCK_EX)) is None and time.monotonic() < until:
        time.sleep(0.05)
    if descriptor is None:
        raise Conflict(
            "backup_running",
            f"Another backup of {folder} is being made.",
            hint="Wait for it to end.",
        )
    try:
        yield
    finally:
        os.close(descriptor)


@contextmanager
def collecting(folder: Path) -> Iterator[bool]:
    """Whether blobs may be collected; no backup begins as long as the context lasts."""
    descriptor = _locked(folder, fcntl.LOCK_SH)
    try:
        yield descriptor is not None
    finally:
        if descriptor is not None:
            os.close(descriptor)


def _locked(folder: Path, how: int) -> int | None:
    descriptor = os.open(folder / _NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    if os.geteuid() == 0:
        # Root may have made it just now: the service needs it, too.
        owner = folder.stat()
        os.fchown(descriptor, owner.st_uid, owner.st_gid)
    try:
        fcntl.flock(descriptor, how | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor
