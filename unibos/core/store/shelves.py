"""Shelves: backups of other instances, kept for an org and encrypted by who sent them.

A shelf is a folder in the layout of :mod:`unibos.core.store.shelf_files`, so with its secret it is
a repository on this machine, too. Files are written once: what lies there whole is never replaced.
"""

import secrets
import shutil
import threading
import time
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from unibos.base.errors import Conflict, Invalid, NotFound, StorageFull, TooLarge
from unibos.base.ids import is_id
from unibos.core.store import shelf_files
from unibos.core.store.shelf_locks import ShelfLocks
from unibos.core.store.slugs import is_slug
from unibos.core.store.system import System, reach, refused

SPARED_BYTES = 256 * 1024**2
_LOOK_BYTES = 16 * 1024**2


@dataclass(frozen=True, slots=True)
class Shelf:
    """One shelf of one org."""

    org: str
    name: str


class Shelves:
    """All shelves of an instance.

    :param folder: holds a folder of shelves for each org.
    :param most: the most bytes of one org; 0 keeps none.
    """

    def __init__(
        self,
        folder: Path,
        most: int,
        system: System | None = None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._folder = folder
        self._most = most
        self._system = system or System()
        self._used: dict[str, int] = {}
        self._writing: set[Path] = set()
        self._guard = threading.Lock()
        self.locks = ShelfLocks(now)

    def shelf(self, org: str, name: str) -> Shelf:
        """The shelf of this name, whether there is anything on it or not.

        :raises NotFound: ``shelves_off``.
        :raises Invalid: ``shelf_name_invalid``.
        """
        self._require_on()
        if not is_slug(name):
            raise Invalid(
                "shelf_name_invalid",
                "A shelf's name has lower case letters, digits and hyphens, 48 at most.",
            )
        return Shelf(org, name)

    def names(self, org: str) -> list[str]:
        """The names of an org's shelves.

        :raises NotFound: ``shelves_off``.
        """
        self._require_on()
        return sorted(path.name for path in (self._folder / org).glob("*") if path.is_dir())

    def files(self, shelf: Shelf, after: str, limit: int) -> list[tuple[str, int]]:
        """Names and sizes of the next files on a shelf.

        :raises NotFound: ``shelf_not_found``.
        """
        return list(islice(shelf_files.files_in(self._present(shelf), after), limit))

    def path(self, shelf: Shelf, name: str) -> Path:
        """Where a whole file lies.

        :raises NotFound: ``shelf_not_found``, ``shelf_file_not_found``.
        :raises Invalid: ``shelf_file_name_invalid``.
        """
        path = shelf_files.path_of(self._present(shelf), name)
        if not path.is_file():
            raise NotFound("shelf_file_not_found", "There is no such file on the shelf.")
        return path

    def arriving(self, shelf: Shelf, name: str, lock: str) -> "Arriving":
        """Take a file in, for whoever holds the shelf alone.

        :raises Conflict: ``shelf_lock_lost``, ``shelf_file_present``.
        :raises Invalid: ``shelf_file_name_invalid``.
        :raises TooLarge: ``shelf_full``.
        :raises StorageFull: ``storage_full``.
        """
        self.locks.require(shelf, lock, alone=True)
        self.target(shelf, name)
        self.require_room(shelf.org, 0)
        return Arriving(self, shelf, name, lock)

    def incoming(self, shelf: Shelf, name: str) -> Path:
        """Where a file is written until it is whole; a second attempt meets no first one."""
        return self._of(shelf) / "incoming" / f"{name}.{secrets.token_hex(8)}"

    def target(self, shelf: Shelf, name: str) -> Path:
        """Where a file goes that is new.

        :raises Conflict: ``shelf_file_present``.
        :raises Invalid: ``shelf_file_name_invalid``.
        """
        folder = self._of(shelf)
        path = shelf_files.path_of(folder, name)
        if path.exists() and not _replaceable(folder, name):
            raise Conflict(
                "shelf_file_present",
                "The file is on the shelf already, and what is there stays as it is.",
            )
        return path

    def remove(self, shelf: Shelf, name: str, lock: str) -> None:
        """Remove a file, for whoever holds the shelf alone; one that is gone is no error.

        :raises NotFound: ``shelf_not_found``.
        :raises Conflict: ``shelf_lock_lost``.
        :raises Invalid: ``shelf_file_name_invalid``.
        """
        self.locks.require(shelf, lock, alone=True)
        path = shelf_files.path_of(self._present(shelf), name)
        size = path.stat().st_size if path.exists() else 0
        self._used_by(shelf.org)
        self._system.remove(path)
        if path.parent.is_dir():
            self._system.sync_directory(path.parent)
        self.count(shelf.org, -size)

    def require_room(self, org: str, more: int) -> None:
        """Make sure that so many bytes more may come.

        :raises TooLarge: ``shelf_full``.
        :raises StorageFull: ``storage_full``.
        """
        if self._used_by(org) + more > self._most:
            raise TooLarge(
                "shelf_full",
                f"The shelves of this org take {self._most} bytes at most.",
                hint="Keep fewer snapshots (--keep), or raise hub.shelf_gb where they are kept.",
                limit=self._most,
            )
        self._system.make_folder(self._folder)
        if shutil.disk_usage(self._folder).free < more + SPARED_BYTES:
            raise StorageFull(
                "storage_full",
                "The disk where backups are kept is full.",
                hint="Free some space there; what arrived whole is kept.",
            )

    def tidy(self, orgs: Callable[[], Collection[str]]) -> None:
        """Remove what no upload is writing any more, and the shelves of all but these orgs."""
        # An org may be made meanwhile: it is asked after.
        folders = list(self._folder.glob("*"))
        known = orgs()
        for folder in folders:
            if is_id(folder.name) and folder.name not in known:
                shutil.rmtree(folder)
                self._used.pop(folder.name, None)
            for left in folder.glob("*/incoming/*"):
                if left not in self._writing:
                    self._system.remove(left)

    def _require_on(self) -> None:
        if not self._most:
            raise NotFound(
                "shelves_off",
                "This instance keeps no backups of others.",
                hint="Its owner can let it: hub.shelf_gb in its configuration.",
            )

    def _of(self, shelf: Shelf) -> Path:
        return self._folder / shelf.org / shelf.name

    def _present(self, shelf: Shelf) -> Path:
        folder = self._of(shelf)
        if not folder.is_dir():
            there = ", ".join(self.names(shelf.org)) or "none"
            raise NotFound(
                "shelf_not_found",
                f"There is no shelf {shelf.name}.",
                hint=f"There are: {there}.",
            )
        return folder

    def _used_by(self, org: str) -> int:
        if org not in self._used:
            shelves = (self._folder / org).glob("*")
            self._used[org] = sum(size for one in shelves for _, size in shelf_files.files_in(one))
        return self._used[org]

    def count(self, org: str, more: int) -> None:
        """Take note of bytes that came, whole or not, or (negative) went."""
        with self._guard:
            self._used[org] = self._used_by(org) + more

    def begin(self, fresh: Path) -> None:
        """Take note of a file that is being written."""
        self._writing.add(fresh)

    def end(self, fresh: Path) -> None:
        """Take note that it is not any more."""
        self._writing.discard(fresh)

    @property
    def system(self) -> System:
        """What writes."""
        return self._system


class Arriving:
    """A file on its way to a shelf: :meth:`write` all, then :meth:`finish`, or :meth:`abort`."""

    def __init__(self, shelves: Shelves, shelf: Shelf, name: str, lock: str) -> None:
        self._shelves, self._shelf, self._name, self._lock = shelves, shelf, name, lock
        self._fresh = shelves.incoming(shelf, name)
        self.size = 0
        self._unlooked = 0
        shelves.begin(self._fresh)
        try:
            shelves.system.make_folder(self._fresh.parent)
            self._file = shelves.system.append(self._fresh)
        except OSError as error:
            shelves.end(self._fresh)
            raise refused(error) from error

    def write(self, chunk: bytes) -> None:
        """Add bytes.

        :raises TooLarge: ``shelf_full``.
        :raises StorageFull: ``storage_full``.
        """
        self._unlooked += len(chunk)
        if self._unlooked >= _LOOK_BYTES or not self.size:
            # Who sends need not say how much it will be, and others send too.
            self._unlooked = 0
            self._shelves.require_room(self._shelf.org, len(chunk))
        try:
            self._shelves.system.write(self._file, chunk)
        except OSError as error:
            raise refused(error) from error
        self.size += len(chunk)
        self._shelves.count(self._shelf.org, len(chunk))

    def finish(self) -> int:
        """Give the file its name, durably; its size in bytes.

        :raises Conflict: ``shelf_lock_lost``: somebody else may have the shelf by now;
            ``shelf_file_present``.
        :raises TooLarge: ``shelf_full``.
        :raises StorageFull: ``storage_full``.
        """
        system = self._shelves.system
        try:
            self._shelves.require_room(self._shelf.org, 0)
            system.sync(self._file)
            self._file.close()
            reach("shelf.written")
            self._shelves.locks.require(self._shelf, self._lock, alone=True)
            target = self._shelves.target(self._shelf, self._name)
            before = target.stat().st_size if target.exists() else 0
            system.rename(self._fresh, target)
        except OSError as error:
            self.abort()
            raise refused(error) from error
        except BaseException:
            self.abort()
            raise
        self._shelves.end(self._fresh)
        self._shelves.count(self._shelf.org, -before)
        return self.size

    def abort(self) -> None:
        """Forget it."""
        # What cannot be removed now is when the shelves are tidied.
        with suppress(OSError):
            self._file.close()
        with suppress(OSError):
            self._shelves.system.remove(self._fresh)
        self._shelves.end(self._fresh)
        self._shelves.count(self._shelf.org, -self.size)


def _replaceable(folder: Path, name: str) -> bool:
    """Whether a file is of an attempt that was cut: a list without its header, a key without the
    marker."""
    if name in shelf_files.KEYS:
        return not (folder / shelf_files.MARKER).exists()
    header = shelf_files.header_of_list(name)
    return header is not None and not shelf_files.path_of(folder, header).exists()
