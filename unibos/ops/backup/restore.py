"""From a snapshot back to a data folder.

All is built and checked in a folder beside (``.NAME.restoring``), which then takes the place of the
data folder in one step. A cut before leaves the data folder as it was, and the next attempt goes
on with the blobs that are there. Databases get a new epoch and a clock above every reading that
the earlier life can have given.
"""

import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from unibos.base.errors import Conflict, Damaged, StorageFull
from unibos.core.store.blobs import BlobFiles
from unibos.core.store.copies import NEWEST_SCHEMA
from unibos.core.store.integrity import Finding, check_unowned
from unibos.core.store.owner import OwnerLock
from unibos.core.store.replica import mark_in, renew
from unibos.core.store.system import System, reach
from unibos.ops.backup import building
from unibos.ops.backup.age import damaged
from unibos.ops.backup.batch import Batch
from unibos.ops.backup.create import FILES, QUIET, Progress
from unibos.ops.backup.repository import Repository
from unibos.ops.backup.snapshot import BLOB_FOLDERS, Entry, Header

_SPARE_BYTES = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Restored:
    """What came of it.

    :param aside: where the folder that was replaced is kept.
    :param epochs: the new epochs, by the names of their databases.
    """

    header: Header
    folder: Path
    aside: Path | None
    epochs: dict[str, str]


def restore(
    repository: Repository,
    header: Header,
    data: Path,
    progress: Progress = QUIET,
    *,
    replace: bool = False,
) -> Restored:
    """Put a snapshot into a data folder, whatever the board or profile.

    :param replace: keep a folder that holds something aside; blobs that both have are not copied
        but linked.
    :raises Conflict: ``data_exists``, ``data_mounted``, ``database_in_use``, ``schema_newer``.
    :raises Damaged: ``backup_damaged``; nothing of it was put in place.
    :raises StorageFull: ``storage_full``.
    """
    refuse_newer(header)
    data = data.resolve()
    folder = building.beside(data)
    building.keep_replaced(folder, data)
    occupied = data.exists() and any(data.iterdir())
    if occupied and not replace:
        raise Conflict(
            "data_exists",
            f"There is something in {data} already.",
            hint="Restore into another folder with --data, or keep this one aside with --replace.",
        )
    if data.is_mount():
        raise Conflict(
            "data_mounted",
            f"{data} is the root of a file system, which cannot be replaced in one step.",
            hint="Restore into a folder on it, and name that as the data folder.",
        )
    with repository.locked(alone=False), _for_its_owner(), ExitStack() as stack:
        if occupied:
            stack.enter_context(_owned(data))
        stack.enter_context(building.prepared(folder, header.id))
        _make_sure_of_room(repository, header, folder, data)
        _build(repository, header, folder, data, progress)
        epochs = _begin_anew(header, folder, data)
        aside = building.put_in_place(folder, data)
    return Restored(header, data, aside, epochs)


def newest(repository: Repository) -> Header:
    """The newest snapshot.

    :raises Conflict: ``backup_snapshot_ambiguous`` when several instances have some.
    :raises NotFound: ``backup_snapshot_missing``.
    """
    headers = [repository.header(number) for number in repository.numbers()]
    if len({header.instance for header in headers}) > 1:
        raise Conflict(
            "backup_snapshot_ambiguous",
            "Several instances have snapshots here.",
            hint="Name one of the numbers that `unibos backup list` shows.",
        )
    return headers[-1] if headers else repository.header(1)


def refuse_newer(header: Header) -> None:
    """Make sure that this program knows the schemas of a snapshot.

    :raises Conflict: ``schema_newer``.
    """
    for database in header.databases:
        if database.schema > NEWEST_SCHEMA:
            raise Conflict(
                "schema_newer",
                f"Snapshot {header.number} has schema {database.schema};"
                f" this program knows {NEWEST_SCHEMA}.",
                hint="Install the version of UNIBOS that made it, or a newer one.",
            )


def put_databases(
    repository: Repository, header: Header, folder: Path, progress: Progress = QUIET
) -> None:
    """Write the databases of a snapshot into a folder.

    :raises Damaged: ``backup_damaged``.
    """
    for database in header.databases:
        pieces = (
            entry
            for entry in repository.entries(header)
            if entry.kind == "piece" and entry.of == database.name
        )
        path = folder / f"{database.name}.db"
        path.unlink(missing_ok=True)
        size = 0
        with _room(path), path.open("wb") as file:
            for entry in pieces:
                for chunk in repository.read(entry):
                    repository.system.write(file, chunk)
                    progress.advance(len(chunk))
                size += entry.size
            repository.system.sync(file)
        if size != database.size:
            raise damaged(f"{database.name}.db has {size} bytes, not {database.size}")
        reach("restore.database")


