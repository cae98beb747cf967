"""The store of one role: opened and closed as a whole, read and written through functions.

``read(question)`` runs a function of a :class:`View` on the caller's thread; ``write(change)``
runs a function of a :class:`Transaction` on the writer thread and returns after the commit. Their
``aread`` and ``awrite`` twins are for event loops. The verbs (``records.create`` and the like)
are such functions and can be combined: what one ``write`` does is kept whole or not at all.
"""

import asyncio
import logging
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from threading import Lock
from typing import TypeVar

from unibos.base.clock import Wall, wall_ms
from unibos.base.errors import Unavailable
from unibos.core.store.blobs import BlobFiles
from unibos.core.store.connection import Readers, open_writer
from unibos.core.store.copies import Copies
from unibos.core.store.counters import Counters
from unibos.core.store.definitions import Collection
from unibos.core.store.job import JobSpec
from unibos.core.store.owner import OwnerLock
from unibos.core.store.replica import Replica
from unibos.core.store.schema import migrate
from unibos.core.store.starts import Starts
from unibos.core.store.system import System, reach
from unibos.core.store.transaction import Changed, Transaction, View
from unibos.core.store.waiting import Mailbox
from unibos.core.store.writer import Writer, translate

log = logging.getLogger(__name__)

T = TypeVar("T")
Listener = Callable[[list[Changed]], None]


@dataclass(frozen=True, slots=True)
class Options:
    """Limits of a store: page cache in KiB for the writer and for each reader, reader threads.

    :param blobs: the folder of its blobs in the data directory. Stores that share a directory
        must not share it: each collects what none of its own rows names.
    """

    cache_kib: int = 4096
    reader_threads: int = 2
    blobs: str = "blobs"


