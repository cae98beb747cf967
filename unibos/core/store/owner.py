"""One process owns a database: a lock file says so.

SQLite before 3.51.3 can lose what is in its write-ahead log when two connections write or
checkpoint at once, so a second process never gets as far as opening the file.
"""

import fcntl
import os
from pathlib import Path

from unibos.base.errors import Conflict


class OwnerLock:
    """An exclusive lock on a database file, held until :meth:`release` or the process's end.

    :raises Conflict: ``database_in_use`` when another process holds it.
    """

    def __init__(self, database: Path) -> None:
        path = database.with_name(database.name + ".lock")
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(self._descriptor, 32).decode(errors="replace").strip() or "unknown"
            os.close(self._descriptor)
            raise Conflict(
                "database_in_use",
                f"{database} is in use by process {holder}.",
                hint="One process owns a database. Stop the running server first, "
                "or use the commands that talk to it.",
            ) from None
        if os.read(self._descriptor, 32).decode(errors="replace").strip() != str(os.getpid()):
            os.ftruncate(self._descriptor, 0)
            os.pwrite(self._descriptor, f"{os.getpid()}\n".encode(), 0)

    def release(self) -> None:
        """Give the database up."""
        os.close(self._descriptor)
