"""A short look at a database that no process owns: is it sound, and which schema has it."""

import sqlite3
from pathlib import Path

from unibos.base.errors import Damaged
from unibos.core.store.connection import Readers
from unibos.core.store.owner import OwnerLock

_CACHE_KIB = 2048


def quick_check(database: Path) -> int:
    """Check all pages and rows, but not the indexes against them; the schema's number.

    It takes a fraction of the time of :func:`unibos.core.store.integrity.check`.

    :raises Conflict: ``database_in_use``.
    :raises Damaged: ``database_damaged``.
    """
    owner = OwnerLock(database)
    try:
        readers = Readers(database, _CACHE_KIB)
        connection = readers.take()
        try:
            (said,) = connection.execute("PRAGMA quick_check(1)").fetchone()
            (schema,) = connection.execute("PRAGMA user_version").fetchone()
        finally:
            readers.give(connection)
            readers.close()
    except sqlite3.DatabaseError as error:
        said = str(error)
    finally:
        owner.release()
    if said != "ok":
        raise Damaged("database_damaged", f"{database}: {said}")
    return int(schema)