class Store:
    """A database file with its blobs, owned by this process.

    :param folder: the data directory; made when absent.
    :param name: the database's name in it, ``node`` or ``hub``.
    :param instance: its id, written beside every change.
    :param first: a change before anything else happens; alone in its transaction and without a
        savepoint, so it may rewrite the whole database and take no memory for it.
    :raises StorageFull: ``storage_full``, when ``first`` found no room; nothing of it was kept.
    :raises Conflict: ``database_in_use``, ``schema_newer``.
    :raises Damaged: ``database_damaged``.
    """

    def __init__(
        self,
        folder: Path,
        name: str,
        instance: str,
        *,
        options: Options | None = None,
        wall: Wall = wall_ms,
        system: System | None = None,
        first: Callable[[Transaction], object] | None = None,
    ) -> None:
        options = options or Options()
        self.system = system or System()
        self.ruled: Callable[[JobSpec], JobSpec] = lambda kind: kind
        """What the instance's rules make of a kind of job; see :class:`Transaction`."""
        self.path = folder / f"{name}.db"
        folder.mkdir(parents=True, exist_ok=True)
        with ExitStack() as undo:
            self._owner = OwnerLock(self.path)
            undo.callback(self._owner.release)
            connection = open_writer(self.path, options.cache_kib)
            undo.callback(connection.close)
            migrate(connection, self.path, self.system)
            self._counters = Counters(connection)
            self.starts = Starts(connection, self._counters.seq)
            self.replica = Replica(
                folder / f"{name}.replica", self._counters.hlc, wall, self.system
            )
            self._connection = connection
            self._instance = instance
            self._definitions: dict[tuple[str, str], Collection] = {}
            if first is not None:
                self._alone(first)
            self._readers = Readers(self.path, options.cache_kib)
            undo.pop_all()
        self.blobs = BlobFiles(folder / options.blobs, self.system)
        self.copies = Copies(self.path)
        self._listeners: list[Listener] = []
        self._writer = Writer(connection, self._seal)
        self._pool = ThreadPoolExecutor(options.reader_threads, "store-reader")
        self._mailboxes = threading.local()
        self._writer.start()

    def close(self) -> None:
        """Finish the waiting writes, move the log into the database, and let go of the files."""
        self.copies.remove()
        self._writer.stop()
        self._pool.shutdown(cancel_futures=True)
        self._readers.close()
        self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self._connection.close()
        self._owner.release()

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Have ``listener`` told of every commit, on the writer thread; the result ends it."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    @property
    def counter(self) -> int:
        """The highest ``seq`` that was ever given in the present epoch, or in one before it."""
        return self._counters.seq

    def healthy(self) -> bool:
        """Whether the database can be read."""
        look = "SELECT key FROM meta LIMIT 1"
        try:
            self.read(lambda view: view.connection.execute(look).fetchone())
        except (sqlite3.Error, Unavailable):
            return False
        return True

    def org(self, org: str) -> "OrgStore":
        """One org's door to this store."""
        return OrgStore(self, org)

    def read(self, question: Callable[[View], T], org: str = "") -> T:
        """Answer a short question on the caller's thread, from one consistent snapshot."""
        connection = self._readers.take()
        try:
            connection.execute("BEGIN")
            try:
                return question(View(connection, org, self._definitions))
            finally:
                connection.execute("COMMIT")
        finally:
            self._readers.give(connection)

    async def aread(self, question: Callable[[View], T], org: str = "") -> T:
        """Answer a question that may take long, on a reader thread."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._pool, self.read, question, org)

    def write(self, change: Callable[[Transaction], T], org: str = "") -> T:
        """Make a change and return its value after the commit; for threads.

        :raises StorageFull: ``storage_full``; nothing of the change was kept.
        :raises Unavailable: ``store_closed``, ``store_overloaded``.
        """
        answered = Lock()
        answered.acquire()
        outcome: list[tuple[T, BaseException | None]] = []

        def done(value: T, error: BaseException | None) -> None:
            outcome.append((value, error))
            answered.release()

        self._submit(change, org, done)
        # A bare lock: a Future costs more than the write itself.
        answered.acquire()
        value, error = outcome[0]
        if error is not None:
            raise error
        return value

    def send(
        self,
        change: Callable[[Transaction], T],
        org: str,
        done: Callable[[T, BaseException | None], None],
    ) -> None:
        """:meth:`write` for who has other things to do: ``done`` gets the value, or the error, on
        the writer thread after the commit; it must not wait for another write.

        :raises Unavailable: ``store_closed``, ``store_overloaded``.
        """
        self._submit(change, org, done)

    async def awrite(self, change: Callable[[Transaction], T], org: str = "") -> T:
        """:meth:`write` for event loops."""
        loop = asyncio.get_running_loop()
        mailbox = self._mailbox(loop)
        future: asyncio.Future[T] = loop.create_future()
        self._submit(change, org, lambda value, error: mailbox.post(future, value, error))
        return await future

    def _alone(self, change: Callable[[Transaction], object]) -> None:
        """Make a change on the caller's thread, while nobody else can."""
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            change(self._transaction(self._connection, ""))
            self._seal(self._connection)
            self._connection.execute("COMMIT")
            reach("store.first")
        except sqlite3.Error as error:
            raise translate(error) from error
        finally:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")

    def _seal(self, connection: sqlite3.Connection) -> None:
        self._counters.keep(connection)
        self.starts.keep(connection, self._counters.seq)

    def _transaction(self, connection: sqlite3.Connection, org: str) -> Transaction:
        return Transaction(
            connection,
            org,
            self._definitions,
            self._instance,
            self.replica,
            self._counters,
            self.ruled,
        )

    def _tell(self, transaction: Transaction) -> None:
        """Let those hear of a commit who asked; what they make of it harms nobody else."""
        # A copy: other threads come and go.
        told = [partial(listener, transaction.changes) for listener in tuple(self._listeners)]
        for effect in (*transaction.after_commit, *(told if transaction.changes else ())):
            try:
                effect()
            except Exception:
                log.exception("a listener failed after a commit")

    def _mailbox(self, loop: asyncio.AbstractEventLoop) -> Mailbox:
        known: tuple[asyncio.AbstractEventLoop, Mailbox] | None
        known = getattr(self._mailboxes, "known", None)
        if known is None or known[0] is not loop:
            known = (loop, Mailbox(loop))
            self._mailboxes.known = known
        return known[1]

    def _submit(
        self,
        change: Callable[[Transaction], T],
        org: str,
        done: Callable[[T, BaseException | None], None],
    ) -> None:
        transaction: Transaction | None = None

        def work(connection: sqlite3.Connection) -> T:
            nonlocal transaction
            transaction = self._transaction(connection, org)
            return change(transaction)

        def finish(value: T, error: BaseException | None) -> None:
            if error is None and transaction is not None:
                self._tell(transaction)
            done(value, error)

        self._writer.submit(work, finish)


class OrgStore:
    """A :class:`Store` with the org filled in: all that a request of that org can reach."""

    __slots__ = ("_store", "org")

    def __init__(self, store: Store, org: str) -> None:
        self._store = store
        self.org = org

    @property
    def blobs(self) -> BlobFiles:
        """The files behind the org's blobs; rows in the database say which are the org's."""
        return self._store.blobs

    def read(self, question: Callable[[View], T]) -> T:
        """See :meth:`Store.read`."""
        return self._store.read(question, self.org)

    async def aread(self, question: Callable[[View], T]) -> T:
        """See :meth:`Store.aread`."""
        return await self._store.aread(question, self.org)

    def write(self, change: Callable[[Transaction], T]) -> T:
        """See :meth:`Store.write`."""
        return self._store.write(change, self.org)

    async def awrite(self, change: Callable[[Transaction], T]) -> T:
        """See :meth:`Store.awrite`."""
        return await self._store.awrite(change, self.org)

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Have ``listener`` told of the org's commits, on the writer thread."""

        def of_this_org(changes: list[Changed]) -> None:
            mine = [change for change in changes if change.org == self.org]
            if mine:
                listener(mine)

        return self._store.listen(of_this_org)
