"""A repository: encrypted snapshots on a shelf (:mod:`unibos.ops.backup.shelf`).

Its files are those that :mod:`unibos.core.store.shelf_files` names: the name of an object is an
HMAC of its content's hash, so it tells nobody what is in it. What has its name is whole.
"""

import hashlib
import hmac
import io
import zlib
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, suppress
from pathlib import Path

import msgspec
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from unibos.base.errors import Error, NotFound
from unibos.core.store.shelf_files import KEYS, MARKER, number_of
from unibos.core.store.system import System, reach
from unibos.ops.backup import keys, snapshot
from unibos.ops.backup.age import Key, Secret, damaged, opened, sealed_size
from unibos.ops.backup.folder_shelf import FolderShelf
from unibos.ops.backup.sealed_files import sealed, unsealed
from unibos.ops.backup.shelf import Shelf
from unibos.ops.backup.snapshot import PIECE_BYTES, Entry, Header, Kind, Name

_MARKED = b"unibos backup repository 1\n"
_READ = 1024 * 1024


class Repository:
    """An unlocked repository; made by :meth:`create` or :meth:`open`."""

    def __init__(self, shelf: Shelf, key: Key, system: System) -> None:
        self.shelf = shelf
        self.system = system
        self._key = key
        derived = HKDF(hashes.SHA256(), 32, salt=None, info=b"unibos backup names")
        self._names = derived.derive(key.raw)

    @classmethod
    def create(
        cls, place: Path | Shelf, secret: Secret, system: System | None = None
    ) -> "Repository":
        """Make a repository in a folder, or on a shelf, that is empty or not there.

        :raises Conflict: ``backup_folder_used``.
        """
        system = system or System()
        shelf = _shelf(place, system)
        key = Key.generate()
        with shelf.founding():
            written = b"".join(sealed([(keys.written(key) + "\n").encode()], secret))
            for name in KEYS:
                shelf.put_plain(name, written)
                reach("backup.key_written")
            shelf.put_plain(MARKER, _MARKED)
        return cls(shelf, key, system)

    @classmethod
    def open(
        cls, place: Path | Shelf, secret: Secret, system: System | None = None
    ) -> "Repository":
        """Unlock a repository; nothing is written.

        :raises NotFound: ``backup_repository_missing``.
        :raises Unauthenticated: ``backup_secret_wrong``.
        :raises Damaged: ``backup_damaged``.
        """
        system = system or System()
        shelf = _shelf(place, system)
        look_for(shelf)
        failure: Error = damaged("the repository has no key")
        for copy in dict.fromkeys(_copies_of_key(shelf).values()):
            try:
                text = b"".join(opened(io.BytesIO(copy), secret)).decode("latin-1")
                return cls(shelf, keys.read(text), system)
            except Error as error:
                # A damaged copy may look like a wrong passphrase; the other one tells.
                failure = error
        raise failure

    def locked(self, *, alone: bool) -> AbstractContextManager[None]:
        """Keep others out: all of them, or only those who write.

        :raises Conflict: ``backup_repository_busy``.
        """
        return self.shelf.locked(alone=alone)

    # Objects

    def name(self, kind: Kind, sha256: str) -> str:
        """What an object is called; nobody without the key can tell its hash from it."""
        return hmac.digest(self._names, f"{kind} {sha256}".encode(), "sha256").hex()

    def stored(self, kind: Kind, sha256: str) -> int | None:
        """How many bytes an object takes, or None when it is not there."""
        return self.shelf.size(self.name(kind, sha256))

    def put_piece(self, of: Name, piece: bytes) -> tuple[Entry, bool]:
        """Keep a piece of a database, compressed; and whether it is new."""
        sha256 = hashlib.sha256(piece).hexdigest()
        name = self.name("piece", sha256)
        present = self.stored("piece", sha256)
        if present:
            return Entry("piece", of, sha256, len(piece), present), False
        packer = zlib.compressobj(1, wbits=31)
        packed = packer.compress(piece) + packer.flush()
        stored = self._put(name, [packed])
        return Entry("piece", of, sha256, len(piece), stored), True

    def put_blob(self, of: Name, sha256: str, size: int, path: Path) -> tuple[Entry, bool] | None:
        """Keep a blob; and whether it is new. None when its bytes are not there any more."""
        stored = sealed_size(size)
        name = self.name("blob", sha256)
        if self.stored("blob", sha256) == stored:
            return Entry("blob", of, sha256, size, stored), False
        try:
            self._put(name, _hashed(_read(path), sha256, size))
        except _Otherwise:
            return None
        return Entry("blob", of, sha256, size, stored), True

    def read(self, entry: Entry) -> Iterator[bytes]:
        """The bytes of an object; only when the iterator ends by itself they are all there.

        :raises Damaged: ``backup_damaged``.
        """
        with unsealed(self.shelf, self.name(entry.kind, entry.sha256), self._key) as found:
            chunks = [_unpacked(b"".join(found))] if entry.kind == "piece" else found
            try:
                yield from _hashed(chunks, entry.sha256, entry.size)
            except _Otherwise:
                raise damaged(f"{entry.kind} {entry.sha256} holds other bytes") from None

    def objects(self) -> Iterator[str]:
        """The names of all objects, whether a snapshot needs them or not."""
        return self.shelf.objects()

    # Snapshots

    def numbers(self) -> list[int]:
        """The numbers of all snapshots, the oldest first."""
        return sorted(filter(None, map(number_of, self.shelf.others())))

    def header(self, number: int) -> Header:
        """What a snapshot is.

        :raises NotFound: ``backup_snapshot_missing``.
        :raises Damaged: ``backup_damaged``.
        """
        if self.shelf.size(f"{number}.age") is None:
            raise NotFound("backup_snapshot_missing", f"There is no snapshot {number}.")
        with unsealed(self.shelf, f"{number}.age", self._key) as chunks:
            return snapshot.decoded(b"".join(chunks), number)

    def entries(self, header: Header) -> Iterator[Entry]:
        """All objects that a snapshot needs, the pieces of its databases first.

        :raises Damaged: ``backup_damaged``.
        """
        with unsealed(self.shelf, _list_of(header.number), self._key) as chunks:
            try:
                yield from snapshot.entries(_hashed(chunks, header.list_sha256, None))
            except _Otherwise:
                raise damaged(f"the list of snapshot {header.number} is another one") from None

    def write_list(self, number: int, found: Iterable[Entry]) -> tuple[str, int]:
        """Write the list of a snapshot that is being made; its SHA-256 and its length."""
        digest, count = hashlib.sha256(), 0

        def lines() -> Iterator[bytes]:
            nonlocal count
            for entry in found:
                line = entry.line()
                digest.update(line)
                count += 1
                yield line

        self._put(_list_of(number), lines())
        return digest.hexdigest(), count

    def publish(self, header: Header) -> None:
        """Make a snapshot visible; all that it needs is durable before."""
        self.shelf.settle()
        reach("backup.before_header")
        self._put(f"{header.number}.age", [msgspec.json.encode(header)])
        self.shelf.settle()
        reach("backup.published")

    def remove(self, number: int) -> None:
        """Remove a snapshot, but not its objects."""
        self.shelf.remove(f"{number}.age")
        self.shelf.settle()
        reach("backup.header_removed")
        self.shelf.remove(_list_of(number))

    def remove_object(self, name: str) -> None:
        """Remove an object that no snapshot needs."""
        self.shelf.remove(name)
        reach("backup.object_removed")

    def key_copies_differ(self) -> bool:
        """Whether one of the two copies of the key is damaged or lost."""
        copies = _copies_of_key(self.shelf)
        return len(copies) != len(KEYS) or len({*copies.values()}) != 1

    def _put(self, name: str, chunks: Iterable[bytes]) -> int:
        return self.shelf.put(name, sealed(chunks, self._key))


