"""A repository: a folder on any disk that holds encrypted snapshots.

===========================  ==================================================================
``unibos-backup``            says what the folder is, in clear
``key.age``, ``key-2.age``   the repository's key, twice, encrypted to the passphrase or key file
``objects/ab/abcdef…``       pieces of databases and blobs, each kept once; the name is an HMAC of
                             the content's hash, so it tells nobody what is in it
``snapshots/N.age``          the header of snapshot N; ``N.list.age``, the list of its objects
``incoming/``                what is being written
``lock``                     held by whoever works in the repository
===========================  ==================================================================

Everything is written under a temporary name, fsynced and renamed; what has its name is whole.
"""

import fcntl
import hashlib
import hmac
import io
import os
import re
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import msgspec
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from unibos.base.errors import Conflict, Error, Misconfigured, NotFound
from unibos.core.store.system import System, reach
from unibos.ops.backup import keys, snapshot
from unibos.ops.backup.age import Key, Secret, damaged, opened, sealed_size
from unibos.ops.backup.sealed_files import SealedFiles, full_disk, put_plain, sealed_text
from unibos.ops.backup.snapshot import PIECE_BYTES, Entry, Header, Kind, Name

_MARKER = "unibos-backup"
_MARKED = b"unibos backup repository 1\n"
_KEYS = ("key.age", "key-2.age")
_READ = 1024 * 1024
_OBJECT = re.compile(r"[0-9a-f]{64}")
_NUMBERED = re.compile(r"([1-9][0-9]*)\.age")


