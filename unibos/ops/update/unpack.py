"""From an archive to a release's folder: files, folders, and links that stay inside, within limits.

The archive's hash was signed; it is looked at as if it were not. PyInstaller's programs have links
to libraries that lie deeper (``libtiff.so -> pillow.libs/libtiff.so``): a link may lead downwards,
so none leads out, neither by itself nor through others.
"""

import os
import shutil
import tarfile
import zlib
from lzma import LZMAError
from pathlib import Path, PurePosixPath

import msgspec
from msgspec import Struct

from unibos.base.errors import Damaged
from unibos.core.store.system import System, reach
from unibos.ops.update.place import Releases, discard
from unibos.ops.update.source import disk_full

_NOTE = "release.json"
_MEMBERS = 20_000
_DEPTH = 20
_PIECE = 1024 * 1024
_SPARE_BYTES = 64 * 1024 * 1024


class Note(Struct, frozen=True):
    """What is known of a release where it lies."""

    version: str
    schema: int
    sha256: str


def is_there(releases: Releases, note: Note) -> bool:
    """Whether a release was unpacked already, from the very same archive."""
    try:
        found = msgspec.json.decode((releases.folder(note.version) / _NOTE).read_bytes(), type=Note)
    except (OSError, msgspec.MsgspecError):
        return False
    return found == note


def unpack(archive: Path, releases: Releases, note: Note, limit: int) -> None:
    """Put a release beside the others; it is there whole and durable, or not at all.

    :param limit: the most bytes that all its files may have.
    :raises Damaged: ``update_archive_refused``.
    :raises StorageFull: ``update_disk_full``.
    """
    folder = releases.folder(note.version)
    fresh = folder.with_name(f".{note.version}.new")
    system = releases.system
    shutil.rmtree(fresh, ignore_errors=True)
    try:
        fresh.mkdir(mode=0o755, parents=True)
        _extract(archive, fresh, limit, system)
        reach("update.unpacked")
        (fresh / _NOTE).write_bytes(msgspec.json.encode(note))
        system.sync_file_system(fresh)
        if folder.exists():
            discard(folder)
        system.rename(fresh, folder)
    except OSError as error:
        shutil.rmtree(fresh, ignore_errors=True)
        raise disk_full(folder.parent, error.strerror or str(error)) from error
    except Damaged:
        shutil.rmtree(fresh, ignore_errors=True)
        raise
    reach("update.placed")


def _extract(archive: Path, folder: Path, limit: int, system: System) -> None:
    left, count = limit, 0
    try:
        # As a stream: a member is looked at before anything behind it is read.
        with tarfile.open(archive, "r|*") as tar:
            for member in tar:
                count += 1
                target = folder / _place(member)
                if count > _MEMBERS:
                    raise _refused(f"it has more than {_MEMBERS} members")
                if member.isdir():
                    target.mkdir(mode=0o755, parents=True, exist_ok=True)
                    continue
                # An empty file takes room, too.
                left -= max(member.size, 1)
                if left < 0:
                    raise _refused(f"its files have more than {limit} bytes")
                if member.issym():
                    target.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
                    target.symlink_to(member.linkname)
                else:
                    _write(tar, member, target, system)
    except (FileExistsError, NotADirectoryError) as error:
        raise _refused("a name comes twice") from error
    except (tarfile.TarError, EOFError, LZMAError, zlib.error) as error:
        raise _refused(str(error) or type(error).__name__) from error


def _place(member: tarfile.TarInfo) -> PurePosixPath:
    """Where a member goes, below the release's folder."""
    name = member.name.removeprefix("./").rstrip("/")
    if member.isdir() and name in ("", "."):
        return PurePosixPath()
    if not _is_plain(name) or name.startswith(".") or name == _NOTE:
        raise _refused(f"the name {member.name!r}")
    if member.issym():
        if not _is_plain(member.linkname):
            raise _refused(f"{member.name!r} leads to {member.linkname!r}")
    elif not (member.isreg() or member.isdir()) or member.issparse():
        raise _refused(f"{member.name!r} is neither a file nor a folder")
    return PurePosixPath(name)


def _is_plain(name: str) -> bool:
    """Whether a path only leads downwards."""
    parts = name.split("/")
    return len(parts) <= _DEPTH and all(
        part not in ("", ".", "..") and part.isprintable() for part in parts
    )


def _write(tar: tarfile.TarFile, member: tarfile.TarInfo, target: Path, system: System) -> None:
    source = tar.extractfile(member)
    if source is None:
        raise _refused(f"{member.name!r} has no bytes")
    target.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    mode = 0o755 if member.mode & 0o100 else 0o644
    # A name that comes twice is refused here.
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode)
    with os.fdopen(descriptor, "wb") as sink:
        os.fchmod(descriptor, mode)
        while piece := source.read(_PIECE):
            system.write(sink, piece)
    os.utime(target, (member.mtime, member.mtime))


def make_sure_of_room(folder: Path, needed: int) -> None:
    """Look whether so many bytes, and some to spare, are free where a folder lies.

    :raises StorageFull: ``update_disk_full``.
    """
    free = shutil.disk_usage(folder).free
    if free < needed + _SPARE_BYTES:
        raise disk_full(folder, f"{needed + _SPARE_BYTES} bytes are needed, {free} are free")


def _refused(why: str) -> Damaged:
    return Damaged(
        "update_archive_refused",
        f"The archive of the release is refused: {why}. Nothing of it was kept.",
        hint="This is no archive as releases have them: tell who made it.",
        why=why,
    )
