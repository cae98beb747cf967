"""The system calls that durability hangs on, each with a name, so that a test can fail just one.

``System`` is the real thing; a test passes a subclass that raises ``OSError`` at the call under
test. ``reach`` marks the points at which a crash test kills the process.
"""

import ctypes
import os
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from unibos.base.errors import StorageFull

_listener: Callable[[str], None] | None = None


def listen(listener: Callable[[str], None] | None) -> None:
    """Have ``listener`` called with the name of each crash point reached; None ends it."""
    global _listener  # noqa: PLW0603 - one hook for the whole process is the point of it
    _listener = listener


def reach(point: str) -> None:
    """Mark a moment between two durable steps; costs nothing unless a test listens."""
    if _listener is not None:
        _listener(point)


def refused(error: Exception) -> StorageFull:
    """What SQLite or a system call says of the disk, as an error of ours."""
    said = getattr(error, "strerror", None) or error
    return StorageFull(
        "storage_full",
        f"The disk refused the write ({said}). Nothing of it was kept.",
        hint="Free some space (unibos doctor shows how much is left); reading still works.",
    )


class System:
    """Durable file operations."""

    def append(self, path: Path) -> BinaryIO:
        """Open a file, made when absent, for writing at its end."""
        path.parent.mkdir(parents=True, exist_ok=True)
        return path.open("ab")

    def write(self, file: BinaryIO, data: bytes) -> None:
        """Write all of ``data``."""
        file.write(data)

    def sync(self, file: BinaryIO) -> None:
        """Return only when the file's bytes are on the disk."""
        file.flush()
        os.fsync(file.fileno())

    def rename(self, source: Path, target: Path) -> None:
        """Move a file over ``target`` in one step and make the move durable."""
        self.make_folder(target.parent)
        source.replace(target)
        self.sync_directory(target.parent)

    def make_folder(self, folder: Path) -> None:
        """Make a folder, and those above it, so that a power cut does not take their names."""
        if folder.is_dir():
            return
        self.make_folder(folder.parent)
        folder.mkdir(exist_ok=True)
        self.sync_directory(folder.parent)

    def sync_directory(self, folder: Path) -> None:
        """Make the names in ``folder`` durable."""
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def sync_file_system(self, folder: Path) -> None:
        """Return only when all bytes and names on the folder's file system are on the disk.

        For many files at once, syncfs(2) takes a fifth of the time of an fsync(2) for each.
        """
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            if ctypes.CDLL(None, use_errno=True).syncfs(descriptor) != 0:
                number = ctypes.get_errno()
                raise OSError(number, os.strerror(number), str(folder))
        finally:
            os.close(descriptor)

    def remove(self, path: Path) -> None:
        """Remove a file; a file that is gone already is no error."""
        path.unlink(missing_ok=True)

    def replace_text(self, path: Path, text: str, mode: int = 0o600) -> None:
        """Write a small file so that a reader sees the old or the new text, never a part."""
        self.rename(self._fresh(path, text, mode), path)

    def create_text(self, path: Path, text: str, mode: int = 0o600) -> None:
        """Write a small file that must not exist yet, in one step.

        :raises FileExistsError: somebody else made it first; it is as they wrote it.
        """
        fresh = self._fresh(path, text, mode)
        try:
            path.hardlink_to(fresh)
            self.sync_directory(path.parent)
        finally:
            self.remove(fresh)

    def _fresh(self, path: Path, text: str, mode: int) -> Path:
        fresh = path.with_name(f".{path.name}.{os.getpid()}.new")
        self.remove(fresh)
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        with os.fdopen(descriptor, "wb") as file:
            self.write(file, text.encode())
            self.sync(file)
        return fresh
