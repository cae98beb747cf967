"""Copies of a database, for backups: made while it is in use, each of one instant.

A copy is read through a connection of its own that holds one read transaction from the first page
to the last: SQLite then neither begins anew when somebody writes (without the transaction it does
so after every write, and a busy database is never copied), nor makes writers wait. Until the copy
is done the write-ahead log cannot begin anew, so it grows by what is written meanwhile.
"""

import logging
import shutil
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from unibos.base.errors import Conflict, Damaged, Error, NotFound, StorageFull
from unibos.core.store.blobs import Blob
from unibos.core.store.connection import Readers, open_writer
from unibos.core.store.counters import Counters
from unibos.core.store.owner import OwnerLock
from unibos.core.store.schema import MIGRATIONS
from unibos.core.store.writer import translate

log = logging.getLogger(__name__)

_STEP_PAGES = 256
_CACHE_KIB = 2048
_SPARE_BYTES = 64 * 1024 * 1024

NEWEST_SCHEMA = len(MIGRATIONS)
"""The newest schema that this program knows."""


@dataclass(frozen=True, slots=True)
class Copying:
    """How far a copy has got; ``done`` and ``total`` in bytes, ``path`` once it is done."""

    state: Literal["running", "done", "failed"]
    done: int = 0
    total: int = 0
    path: Path | None = None
    error: Error | None = None


class _Stopped(Exception):
    """Raised inside a copy, which then ends."""


class Copies:
    """Makes copies of the database that this process owns, one at a time.

    What an earlier life left is removed.
    """

    def __init__(self, database: Path) -> None:
        self._database = database
        self._target = database.parent / "copies" / database.name
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._stopping = threading.Event()
        self._present: Copying | None = None
        self._target.unlink(missing_ok=True)

    def start(self) -> Copying:
        """Begin a copy that holds all that was acknowledged by now; an earlier one is removed.

        :raises Conflict: ``copy_running``.
        """
        with self._lock:
            if self._thread is not None and self._thread.is_alive():
                raise Conflict(
                    "copy_running", "A copy is being made already.", hint="Wait for it to end."
                )
            self._target.unlink(missing_ok=True)
            self._stopping.clear()
            self._present = Copying("running")
            self._thread = threading.Thread(target=self._run, name="store-copy", daemon=True)
            self._thread.start()
            return self._present

    def present(self) -> Copying:
        """The last copy that was asked for.

        :raises NotFound: ``copy_not_found``.
        """
        if self._present is None:
            raise NotFound("copy_not_found", "There is no copy of the database.")
        return self._present

    def remove(self) -> None:
        """Remove the copy; one that is being made is given up."""
        with self._lock:
            if self._thread is not None:
                self._stopping.set()
                self._thread.join()
                self._thread = None
            self._present = None
            self._target.unlink(missing_ok=True)

    def _run(self) -> None:
        try:
            self._target.parent.mkdir(mode=0o700, exist_ok=True)
            self._make()
        except _Stopped:
            self._fail(Error("copy_stopped", "The copy was given up."))
        except Error as error:
            self._fail(error)
        except sqlite3.Error as error:
            self._fail(translate(error))
        except Exception as error:
            log.exception("the copy of the database failed")
            self._fail(Error("internal_error", f"The copy failed: {type(error).__name__}."))

    def _make(self) -> None:
        readers = Readers(self._database, _CACHE_KIB)
        source = readers.take()
        try:
            source.execute("BEGIN")
            # The first reading fixes the instant.
            source.execute("SELECT key FROM meta LIMIT 1").fetchone()
            (pages,) = source.execute("PRAGMA page_count").fetchone()
            (page,) = source.execute("PRAGMA page_size").fetchone()
            _make_sure_of_room(self._target.parent, pages * page)

            def told(_status: int, left: int, total: int) -> None:
                self._present = Copying("running", (total - left) * page, total * page)
                if self._stopping.is_set():
                    raise _Stopped

            _copy(source, self._target, told)
        finally:
            source.rollback()
            source.close()
            readers.close()
        size = self._target.stat().st_size
        self._present = Copying("done", size, size, self._target)

    def _fail(self, error: Error) -> None:
        with suppress(OSError):
            self._target.unlink(missing_ok=True)
        self._present = Copying("failed", error=error)


def _copy(source: sqlite3.Connection, target: Path, told: Callable[[int, int, int], None]) -> None:
    with closing(sqlite3.connect(target, isolation_level=None)) as copy:
        # It need not outlive a power cut: nobody would look for it.
        copy.execute("PRAGMA journal_mode=OFF")
        copy.execute("PRAGMA synchronous=OFF")
        source.backup(copy, pages=_STEP_PAGES, progress=told)
        # One file that stands for itself, without a log beside it.
        copy.execute("PRAGMA journal_mode=DELETE")


def _make_sure_of_room(folder: Path, size: int) -> None:
    free = shutil.disk_usage(folder).free
    if free < size + _SPARE_BYTES:
        raise StorageFull(
            "storage_full",
            f"The copy of the database needs {size} bytes; {free} are free in {folder}.",
            hint="Free some space, or stop the server first: then no copy is needed.",
        )


@contextmanager
def standing(database: Path) -> Iterator[Path]:
    """A database that no process owns, for as long as the context lasts: one file, all in it.

    :raises Conflict: ``database_in_use``.
    :raises Damaged: ``database_damaged``.
    """
    owner = OwnerLock(database)
    try:
        with closing(open_writer(database, _CACHE_KIB)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        log_file = database.with_name(database.name + "-wal")
        if log_file.exists() and log_file.stat().st_size:
            raise Damaged("database_damaged", f"The log of {database} cannot be moved into it.")
        yield database
    except sqlite3.Error as error:
        raise translate(error) from error
    finally:
        owner.release()


@dataclass(frozen=True, slots=True)
class Contents:
    """What a copy holds: its schema, living records, users, the bytes of its blobs, its clock."""

    schema: int
    records: int
    users: int
    blobs: int
    blob_bytes: int
    newest: int


@contextmanager
def _looked_at(copy: Path) -> Iterator[sqlite3.Connection]:
    # "immutable": nobody changes it, and nothing is written beside it.
    uri = f"{copy.resolve().as_uri()}?immutable=1"
    try:
        with closing(sqlite3.connect(uri, uri=True, isolation_level=None)) as connection:
            yield connection
    except sqlite3.Error as error:
        raise translate(error) from error


def contents(copy: Path) -> Contents:
    """Count what a copy holds.

    :raises Damaged: ``database_damaged``.
    """
    with _looked_at(copy) as connection:

        def one(question: str) -> tuple[int, ...]:
            row: tuple[int, ...] = connection.execute(question).fetchone()
            return row

        (schema,) = one("PRAGMA user_version")
        (records,) = one("SELECT count(*) FROM records WHERE deleted = 0")
        (users,) = one("SELECT count(*) FROM users")
        count, size = one(
            "SELECT count(*), coalesce(sum(size), 0) FROM (SELECT DISTINCT sha256, size FROM blobs)"
        )
        return Contents(schema, records, users, count, size, Counters(connection).hlc)


def blobs_of(copy: Path) -> Iterator[Blob]:
    """All blobs that a copy names, in the order of their names."""
    with _looked_at(copy) as connection:
        rows = connection.execute("SELECT DISTINCT sha256, size FROM blobs ORDER BY sha256")
        yield from (Blob(*row) for row in rows)
