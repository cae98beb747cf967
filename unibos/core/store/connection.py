"""How connections to the database are opened: one that writes, any number that only read."""

import sqlite3
import threading
from pathlib import Path

from unibos.base.errors import Damaged, Unavailable

CHECKPOINT_PAGES = 1000
JOURNAL_BYTES = 8 * 1024 * 1024


def sqlite_version() -> str:
    """The version of the SQLite library in this process, such as ``3.51.3``."""
    return sqlite3.sqlite_version


def open_writer(path: Path, cache_kib: int) -> sqlite3.Connection:
    """Open the one connection that writes and checkpoints.

    Write-ahead log with ``synchronous=FULL``: a commit returns after its fsync.

    :param cache_kib: page cache in KiB.
    :raises Damaged: ``database_damaged`` when the file is not a database.
    """
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    try:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute(f"PRAGMA wal_autocheckpoint={CHECKPOINT_PAGES}")
        connection.execute(f"PRAGMA journal_size_limit={JOURNAL_BYTES}")
        connection.execute("PRAGMA foreign_keys=ON")
        _share(connection, cache_kib)
    except sqlite3.DatabaseError as error:
        connection.close()
        raise _damaged(path, error) from error
    return connection


def _open_reader(path: Path, cache_kib: int) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    try:
        connection.execute("PRAGMA query_only=ON")
        connection.execute("PRAGMA wal_autocheckpoint=0")
        _share(connection, cache_kib)
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _share(connection: sqlite3.Connection, cache_kib: int) -> None:
    connection.execute(f"PRAGMA cache_size=-{cache_kib}")
    connection.execute("PRAGMA temp_store=MEMORY")
    connection.execute("PRAGMA busy_timeout=5000")
    connection.execute("PRAGMA trusted_schema=OFF")


def _damaged(path: Path, error: sqlite3.DatabaseError) -> Damaged:
    return Damaged(
        "database_damaged",
        f"{path} cannot be opened as a database: {error}.",
        hint="Keep the file as it is and restore the newest backup beside it.",
    )


class Readers:
    """Read-only connections, lent to whoever asks: as many as ever asked at the same time.

    The first is opened at once. A later first opening would be a write to an idle disk: SQLite
    gives the log's file to the database's owner then, which changes the file's inode.
    """

    def __init__(self, path: Path, cache_kib: int) -> None:
        self._path = path
        self._cache_kib = cache_kib
        self._idle: list[sqlite3.Connection] = []
        self._open = True
        self._lock = threading.Lock()
        self.give(self.take())

    def take(self) -> sqlite3.Connection:
        """A connection for one reading, to be given back; nobody ever waits for it.

        :raises Unavailable: ``store_closed`` after :meth:`close`.
        """
        with self._lock:
            if not self._open:
                raise Unavailable("store_closed", "The store is closed.")
            if self._idle:
                return self._idle.pop()
        return _open_reader(self._path, self._cache_kib)

    def give(self, connection: sqlite3.Connection) -> None:
        """Give a connection back, in no transaction."""
        with self._lock:
            if self._open:
                self._idle.append(connection)
            else:
                connection.close()

    def close(self) -> None:
        """Close them all; no thread may be reading any more."""
        with self._lock:
            self._open = False
            while self._idle:
                self._idle.pop().close()
