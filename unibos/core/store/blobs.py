"""Blobs: bytes named by their SHA-256, on disk before any row names them.

Bytes arrive in ``incoming/`` under a temporary name, are hashed while they stream, fsynced,
renamed to ``ab/abcdef…``, and only then named by a row in the database. A file without a row is
an orphan, collected after a grace period; a row without a file is damage to report.
"""

import hashlib
import os
import re
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from unibos.base.errors import Conflict, Damaged, Invalid, NotFound, TooLarge, Unavailable
from unibos.core.store import blob_cursors, blob_troubles, orgs
from unibos.core.store.hold import collecting
from unibos.core.store.system import System, reach, refused
from unibos.core.store.transaction import Transaction, View

_NAME = re.compile(r"[0-9a-f]{64}")
_READ = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Blob:
    """A blob that the org has; ``size`` in bytes."""

    sha256: str
    size: int


class Upload:
    """Bytes on their way in: :meth:`write` them all, then :meth:`finish`, or :meth:`abort`.

    :param limit: the most bytes.
    :param active: the uploads under way by their paths; of each there is one at a time.
    :param afresh: forget what an unfinished upload left.
    :raises Conflict: ``upload_in_progress``.
    :raises StorageFull: ``storage_full``.
    """

    def __init__(
        self,
        path: Path,
        system: System,
        limit: int,
        active: "dict[Path, Upload]",
        *,
        afresh: bool = False,
    ) -> None:
        if active.setdefault(path, self) is not self:
            raise _busy()
        self.path = path
        self._system = system
        self.limit = limit
        self._active = active
        self._hash = hashlib.sha256()
        self.size = 0
        try:
            if afresh:
                system.remove(path)
            elif path.exists():
                self._take_up()
            self._file = system.append(path)
        except OSError as error:
            del active[path]
            raise refused(error) from error

    def _take_up(self) -> None:
        with self.path.open("rb") as present:
            while chunk := present.read(_READ):
                self._hash.update(chunk)
                self.size += len(chunk)

    def write(self, chunk: bytes) -> None:
        """Add bytes.

        :raises TooLarge: ``blob_too_large``.
        :raises StorageFull: ``storage_full``.
        """
        if self.size + len(chunk) > self.limit:
            raise too_large(self.limit)
        try:
            self._system.write(self._file, chunk)
        except OSError as error:
            raise refused(error) from error
        self._hash.update(chunk)
        self.size += len(chunk)

    def pause(self) -> None:
        """Keep what arrived, to be continued by a later upload of the same name."""
        try:
            self._file.close()
        except OSError as error:
            raise refused(error) from error
        finally:
            del self._active[self.path]

    def abort(self) -> None:
        """Forget it."""
        # Bytes that are forgotten need not reach the disk; a file that stays is an orphan.
        with suppress(OSError):
            self._file.close()
        with suppress(OSError):
            self._system.remove(self.path)
        del self._active[self.path]

    def finish(self, target_of: "BlobFiles", expected: str | None = None) -> Blob:
        """Make the bytes durable under their name; a row must name them next.

        :raises Invalid: ``blob_hash_mismatch``; what arrived is forgotten.
        :raises StorageFull: ``storage_full``.
        """
        sha256 = self._hash.hexdigest()
        if expected is not None and sha256 != expected:
            self.abort()
            raise Invalid(
                "blob_hash_mismatch",
                f"The bytes have the SHA-256 {sha256}, not {expected}.",
                hint="Send the whole file again.",
            )
        try:
            self._system.sync(self._file)
            self._file.close()
            target_of.settle(self.path, sha256, self.size)
        except OSError as error:
            self.abort()
            raise refused(error) from error
        del self._active[self.path]
        reach("blob.renamed")
        return Blob(sha256, self.size)


