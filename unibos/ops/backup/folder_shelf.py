"""A repository's files in a folder on any disk; ``incoming/`` holds what is being written, ``lock``
is held by whoever works there."""

import errno
import fcntl
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from unibos.base.errors import Conflict, Misconfigured, StorageFull
from unibos.core.store.shelf_files import (
    KEYS,
    MARKER,
    header_of_list,
    objects_in,
    others_in,
    path_of,
)
from unibos.core.store.system import System, reach
from unibos.ops.backup.batch import Batch

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


class FolderShelf:
    """A folder; see :class:`unibos.ops.backup.shelf.Shelf`."""

    def __init__(self, folder: Path, system: System) -> None:
        self.folder = folder
        self._system = system
        self._incoming = folder / "incoming"
        self._batch = Batch(folder, system, "backup.renamed")

    def path(self, name: str) -> Path:
        """Where a file lies."""
        return path_of(self.folder, name)

    def where(self, name: str = "") -> str:
        """The path of a file, or of the folder."""
        return str(self.path(name) if name else self.folder)

    def objects(self) -> Iterator[str]:
        """The names of all objects that have theirs."""
        return objects_in(self.folder)

    def others(self) -> Iterator[str]:
        """The names of all other files that have theirs."""
        return iter(others_in(self.folder))

    def size(self, name: str) -> int | None:
        """The size of a file, or None when it is not there."""
        path = self.path(name)
        waiting = self._batch.size(path)
        if waiting is not None:
            return waiting
        try:
            return path.stat().st_size
        except FileNotFoundError:
            return None

    @contextmanager
    def read(self, name: str) -> Iterator[BinaryIO]:
        """Open a file."""
        try:
            file = self.path(name).open("rb")
        except NotADirectoryError as error:
            raise FileNotFoundError(*error.args) from error
        with file:
            yield file

    def put(self, name: str, chunks: Iterable[bytes]) -> int:
        """Write a file that appears whole, at :meth:`settle` or before; its size in bytes.

        :raises StorageFull: ``backup_disk_full``.
        """
        fresh, target = self._incoming / name, self.path(name)
        with full_disk():
            try:
                self._system.make_folder(self._incoming)
                self._system.make_folder(target.parent)
                with fresh.open("wb") as file:
                    for chunk in chunks:
                        self._system.write(file, chunk)
                    reach("backup.written")
                    size = file.tell()
                self._batch.add(fresh, target, size)
            except BaseException:
                with suppress(OSError):
                    self._system.remove(fresh)
                with suppress(OSError):
                    # What is whole serves the next attempt.
                    self._batch.name()
                raise
        return size

    def put_plain(self, name: str, content: bytes) -> None:
        """Write a small file in clear that appears whole and durable."""
        path = self.path(name)
        fresh = path.with_name(f".{path.name}.new")
        with full_disk():
            with fresh.open("wb") as file:
                self._system.write(file, content)
                self._system.sync(file)
            self._system.rename(fresh, path)

    def settle(self) -> None:
        """Make all files and their names durable.

        :raises StorageFull: ``backup_disk_full``.
        """
        with full_disk():
            self._batch.settle()

    def remove(self, name: str) -> None:
        """Remove a file."""
        self._system.remove(self.path(name))

    @contextmanager
    def founding(self) -> Iterator[None]:
        """Make the folder, unless something is in it.

        :raises Conflict: ``backup_folder_used``.
        """
        # Left by an attempt that was cut: without a marker there is no repository.
        unfinished = {*KEYS, *(f".{name}.new" for name in (*KEYS, MARKER))}
        if self.folder.exists() and {path.name for path in self.folder.iterdir()} - unfinished:
            raise Conflict(
                "backup_folder_used",
                f"There is something else in {self.folder}.",
                hint="Choose a folder that is empty or does not exist.",
            )
        with full_disk():
            self._system.make_folder(self.folder)
        yield

    @contextmanager
    def locked(self, *, alone: bool) -> Iterator[None]:
        """Keep others out; who is alone clears up what a death left behind.

        :raises Conflict: ``backup_repository_busy``.
        """
        with _lock_file(self.folder, alone=alone) as descriptor:
            try:
                fcntl.flock(descriptor, (fcntl.LOCK_EX if alone else fcntl.LOCK_SH) | fcntl.LOCK_NB)
            except BlockingIOError:
                raise Conflict(
                    "backup_repository_busy",
                    f"Somebody else works in {self.folder}.",
                    hint="Wait for it to end.",
                ) from None
            if alone:
                self._clear()
            yield

    def _clear(self) -> None:
        """Remove half files, and lists without a snapshot."""
        for left in self._incoming.glob("*"):
            self._system.remove(left)
        names = others_in(self.folder)
        for name in names:
            header = header_of_list(name)
            if header is not None and header not in names:
                self.remove(name)


@contextmanager
def full_disk() -> Iterator[None]:
    """Tell of a full disk as an error of ours.

    :raises StorageFull: ``backup_disk_full``.
    """
    try:
        yield
    except OSError as error:
        if error.errno not in _FULL:
            raise
        raise StorageFull(
            "backup_disk_full",
            f"The disk of the backup is full ({error.strerror}).",
            hint="Earlier snapshots are whole. Make room, or keep fewer of them.",
        ) from error


@contextmanager
def _lock_file(folder: Path, *, alone: bool) -> Iterator[int]:
    path = folder / "lock"
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        if alone or not path.exists():
            raise Misconfigured(
                "backup_folder_closed",
                f"{folder} cannot be written to: {error.strerror}.",
                hint="Mount the disk for writing, or put sudo in front.",
            ) from None
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        yield descriptor
    finally:
        os.close(descriptor)
