"""A snapshot as it is written down: a header, and the list of all objects that it needs.

``snapshots/NUMBER.age`` holds the header as JSON, ``snapshots/NUMBER.list.age`` one line for each
object. The header names the list by its hash and is put in place last: a snapshot without a header
does not exist.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

import msgspec

from unibos.base.errors import Conflict
from unibos.ops.backup.age import damaged

FORMAT = 1
PIECE_BYTES = 1024 * 1024
"""A database is kept in pieces of this size, so that what did not change is kept once."""

Name = Literal["node", "hub"]
"""What a database is called."""

BLOB_FOLDERS: Mapping[Name, str] = {"node": "blobs", "hub": "hub-blobs"}
"""Where the blobs of each database lie in a data folder."""

Kind = Literal["piece", "blob"]
_ENTRY = re.compile(r"(piece|blob) (node|hub) ([0-9a-f]{64}) (0|[1-9][0-9]*) ([1-9][0-9]*)")


class Database(msgspec.Struct, frozen=True, kw_only=True):
    """One database of a snapshot; ``size`` in bytes, ``clock_mark`` of its replica."""

    name: Name
    schema: int
    size: int
    records: int
    users: int
    blobs: int
    blob_bytes: int
    newest: int
    clock_mark: int
    epoch: str


class Header(msgspec.Struct, frozen=True, kw_only=True):
    """What a snapshot is.

    :param number: counts up in its repository, whatever the clock says.
    :param instance: the id of the instance whose data it is.
    :param files: small files of the data folder by their names.
    :param missing: blobs that were not on the disk as they were written.
    :param list_sha256: of the list of its objects, in clear.
    """

    format: int = FORMAT
    number: int
    id: str
    made_at: str
    version: str
    instance: str
    databases: tuple[Database, ...]
    files: dict[str, str]
    missing: tuple[str, ...]
    objects: int
    new_bytes: int
    list_sha256: str

    @property
    def size(self) -> int:
        """The bytes of its databases and blobs."""
        return sum(one.size + one.blob_bytes for one in self.databases)

    @property
    def records(self) -> int:
        """The records in all its databases."""
        return sum(one.records for one in self.databases)


@dataclass(frozen=True, slots=True)
class Entry:
    """An object that a snapshot needs: a piece of a database (in their order), or a blob.

    :param of: the database that it belongs to.
    :param size: bytes in clear.
    :param stored: bytes in the repository.
    """

    kind: Kind
    of: Name
    sha256: str
    size: int
    stored: int

    def line(self) -> bytes:
        """As it stands in the list."""
        return f"{self.kind} {self.of} {self.sha256} {self.size} {self.stored}\n".encode()


def decoded(raw: bytes, number: int) -> Header:
    """The header that was written.

    :param number: what its file is called.
    :raises Damaged: ``backup_damaged``.
    :raises Conflict: ``backup_newer``.
    """
    try:
        written = msgspec.json.decode(raw, type=dict[str, object])
        if written.get("format") != FORMAT:
            raise Conflict(
                "backup_newer",
                "A newer UNIBOS made this snapshot.",
                hint="Install that version, or a newer one.",
            )
        header = msgspec.convert(written, Header)
    except msgspec.DecodeError:
        raise damaged(f"snapshot {number} has no header") from None
    if header.number != number:
        raise damaged(f"snapshot {header.number} lies under the number {number}")
    return header


def entries(chunks: Iterable[bytes]) -> Iterator[Entry]:
    """The objects of a list.

    :raises Damaged: ``backup_damaged``.
    """
    rest = b""
    for chunk in chunks:
        *lines, rest = (rest + chunk).split(b"\n")
        yield from map(_entry, lines)
    if rest:
        raise damaged("a list of objects ends in the middle of a line")


def _entry(line: bytes) -> Entry:
    found = _ENTRY.fullmatch(line.decode("latin-1"))
    if found is None:
        raise damaged("a list of objects holds something else")
    kind, of, sha256, size, stored = found.groups()
    return Entry(
        "piece" if kind == "piece" else "blob",
        "node" if of == "node" else "hub",
        sha256,
        int(size),
        int(stored),
    )