class BlobFiles:
    """The folder of blobs, shared by all orgs; what an org may see is in its rows."""

    def __init__(self, folder: Path, system: System) -> None:
        self._folder = folder
        self._incoming = folder / "incoming"
        self._system = system
        self._active: dict[Path, Upload] = {}
        self._moving = threading.Lock()

    @property
    def folder(self) -> Path:
        """Where all of it lies; made with the first blob."""
        return self._folder

    def path(self, sha256: str) -> Path:
        """Where the bytes are; never made from anything but 64 hexadecimal digits.

        :raises Invalid: ``blob_name_invalid``.
        """
        if not is_name(sha256):
            raise Invalid("blob_name_invalid", "A blob's name is 64 lower-case hex digits.")
        return self._folder / sha256[:2] / sha256

    def upload(self, limit: int) -> Upload:
        """Begin to take in bytes whose hash is not known yet."""
        return Upload(self._incoming / os.urandom(16).hex(), self._system, limit, self._active)

    def resume(self, org: str, sha256: str, limit: int, *, afresh: bool = False) -> Upload:
        """Begin or continue to take in bytes whose hash the sender knows; see :class:`Upload`."""
        path = self._partial(org, sha256)
        with self._moving, suppress(FileNotFoundError):
            # Fresh again, so that the collector leaves it until its row is committed.
            os.utime(path)
        return Upload(path, self._system, limit, self._active, afresh=afresh)

    def received(self, org: str, sha256: str) -> int:
        """How many bytes of an unfinished upload are here."""
        return _size(self._partial(org, sha256))

    def unfinished(self, org: str, but: str) -> int:
        """How many bytes the org's unfinished uploads take, or will take where they are under way.

        :param but: without the one of this blob.
        """
        own, size = self._partial(org, but), 0
        for path in self._incoming.glob(f"{_owner(org)}-*"):
            active = self._active.get(path)
            if path != own:
                size += active.limit if active is not None else _size(path)
        return size

    def _partial(self, org: str, sha256: str) -> Path:
        self.path(sha256)
        return self._incoming / f"{_owner(org)}-{sha256}"

    def settle(self, arrived: Path, sha256: str, size: int) -> None:
        """Put bytes that are on the disk under their name, at a moment when nothing is collected.

        :raises OSError: the disk refused it.
        """
        target = self.path(sha256)
        with self._moving:
            if target.exists() and target.stat().st_size == size:
                # Fresh again, so that the collector leaves it until its row is committed.
                os.utime(target)
                self._system.remove(arrived)
            else:
                self._system.rename(arrived, target)

    def stale(self, grace_seconds: float) -> Iterator[Path]:
        """Files that nobody touched for so long: blobs that rows may name, and cut uploads."""
        before = time.time() - grace_seconds
        return (path for path in self._folder.glob("*/*") if _untouched(path, before))

    def collect(self, tx: Transaction, paths: Iterable[Path], grace_seconds: float) -> int:
        """Remove those of the stale files that no row names; the count of them.

        Runs in a transaction, with few files at a time: rows are made on the writer thread only,
        so none appears between the look and the removal. While a backup is made, none is removed.
        """
        before = time.time() - grace_seconds
        removed = 0
        with collecting(self._folder.parent) as allowed:
            for path in paths if allowed else ():
                if named(tx, path.name):
                    continue
                with self._moving:
                    if _untouched(path, before):
                        self._system.remove(path)
                        removed += 1
        return removed


def _owner(org: str) -> str:
    return hashlib.sha256(org.encode()).hexdigest()[:16]


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _untouched(path: Path, before: float) -> bool:
    try:
        return path.stat().st_mtime <= before
    except FileNotFoundError:
        return False


def is_name(text: str) -> bool:
    """Whether a text can be a blob's name: 64 lower-case hexadecimal digits."""
    return _NAME.fullmatch(text) is not None


def named(view: View, name: str) -> bool:
    """Whether any org has a blob of this name, or waits for the rest of this part of one."""
    sha256 = name.rpartition("-")[2]
    table = "blobs" if sha256 == name else "pending_blobs"
    found = view.connection.execute(
        f"SELECT 1 FROM {table} WHERE sha256 = ? LIMIT 1",  # noqa: S608 - one of two constants
        (sha256,),
    )
    return found.fetchone() is not None


def add(tx: Transaction, blob: Blob, used_by: str = "") -> bool:
    """Let the org have a blob whose file is in place; False when it had it already.

    :param used_by: what needs it, such as ``documents/ID``; empty for people themselves. The same
        bytes may be needed by several.
    """
    new = not _has(tx, blob.sha256)
    if new:
        orgs.require_room_for_bytes(tx, blob.size)
        orgs.count_bytes(tx, blob.size)
        tx.connection.execute(
            "INSERT INTO blobs (org, sha256, size, created_at) VALUES (?, ?, ?, ?)",
            (tx.org, blob.sha256, blob.size, tx.now()),
        )
        _end_waiting(tx, blob.sha256)
    tx.connection.execute(
        "INSERT INTO blob_uses (org, sha256, used_by) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
        (tx.org, blob.sha256, used_by),
    )
    return new


def use(tx: Transaction, sha256: str, used_by: str) -> bool:
    """Say that a blob which the org has is needed by one more; False when it has none such."""
    if not _has(tx, sha256):
        return False
    tx.connection.execute(
        "INSERT INTO blob_uses (org, sha256, used_by) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
        (tx.org, sha256, used_by),
    )
    return True


def get(view: View, sha256: str) -> Blob:
    """A blob of the org.

    :raises NotFound: ``blob_not_found``.
    :raises Unavailable: ``blob_pending``: its bytes have not come here yet.
    """
    row = view.connection.execute(
        "SELECT sha256, size FROM blobs WHERE org = ? AND sha256 = ?", (view.org, sha256)
    ).fetchone()
    if row is None:
        raise _pending(sha256) if waited_for(view, sha256) else not_found(sha256)
    return Blob(*row)


