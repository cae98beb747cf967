"""A shelf of a hub, where a backup of this machine goes over the network."""

import io
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from typing import TYPE_CHECKING, BinaryIO, cast

from unibos.base.errors import Conflict, Error, NotFound
from unibos.clients.paths import SHELVES, below

if TYPE_CHECKING:
    from typing_extensions import Buffer

    from unibos.clients.api import Api

_KEYS = ("key.age", "key-2.age")
_OBJECT_LETTERS = 64
_GONE = ("shelf_not_found", "shelf_file_not_found")


class RemoteShelf:
    """A shelf; see ``unibos.ops.backup.shelf.Shelf``. What it is told to write is durable at once.

    :param api: the hub, asked as somebody of the org whose shelf it is.
    """

    def __init__(self, api: "Api", name: str) -> None:
        self._api = api
        self._name = name
        self._lock: dict[str, str] = {}
        self._sizes: dict[str, int] | None = None

    def where(self, name: str = "") -> str:
        """The address of a file, or of the shelf."""
        shelf = f"{self._api.address.rstrip('/')}/{self._name}"
        return f"{shelf}/{name}" if name else shelf

    def objects(self) -> Iterator[str]:
        """The names of all objects."""
        return (name for name in self._known() if len(name) == _OBJECT_LETTERS)

    def others(self) -> Iterator[str]:
        """The names of all other files."""
        return (name for name in self._known() if len(name) != _OBJECT_LETTERS)

    def size(self, name: str) -> int | None:
        """The size of a file, or None when it is not there."""
        return self._known().get(name)

    @contextmanager
    def read(self, name: str) -> Iterator[BinaryIO]:
        """Read a file while it comes."""
        with closing(self._api.stream(self._file(name), self._lock)) as chunks:
            try:
                first = next(chunks, b"")
            except NotFound as error:
                if error.code not in _GONE:
                    raise
                raise FileNotFoundError(self.where(name)) from error
            with io.BufferedReader(_Coming(first, chunks)) as file:
                yield cast("BinaryIO", file)

    def put(self, name: str, chunks: Iterable[bytes]) -> int:
        """Send a file; its size in bytes."""
        size = int(self._api.send(self._file(name), chunks, self._lock)["size"])
        self._known()[name] = size
        return size

    def put_plain(self, name: str, content: bytes) -> None:
        """Send a small file."""
        self.put(name, [content])

    def settle(self) -> None:
        """All that was sent is durable already."""

    def remove(self, name: str) -> None:
        """Remove a file, which is for admins of the org."""
        self._api.change("DELETE", self._file(name), headers=self._lock)
        self._known().pop(name, None)

    @contextmanager
    def founding(self) -> Iterator[None]:
        """Hold the shelf alone, unless something is on it.

        :raises Conflict: ``backup_folder_used``.
        """
        with self.locked(alone=True):
            if set(self._known()) - set(_KEYS):
                raise Conflict(
                    "backup_folder_used",
                    f"There is something on the shelf {self.where()} already.",
                    hint="Leave out --init to add to it, or choose another name.",
                )
            yield

    @contextmanager
    def locked(self, *, alone: bool) -> Iterator[None]:
        """Hold the shelf.

        :raises Conflict: ``backup_repository_busy``.
        """
        locks = below(SHELVES, self._name, "locks")
        lock = self._api.post(locks, {"alone": alone})["lock"]
        self._lock, self._sizes = {"Unibos-Lock": lock}, None
        try:
            yield
        finally:
            self._lock = {}
            # Without a word from us it ends by itself.
            with suppress(Error):
                self._api.change("DELETE", below(locks, lock))

    def _known(self) -> dict[str, int]:
        if self._sizes is None:
            try:
                found = self._api.each(below(SHELVES, self._name, "files"))
                self._sizes = {one["name"]: one["size"] for one in found}
            except NotFound as error:
                if error.code not in _GONE:
                    raise
                self._sizes = {}
        return self._sizes

    def _file(self, name: str) -> str:
        return below(SHELVES, self._name, "files", name)


class _Coming(io.RawIOBase):
    """Bytes that come in pieces, read as a file."""

    def __init__(self, first: bytes, chunks: Iterator[bytes]) -> None:
        self._present = memoryview(first)
        self._chunks = chunks

    def readable(self) -> bool:
        """Nothing else is possible."""
        return True

    def readinto(self, buffer: "Buffer", /) -> int:
        """Fill the buffer as far as there is something."""
        if not self._present:
            self._present = memoryview(next(self._chunks, b""))
        with memoryview(buffer) as room:
            count = min(len(room), len(self._present))
            room[:count] = self._present[:count]
        self._present = self._present[count:]
        return count