class _Otherwise(Exception):
    """Bytes are not what was said of them."""


def look_for(place: Path | Shelf) -> None:
    """Make sure that there is a repository in a folder or on a shelf.

    :raises NotFound: ``backup_repository_missing``.
    :raises Damaged: ``backup_damaged``.
    """
    shelf = _shelf(place, System())
    try:
        with shelf.read(MARKER) as file:
            marked = file.read()
    except FileNotFoundError:
        raise NotFound(
            "backup_repository_missing",
            f"There is no backup repository in {shelf.where()}.",
            hint="Is the disk mounted, is the name right?"
            " The first backup makes one: unibos backup create --init.",
        ) from None
    if marked != _MARKED:
        raise damaged(f"{shelf.where(MARKER)} says something else")


def _shelf(place: Path | Shelf, system: System) -> Shelf:
    return FolderShelf(place, system) if isinstance(place, Path) else place


def _copies_of_key(shelf: Shelf) -> dict[str, bytes]:
    there = {}
    for name in KEYS:
        with suppress(FileNotFoundError), shelf.read(name) as file:
            there[name] = file.read()
    return there


def _list_of(number: int) -> str:
    return f"{number}.list.age"


def _read(path: Path) -> Iterator[bytes]:
    """The bytes of a blob; a sector that cannot be read harms this one only."""
    try:
        with path.open("rb") as file:
            while chunk := file.read(_READ):
                yield chunk
    except OSError:
        raise _Otherwise from None


def _hashed(chunks: Iterable[bytes], sha256: str, size: int | None) -> Iterator[bytes]:
    """The same chunks; at their end it is made sure that they are what was said."""
    digest, count = hashlib.sha256(), 0
    for chunk in chunks:
        digest.update(chunk)
        count += len(chunk)
        yield chunk
    if digest.hexdigest() != sha256 or size not in (None, count):
        raise _Otherwise


def _unpacked(packed: bytes) -> bytes:
    unpacker = zlib.decompressobj(wbits=31)
    try:
        return unpacker.decompress(packed, PIECE_BYTES + 1)
    except zlib.error:
        raise damaged("a piece of a database cannot be unpacked") from None