def uses(view: View, sha256: str) -> list[str]:
    """What needs a blob that the org has; see :func:`add`."""
    rows = view.connection.execute(
        "SELECT used_by FROM blob_uses WHERE org = ? AND sha256 = ?", (view.org, sha256)
    )
    return [used_by for (used_by,) in rows]


def waited_for(view: View, sha256: str) -> bool:
    """Whether a record of the org names this blob, and its bytes are still to come from a peer."""
    found = view.connection.execute(
        "SELECT 1 FROM pending_blobs WHERE org = ? AND sha256 = ? LIMIT 1", (view.org, sha256)
    )
    return found.fetchone() is not None


def require_room(view: View, sha256: str, size: int) -> None:
    """Make sure, before its bytes travel, that the org may have a blob of this size.

    :raises Forbidden: ``limit_reached``.
    """
    if not _has(view, sha256):
        orgs.require_room_for_bytes(view, size)


def _has(view: View, sha256: str) -> bool:
    found = view.connection.execute(
        "SELECT 1 FROM blobs WHERE org = ? AND sha256 = ?", (view.org, sha256)
    )
    return found.fetchone() is not None


def open_path(view: View, files: BlobFiles, sha256: str) -> Path:
    """Where the bytes of one of the org's blobs are.

    :raises NotFound: ``blob_not_found``.
    :raises Unavailable: ``blob_pending``: its bytes have not come here yet.
    :raises Damaged: ``blob_missing`` when the row is there and the file is not.
    """
    blob = get(view, sha256)
    path = files.path(sha256)
    if not path.exists() or path.stat().st_size != blob.size:
        raise Damaged(
            "blob_missing",
            f"The bytes of blob {sha256} are not on the disk as they were written.",
            hint="Restore the file from a backup; unibos doctor lists all that are missing.",
        )
    return path


def release(tx: Transaction, sha256: str, used_by: str = "") -> None:
    """End one use of a blob: after the last one the org has it no more, or waits for it no more.

    Its file goes when no org has it, after the grace.
    """
    ended = tx.connection.execute(
        "DELETE FROM pending_blobs WHERE org = ? AND sha256 = ? AND used_by = ?",
        (tx.org, sha256, used_by),
    )
    if ended.rowcount and not waited_for(tx, sha256):
        blob_troubles.forget(tx, "fetch", sha256)
    tx.connection.execute(
        "DELETE FROM blob_uses WHERE org = ? AND sha256 = ? AND used_by = ?",
        (tx.org, sha256, used_by),
    )
    removed = tx.connection.execute(
        "DELETE FROM blobs WHERE org = ?1 AND sha256 = ?2"
        " AND NOT EXISTS (SELECT 1 FROM blob_uses WHERE org = ?1 AND sha256 = ?2) RETURNING size",
        (tx.org, sha256),
    ).fetchall()
    for (size,) in removed:
        orgs.count_bytes(tx, -size)
        blob_troubles.forget(tx, "give", sha256)


def _end_waiting(tx: Transaction, sha256: str) -> None:
    """Let all have the blob who waited for it, however its bytes came."""
    ended = tx.connection.execute(
        "DELETE FROM pending_blobs WHERE org = ? AND sha256 = ? RETURNING used_by",
        (tx.org, sha256),
    ).fetchall()
    if not ended:
        return
    tx.connection.executemany(
        "INSERT INTO blob_uses (org, sha256, used_by) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
        [(tx.org, sha256, used_by) for (used_by,) in ended],
    )
    blob_troubles.forget(tx, "fetch", sha256)
    blob_cursors.reset(tx)


def not_found(sha256: str) -> NotFound:
    """The answer for a blob that the org does not have, or that the asker may not have."""
    return NotFound("blob_not_found", f"There is no blob {sha256[:64]!r}.")


def _pending(sha256: str) -> Unavailable:
    return Unavailable(
        "blob_pending",
        "The bytes have not come to this instance yet.",
        hint="They come with the next sync that reaches a peer which has them:"
        " unibos sync status tells how it is going.",
        sha256=sha256,
    )


def too_large(limit: int) -> TooLarge:
    """The error for a blob over its limit, in bytes."""
    return TooLarge(
        "blob_too_large",
        f"More than {limit} bytes.",
        hint="documents.max_mb in the configuration sets the limit.",
        limit=limit,
    )


def _busy() -> Conflict:
    return Conflict(
        "upload_in_progress",
        "The same blob is being sent by another request.",
        hint="Wait for it to end, then ask how much was received.",
    )