class Repository:
    """An unlocked repository; made by :meth:`create` or :meth:`open`."""

    def __init__(self, folder: Path, key: Key, system: System) -> None:
        self.folder = folder
        self.system = system
        self._key = key
        derived = HKDF(hashes.SHA256(), 32, salt=None, info=b"unibos backup names")
        self._names = derived.derive(key.raw)
        self._files = SealedFiles(folder / "incoming", key, system)

    @classmethod
    def create(cls, folder: Path, secret: Secret, system: System | None = None) -> "Repository":
        """Make a repository in a folder that is empty or not there.

        :raises Conflict: ``backup_folder_used``.
        """
        system = system or System()
        # Left by an attempt that was cut: without a marker there is no repository.
        unfinished = {*_KEYS, *(f".{name}.new" for name in (*_KEYS, _MARKER))}
        if folder.exists() and {path.name for path in folder.iterdir()} - unfinished:
            raise Conflict(
                "backup_folder_used",
                f"There is something else in {folder}.",
                hint="Choose a folder that is empty or does not exist.",
            )
        key = Key.generate()
        sealed = sealed_text(keys.written(key) + "\n", secret)
        with full_disk():
            system.make_folder(folder)
            for name in _KEYS:
                put_plain(system, folder / name, sealed)
                reach("backup.key_written")
            put_plain(system, folder / _MARKER, _MARKED)
        return cls(folder, key, system)

    @classmethod
    def open(cls, folder: Path, secret: Secret, system: System | None = None) -> "Repository":
        """Unlock a repository; nothing is written.

        :raises NotFound: ``backup_repository_missing``.
        :raises Unauthenticated: ``backup_secret_wrong``.
        :raises Damaged: ``backup_damaged``.
        """
        look_for(folder)
        failure: Error = damaged("the repository has no key")
        for sealed in dict.fromkeys(_copies_of_key(folder).values()):
            try:
                text = b"".join(opened(io.BytesIO(sealed), secret)).decode("latin-1")
                return cls(folder, keys.read(text), system or System())
            except Error as error:
                # A damaged copy may look like a wrong passphrase; the other one tells.
                failure = error
        raise failure

    @contextmanager
    def locked(self, *, alone: bool) -> Iterator[None]:
        """Keep others out: all of them, or only those who write.

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

    # Objects

    def name(self, kind: Kind, sha256: str) -> str:
        """What an object is called; nobody without the key can tell its hash from it."""
        return hmac.digest(self._names, f"{kind} {sha256}".encode(), "sha256").hex()

    def path(self, name: str) -> Path:
        """Where an object lies."""
        return self.folder / "objects" / name[:2] / name

    def stored(self, kind: Kind, sha256: str) -> int | None:
        """How many bytes an object takes, or None when it is not there."""
        return self._files.size(self.path(self.name(kind, sha256)))

    def put_piece(self, of: Name, piece: bytes) -> tuple[Entry, bool]:
        """Keep a piece of a database, compressed; and whether it is new."""
        sha256 = hashlib.sha256(piece).hexdigest()
        name = self.path(self.name("piece", sha256))
        present = self.stored("piece", sha256)
        if present:
            return Entry("piece", of, sha256, len(piece), present), False
        packer = zlib.compressobj(1, wbits=31)
        packed = packer.compress(piece) + packer.flush()
        stored = self._files.put(name, [packed])
        return Entry("piece", of, sha256, len(piece), stored), True

    def put_blob(self, of: Name, sha256: str, size: int, path: Path) -> tuple[Entry, bool] | None:
        """Keep a blob; and whether it is new. None when its bytes are not there any more."""
        stored = sealed_size(size)
        name = self.path(self.name("blob", sha256))
        if self.stored("blob", sha256) == stored:
            return Entry("blob", of, sha256, size, stored), False
        try:
            self._files.put(name, _hashed(_read(path), sha256, size))
        except _Otherwise:
            return None
        return Entry("blob", of, sha256, size, stored), True

    def read(self, entry: Entry) -> Iterator[bytes]:
        """The bytes of an object; only when the iterator ends by itself they are all there.

        :raises Damaged: ``backup_damaged``.
        """
        with self._files.opened(self.path(self.name(entry.kind, entry.sha256))) as sealed:
            chunks = [_unpacked(b"".join(sealed))] if entry.kind == "piece" else sealed
            try:
                yield from _hashed(chunks, entry.sha256, entry.size)
            except _Otherwise:
                raise damaged(f"{entry.kind} {entry.sha256} holds other bytes") from None

    def objects(self) -> Iterator[Path]:
        """All objects, whether a snapshot needs them or not."""
        found = (self.folder / "objects").glob("??/*")
        return (path for path in found if _OBJECT.fullmatch(path.name))

    # Snapshots

    def numbers(self) -> list[int]:
        """The numbers of all snapshots, the oldest first."""
        found = (_NUMBERED.fullmatch(path.name) for path in self._snapshots().glob("*.age"))
        return sorted(int(one[1]) for one in found if one)

    def header(self, number: int) -> Header:
        """What a snapshot is.

        :raises NotFound: ``backup_snapshot_missing``.
        :raises Damaged: ``backup_damaged``.
        """
        path = self._snapshots() / f"{number}.age"
        if not path.exists():
            raise NotFound("backup_snapshot_missing", f"There is no snapshot {number}.")
        with self._files.opened(path) as chunks:
            return snapshot.decoded(b"".join(chunks), number)

    def entries(self, header: Header) -> Iterator[Entry]:
        """All objects that a snapshot needs, the pieces of its databases first.

        :raises Damaged: ``backup_damaged``.
        """
        with self._files.opened(self._list_of(header.number)) as chunks:
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

        self._files.put(self._list_of(number), lines())
        return digest.hexdigest(), count

    def publish(self, header: Header) -> None:
        """Make a snapshot visible; all that it needs is durable before."""
        self._files.settle()
        reach("backup.before_header")
        self._files.put(self._snapshots() / f"{header.number}.age", [msgspec.json.encode(header)])
        self._files.settle()
        reach("backup.published")

    def remove(self, number: int) -> None:
        """Remove a snapshot, but not its objects."""
        self.system.remove(self._snapshots() / f"{number}.age")
        self.system.sync_directory(self._snapshots())
        reach("backup.header_removed")
        self.system.remove(self._list_of(number))

    def key_copies_differ(self) -> bool:
        """Whether one of the two copies of the key is damaged or lost."""
        return len({*_copies_of_key(self.folder).values()}) != 1 or not all(
            (self.folder / name).exists() for name in _KEYS
        )

    def _clear(self) -> None:
        """Remove what a death left behind: half files, and lists without a snapshot."""
        self._files.clear()
        known = {f"{number}.list.age" for number in self.numbers()}
        for stray in self._snapshots().glob("*.list.age"):
            if stray.name not in known:
                self.system.remove(stray)

    def _snapshots(self) -> Path:
        return self.folder / "snapshots"

    def _list_of(self, number: int) -> Path:
        return self._snapshots() / f"{number}.list.age"


class _Otherwise(Exception):
    """Bytes are not what was said of them."""


def look_for(folder: Path) -> None:
    """Make sure that there is a repository in a folder.

    :raises NotFound: ``backup_repository_missing``.
    :raises Damaged: ``backup_damaged``.
    """
    try:
        marked = (folder / _MARKER).read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        raise NotFound(
            "backup_repository_missing",
            f"There is no backup repository in {folder}.",
            hint="Is the disk mounted? The first backup makes one: unibos backup create --init.",
        ) from None
    if marked != _MARKED:
        raise damaged(f"{folder / _MARKER} says something else")


def _copies_of_key(folder: Path) -> dict[str, bytes]:
    there = {}
    for name in _KEYS:
        with suppress(FileNotFoundError):
            there[name] = (folder / name).read_bytes()
    return there


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
