"""Encrypted files that are there whole or not at all."""

import errno
import io
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from unibos.base.errors import StorageFull, Unauthenticated
from unibos.core.store.system import System, reach
from unibos.ops.backup.age import Key, Sealing, Secret, damaged, opened
from unibos.ops.backup.batch import Batch

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


class SealedFiles:
    """Writes and reads files encrypted to one key.

    :param incoming: the folder for what is being written, on the same file system.
    """

    def __init__(self, incoming: Path, key: Key, system: System) -> None:
        self._incoming = incoming
        self._key = key
        self._system = system
        self._batch = Batch(incoming.parent, system, "backup.renamed")

    def put(self, target: Path, chunks: Iterable[bytes]) -> int:
        """Encrypt to a file that appears whole, at :meth:`settle` or before; its size in bytes.

        :raises StorageFull: ``backup_disk_full``.
        """
        fresh = self._incoming / target.name
        with full_disk():
            try:
                self._system.make_folder(self._incoming)
                self._system.make_folder(target.parent)
                with fresh.open("wb") as file:
                    sealing = Sealing(_Through(self._system, file), self._key)
                    for chunk in chunks:
                        sealing.write(chunk)
                    sealing.finish()
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

    def size(self, target: Path) -> int | None:
        """The size of a file, or None when it is not there."""
        waiting = self._batch.size(target)
        if waiting is not None:
            return waiting
        try:
            return target.stat().st_size
        except FileNotFoundError:
            return None

    def settle(self) -> None:
        """Make all files and their names durable.

        :raises StorageFull: ``backup_disk_full``.
        """
        with full_disk():
            self._batch.settle()

    def clear(self) -> None:
        """Remove what was being written when a process died."""
        for left in self._incoming.glob("*"):
            self._system.remove(left)

    @contextmanager
    def opened(self, path: Path) -> Iterator[Iterator[bytes]]:
        """Decrypt a file.

        :raises Damaged: ``backup_damaged``.
        """
        try:
            with path.open("rb") as file:
                yield opened(file, self._key)
        except FileNotFoundError:
            raise damaged(f"{path} is missing") from None
        except Unauthenticated:
            raise damaged(f"{path} is not for this repository's key") from None


class _Through:
    """Writes through the named system call, so that a test can fail it."""

    def __init__(self, system: System, file: BinaryIO) -> None:
        self._system, self._file = system, file

    def write(self, data: bytes, /) -> None:
        self._system.write(self._file, data)


def sealed_text(text: str, secret: Secret) -> bytes:
    """A short text, encrypted in memory."""
    sink = io.BytesIO()
    sealing = Sealing(sink, secret)
    sealing.write(text.encode())
    sealing.finish()
    return sink.getvalue()


def put_plain(system: System, path: Path, content: bytes) -> None:
    """Write a small file in clear that appears whole and durable."""
    fresh = path.with_name(f".{path.name}.new")
    with fresh.open("wb") as file:
        system.write(file, content)
        system.sync(file)
    system.rename(fresh, path)


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
