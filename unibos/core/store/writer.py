"""The writer thread: every write of the process, in group commits.

Callers hand in work; the thread runs what has gathered in one ``BEGIN IMMEDIATE``, each piece in
a savepoint of its own, and commits once for all. A caller is answered only after the commit that
holds its write, so one fsync is shared by all who wait.
"""

import queue
import sqlite3
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from unibos.base.errors import Damaged, Error, Unavailable
from unibos.core.store.system import reach, refused

Work = Callable[[sqlite3.Connection], Any]
Done = Callable[[Any, BaseException | None], None]

BATCH = 512
WAITING = 10_000

_DISK_ERRORS = {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN}
_DAMAGE_ERRORS = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}


@dataclass(slots=True)
class _Item:
    work: Work
    done: Done
    value: Any = None
    error: BaseException | None = None


class Writer:
    """Owns the writing connection from :meth:`start` to :meth:`stop`.

    :param seal: run as the last thing of every transaction.
    """

    def __init__(
        self, connection: sqlite3.Connection, seal: Callable[[sqlite3.Connection], None]
    ) -> None:
        self._connection = connection
        self._seal = seal
        self._queue: queue.SimpleQueue[_Item | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="store-writer", daemon=True)
        self._open = False
        self._gate = threading.Lock()

    def start(self) -> None:
        """Begin to take work."""
        self._open = True
        self._thread.start()

    def stop(self) -> None:
        """Finish what was handed in, then end; later work is refused."""
        with self._gate:
            was_open, self._open = self._open, False
        if was_open:
            self._queue.put(None)
            self._thread.join()

    def submit(self, work: Work, done: Done) -> None:
        """Hand in ``work``; ``done(value, error)`` is called on the writer thread after the commit.

        :raises Unavailable: ``store_closed`` after :meth:`stop`, ``store_overloaded`` when more
            than 10,000 pieces wait.
        """
        if self._queue.qsize() > WAITING:
            raise Unavailable(
                "store_overloaded", "Too many writes are waiting.", hint="Try again in a second."
            )
        with self._gate:
            if not self._open:
                raise Unavailable("store_closed", "The store is closed.")
            self._queue.put(_Item(work, done))

    def _run(self) -> None:
        while (first := self._queue.get()) is not None:
            batch, last = self._gather(first)
            self._commit(batch)
            for item in batch:
                item.done(item.value, item.error)
            if last:
                return

    def _gather(self, first: _Item) -> tuple[list[_Item], bool]:
        batch = [first]
        while len(batch) < BATCH:
            try:
                item = self._queue.get_nowait()
            except queue.Empty:
                break
            if item is None:
                return batch, True
            batch.append(item)
        return batch, False

    def _commit(self, batch: list[_Item]) -> None:
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            for item in batch:
                self._attempt(item)
            self._seal(self._connection)
            reach("writer.before_commit")
            self._connection.execute("COMMIT")
            reach("writer.after_commit")
        except sqlite3.Error as error:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            failure = translate(error)
            for item in batch:
                item.value, item.error = None, failure

    def _attempt(self, item: _Item) -> None:
        """Run one piece in its savepoint; an error that ended the whole transaction goes up."""
        self._connection.execute("SAVEPOINT item")
        try:
            item.value = item.work(self._connection)
        except Exception as error:
            if not self._connection.in_transaction:
                raise _as_database_error(error) from error
            self._connection.execute("ROLLBACK TO item")
            item.error = translate(error) if isinstance(error, sqlite3.Error) else error
        self._connection.execute("RELEASE item")
        reach("writer.item")


def _as_database_error(error: Exception) -> sqlite3.Error:
    if isinstance(error, sqlite3.Error):
        return error
    return sqlite3.OperationalError(f"the transaction was lost: {error}")


def translate(error: sqlite3.Error) -> Error:
    """Turn what SQLite says into an error of ours; the hint is for the operator."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code in _DISK_ERRORS:
        return refused(error)
    if code in _DAMAGE_ERRORS:
        return Damaged(
            "database_damaged",
            f"The database is damaged: {error}.",
            hint="Stop the server, keep the file, and restore the newest backup.",
        )
    return Unavailable("database_error", f"The database refused: {error}.")