def check(folder: Path, header: Header, *, without_blobs: bool = False) -> list[Finding]:
    """What is not right with the restored databases, but for blobs that were missing before.

    :param without_blobs: they were not restored.
    """
    findings: list[Finding] = []
    for database in header.databases:
        files = BlobFiles(folder / BLOB_FOLDERS[database.name], System())
        findings += check_unowned(folder / f"{database.name}.db", files)
    known = set(header.missing)
    return [
        one
        for one in findings
        if one.code != "blob_missing" or not (without_blobs or one.detail in known)
    ]


def _build(
    repository: Repository, header: Header, folder: Path, data: Path, progress: Progress
) -> None:
    progress.begin(header.size)
    put_databases(repository, header, folder, progress)
    batch = Batch(folder, repository.system, "restore.blob")
    for entry in repository.entries(header):
        if entry.kind == "blob":
            _put_blob(repository, entry, folder, data, batch)
            progress.advance(entry.size)
    with _room(None):
        batch.name()
    for name in FILES:
        if name in header.files:
            repository.system.replace_text(folder / name, header.files[name])
    findings = check(folder, header)
    if findings:
        raise Damaged(
            "backup_damaged",
            f"The restored data is not sound: {findings[0].code}, {findings[0].detail}.",
            hint="Nothing was put in place. Restore an older snapshot.",
        )


def _put_blob(repository: Repository, entry: Entry, folder: Path, data: Path, batch: Batch) -> None:
    name = BLOB_FOLDERS[entry.of]
    target = BlobFiles(folder / name, repository.system).path(entry.sha256)
    if target.exists():
        return
    repository.system.make_folder(target.parent)
    present = BlobFiles(data / name, repository.system).path(entry.sha256)
    if _is_blob(present, entry):
        target.hardlink_to(present)
        return
    fresh = target.with_name(f"{target.name}.new")
    with _room(fresh):
        with fresh.open("wb") as file:
            for chunk in repository.read(entry):
                repository.system.write(file, chunk)
        batch.add(fresh, target, entry.size)


def _is_blob(path: Path, entry: Entry) -> bool:
    """Whether the replaced folder has the same bytes."""
    if not path.is_file() or path.stat().st_size != entry.size:
        return False
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() == entry.sha256


def _make_sure_of_room(repository: Repository, header: Header, folder: Path, data: Path) -> None:
    needed = sum(one.size for one in header.databases)
    for entry in repository.entries(header):
        if entry.kind == "blob" and not any(
            BlobFiles(one / BLOB_FOLDERS[entry.of], repository.system).path(entry.sha256).exists()
            for one in (folder, data)
        ):
            needed += entry.size
    free = shutil.disk_usage(folder).free
    if free < needed + _SPARE_BYTES:
        raise StorageFull(
            "storage_full",
            f"The snapshot needs {needed} bytes; {free} are free at {folder.parent}.",
            hint="Make room, or restore to a larger disk with --data.",
        )


def _begin_anew(header: Header, folder: Path, data: Path) -> dict[str, str]:
    """Give every database its new epoch."""
    epochs: dict[str, str] = {}
    for database in header.databases:
        file = f"{database.name}.replica"
        marks = (database.clock_mark, _mark_of_replaced(data / file))
        epochs[database.name] = renew(folder / file, database.newest, *marks, system=System())
    return epochs


def _mark_of_replaced(path: Path) -> int:
    try:
        return mark_in(path)
    except Damaged:
        return 0


@contextmanager
def _owned(data: Path) -> Iterator[None]:
    """Make sure that no server runs on a folder.

    :raises Conflict: ``database_in_use``.
    """
    with ExitStack() as stack:
        for name in BLOB_FOLDERS:
            if (data / f"{name}.db").exists():
                stack.callback(OwnerLock(data / f"{name}.db").release)
        yield


@contextmanager
def _for_its_owner() -> Iterator[None]:
    """Let files that are made be for their owner alone."""
    before = os.umask(0o077)
    try:
        yield
    finally:
        os.umask(before)


@contextmanager
def _room(path: Path | None) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if path is not None:
            path.unlink(missing_ok=True)
        raise StorageFull(
            "storage_full",
            f"{path or 'A file'} cannot be written: {error.strerror}.",
            hint="The data folder is as it was. Make room, and start again: it goes on.",
        ) from error
