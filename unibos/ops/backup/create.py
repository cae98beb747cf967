"""A new snapshot: the databases as they are at one instant each, and every blob that they name."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from unibos import __version__
from unibos.base.clock import iso, wall_ms
from unibos.base.errors import Conflict, Error, NotFound
from unibos.base.ids import new_id
from unibos.core.identity.certificate import CERTIFICATE_FILE
from unibos.core.identity.keys import KEY_FILE, InstanceKey
from unibos.core.store import copies
from unibos.core.store.blobs import BlobFiles
from unibos.core.store.hold import held
from unibos.core.store.replica import mark_in
from unibos.modules.care import last_backup
from unibos.ops.backup.repository import Repository
from unibos.ops.backup.snapshot import BLOB_FOLDERS, PIECE_BYTES, Database, Entry, Header, Name

FILES = (KEY_FILE, CERTIFICATE_FILE)
"""Small files of the data folder that belong into a backup."""


class Server(Protocol):
    """The running server, which alone can copy the database that it owns."""

    def copy(self, name: Name) -> Path:
        """Have the database ``node`` or ``hub`` copied; where the copy is.

        :raises Unavailable: ``unreachable``.
        """
        ...

    def forget(self, name: Name) -> None:
        """Have the copy removed."""
        ...


@dataclass(frozen=True, slots=True)
class Progress:
    """What the caller hears: ``begin`` the bytes to go through, ``advance`` so many more."""

    begin: Callable[[int], None] = field(default=lambda _total: None)
    advance: Callable[[int], None] = field(default=lambda _count: None)


QUIET = Progress()


@dataclass(slots=True)
class _Found:
    """What is learned while objects are kept."""

    new_bytes: int = 0
    missing: list[str] = field(default_factory=list)


def create(
    data: Path, repository: Repository, server: Server, progress: Progress = QUIET
) -> Header:
    """Make a snapshot of a data folder; it is visible once it is whole and durable.

    What was acknowledged before the call is in it. A blob that is not on the disk as it was
    written does not stop it: the header names it as missing.

    :raises NotFound: ``backup_nothing``.
    :raises Conflict: ``backup_running``, ``backup_repository_busy``.
    :raises StorageFull: ``backup_disk_full``, ``storage_full``.
    """
    names = databases_in(data)
    with ExitStack() as stack:
        stack.enter_context(repository.locked(alone=True))
        stack.enter_context(held(data))
        standing = {name: stack.enter_context(_standing(data, name, server)) for name in names}
        header = _written(data, repository, standing, progress)
        repository.publish(header)
        with suppress(OSError):
            last_backup.note(data, header.made_at, header.number)
    return header


def databases_in(data: Path) -> list[Name]:
    """The databases in a data folder, one or more.

    :raises NotFound: ``backup_nothing``.
    """
    names = [name for name in BLOB_FOLDERS if (data / f"{name}.db").exists()]
    if not names or not (data / KEY_FILE).exists():
        raise NotFound(
            "backup_nothing",
            f"There is no data of an instance in {data}.",
            hint="Name its folder with --data; `unibos config show` tells which is used.",
        )
    return names


@contextmanager
def _standing(data: Path, name: Name, server: Server) -> Iterator[Path]:
    """A database that stays as it is: the one that nobody has open, or a copy by who has."""
    with ExitStack() as stack:
        try:
            path = stack.enter_context(copies.standing(data / f"{name}.db"))
        except Conflict as error:
            if error.code != "database_in_use":
                raise
            stack.callback(_forget, server, name)
            path = server.copy(name)
        yield path


def _forget(server: Server, name: Name) -> None:
    # A server that stopped meanwhile removes the copy when it starts.
    with suppress(Error):
        server.forget(name)


def _written(
    data: Path, repository: Repository, standing: Mapping[Name, Path], progress: Progress
) -> Header:
    databases = tuple(_database(data, name, path) for name, path in standing.items())
    progress.begin(sum(one.size + one.blob_bytes for one in databases))
    number = max(repository.numbers(), default=0) + 1
    found = _Found()
    sha256, count = repository.write_list(
        number, _kept(data, repository, standing, found, progress)
    )
    return Header(
        number=number,
        id=new_id(),
        made_at=iso(wall_ms()),
        version=__version__,
        instance=InstanceKey.open(data).id,
        databases=databases,
        files={name: (data / name).read_text() for name in FILES if (data / name).exists()},
        missing=tuple(found.missing),
        objects=count,
        new_bytes=found.new_bytes,
        list_sha256=sha256,
    )


def _database(data: Path, name: Name, path: Path) -> Database:
    held_in = copies.contents(path)
    replica = data / f"{name}.replica"
    return Database(
        name=name,
        schema=held_in.schema,
        size=path.stat().st_size,
        records=held_in.records,
        users=held_in.users,
        blobs=held_in.blobs,
        blob_bytes=held_in.blob_bytes,
        newest=held_in.newest,
        # Read after the copy was made: it never goes back.
        clock_mark=mark_in(replica),
        epoch=json.loads(replica.read_text())["epoch"] if replica.exists() else "",
    )


def _kept(
    data: Path,
    repository: Repository,
    standing: Mapping[Name, Path],
    found: _Found,
    progress: Progress,
) -> Iterator[Entry]:
    """Keep all objects, and tell of each."""
    for name, path in standing.items():
        with path.open("rb") as file:
            while piece := file.read(PIECE_BYTES):
                yield _told(repository.put_piece(name, piece), found, progress)
    for name, path in standing.items():
        files = BlobFiles(data / BLOB_FOLDERS[name], repository.system)
        for blob in copies.blobs_of(path):
            kept = repository.put_blob(name, blob.sha256, blob.size, files.path(blob.sha256))
            if kept is None:
                found.missing.append(blob.sha256)
                progress.advance(blob.size)
            else:
                yield _told(kept, found, progress)


def _told(kept: tuple[Entry, bool], found: _Found, progress: Progress) -> Entry:
    entry, is_new = kept
    found.new_bytes += entry.stored if is_new else 0
    progress.advance(entry.size)
    return entry
