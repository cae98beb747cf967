"""Where the files of a repository lie: a folder on a disk, or a shelf of another instance.

Names are those of :mod:`unibos.core.store.shelf_files`.
"""

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from typing import BinaryIO, Protocol


class Shelf(Protocol):
    """Files that are there whole or not at all, and are written once."""

    def where(self, name: str = "") -> str:
        """The place of a file, or of all, as people are told it."""
        ...

    def objects(self) -> Iterator[str]:
        """The names of all objects."""
        ...

    def others(self) -> Iterator[str]:
        """The names of all other files."""
        ...

    def size(self, name: str) -> int | None:
        """The size of a file in bytes, or None when it is not there."""
        ...

    def read(self, name: str) -> AbstractContextManager[BinaryIO]:
        """Read a file.

        :raises FileNotFoundError: it is not there.
        """
        ...

    def put(self, name: str, chunks: Iterable[bytes]) -> int:
        """Write a file, which is durable after :meth:`settle`; its size in bytes.

        :raises StorageFull: ``backup_disk_full``.
        """
        ...

    def put_plain(self, name: str, content: bytes) -> None:
        """Write a small file that is durable at once.

        :raises StorageFull: ``backup_disk_full``.
        """
        ...

    def settle(self) -> None:
        """Make all that was put durable.

        :raises StorageFull: ``backup_disk_full``.
        """
        ...

    def remove(self, name: str) -> None:
        """Remove a file; :meth:`settle` makes it durable."""
        ...

    def founding(self) -> AbstractContextManager[None]:
        """Let a repository be made where there is nothing.

        :raises Conflict: ``backup_folder_used``.
        """
        ...

    def locked(self, *, alone: bool) -> AbstractContextManager[None]:
        """Keep others out: all of them, or only those who write.

        :raises Conflict: ``backup_repository_busy``.
        """
        ...
