"""The check of everything stored: what is written must be there, whole and named."""

import hashlib
import sqlite3
from dataclasses import dataclass
from pathlib import Path

from unibos.core.store.blobs import BlobFiles
from unibos.core.store.connection import Readers
from unibos.core.store.owner import OwnerLock
from unibos.core.store.transaction import View


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as it was written."""

    code: str
    detail: str


def check(view: View, files: BlobFiles, *, deep: bool = False) -> list[Finding]:
    """Look at the whole database and every blob of every org; an empty list means sound.

    :param deep: also read every blob and compare its hash, which takes as long as reading the
        disk does.
    """
    # A row of the search makes FTS5 look anew: SQLite (seen with 3.46.1) otherwise compares what
    # others wrote with an index that this connection remembers, and takes it for damage.
    view.connection.execute("SELECT rowid FROM search LIMIT 1").fetchone()
    findings = [
        Finding("database_damaged", row[0])
        for row in view.connection.execute("PRAGMA integrity_check(100)")
        if row[0] != "ok"
    ]
    findings += _foreign(view)
    findings += _search(view)
    findings += _blobs(view, files, deep=deep)
    return findings


def check_unowned(database: Path, files: BlobFiles) -> list[Finding]:
    """:func:`check` a database that no process owns just now.

    :raises Conflict: ``database_in_use``; then its owner has to be asked.
    """
    owner = OwnerLock(database)
    try:
        readers = Readers(database, cache_kib=2048)
        connection = readers.take()
        try:
            return check(View(connection, "", {}), files)
        finally:
            readers.give(connection)
            readers.close()
    except sqlite3.DatabaseError as error:
        return [Finding("database_damaged", f"{database}: {error}")]
    finally:
        owner.release()


def _foreign(view: View) -> list[Finding]:
    orphans = view.connection.execute(
        "SELECT DISTINCT r.org, r.collection FROM records r LEFT JOIN collections c"
        " ON c.org = r.org AND c.name = r.collection WHERE c.name IS NULL"
    )
    return [Finding("collection_missing", f"{org}/{name}") for org, name in orphans]


def _search(view: View) -> list[Finding]:
    (stray,) = view.connection.execute(
        "SELECT count(*) FROM search LEFT JOIN records r ON r.num = search.rowid"
        " WHERE r.num IS NULL OR r.deleted = 1"
    ).fetchone()
    return [Finding("search_stray", f"{stray} entries without a record")] if stray else []


def _blobs(view: View, files: BlobFiles, *, deep: bool) -> list[Finding]:
    findings = []
    for sha256, size in view.connection.execute("SELECT DISTINCT sha256, size FROM blobs"):
        path = files.path(sha256)
        if not path.exists():
            findings.append(Finding("blob_missing", sha256))
        elif path.stat().st_size != size:
            findings.append(Finding("blob_size", f"{sha256}: {path.stat().st_size}, not {size}"))
        elif deep and _hash(path) != sha256:
            findings.append(Finding("blob_damaged", sha256))
    return findings


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
