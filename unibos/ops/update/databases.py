"""The databases around a change of the program: copied before it, put back when it fails.

The copies lie in the data folder (``update/VERSION/``), so putting one back is a renaming and needs
no room. All of it is done as the user who owns the data: a link that the service may have laid
there leads the updater nowhere where the service could not go itself.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from unibos.core.store import copies
from unibos.core.store.owner import OwnerLock
from unibos.core.store.quick_check import quick_check
from unibos.core.store.replica import mark_in, renew
from unibos.core.store.system import System, reach
from unibos.ops.update.source import disk_full
from unibos.ops.update.state import Copied

_NAMES = ("node", "hub")
_PIECE = 1024 * 1024
_TRIED = "tried"


class Databases:
    """The databases of one data folder."""

    def __init__(self, data: Path, system: System) -> None:
        self._data = data
        self._system = system

    @property
    def folder(self) -> Path:
        """The data folder."""
        return self._data

    @property
    def names(self) -> list[str]:
        """Those that are there."""
        return [name for name in _NAMES if self._path(name).exists()]

    def size(self) -> int:
        """Their bytes."""
        return sum(self._path(name).stat().st_size for name in self.names)

    def make_sure_nobody_runs(self) -> None:
        """Look whether a process owns one of them.

        :raises Conflict: ``database_in_use``.
        """
        with as_owner(self._data):
            for name in self.names:
                OwnerLock(self._path(name)).release()

    def has_copies(self, version: str) -> bool:
        """Whether there are copies that belong to a version."""
        return any(self._folder(version).glob("*.db"))

    def copy(self, version: str) -> tuple[Copied, ...]:
        """Copy all of them, with nobody running; durable on return.

        :param version: the program that they belong to.
        :raises StorageFull: ``update_disk_full``.
        :raises Conflict: ``database_in_use``.
        :raises Damaged: ``database_damaged``.
        """
        folder = self._folder(version)
        with as_owner(self._data):
            self._discard(folder)
            self._discard(self._folder(_TRIED))
            if not self.names:
                return ()
            try:
                self._system.make_folder(folder)
                return tuple(self._copy(name, folder) for name in self.names)
            except OSError as error:
                self._discard(folder)
                raise disk_full(folder, error.strerror or str(error)) from error

    def _copy(self, name: str, folder: Path) -> Copied:
        target = folder / f"{name}.db"
        with (
            copies.standing(self._path(name)) as standing,
            standing.open("rb") as source,
            target.open("wb") as sink,
        ):
            while piece := source.read(_PIECE):
                self._system.write(sink, piece)
            self._system.sync(sink)
        self._system.sync_directory(folder)
        reach("update.copied")
        held = copies.contents(target)
        return Copied(name, held.schema, held.records)

    def put_back(self, version: str, *, renewed: bool = False) -> None:
        """Put the copies of a version in place, with nobody running; again after a cut.

        What was there is kept as ``update/tried`` until the next change.

        :param renewed: others may have heard of what is lost, so that a new epoch begins.
        """
        folder = self._folder(version)
        with as_owner(self._data):
            for name in _NAMES:
                copy = folder / f"{name}.db"
                if copy.exists():
                    if renewed:
                        self._renew(name, copy)
                    self._exchange(name, copy)
            self._discard(folder)

    def _renew(self, name: str, copy: Path) -> None:
        replica = self._data / f"{name}.replica"
        renew(replica, copies.contents(copy).newest, mark_in(replica), system=self._system)

    def _exchange(self, name: str, copy: Path) -> None:
        database, tried = self._path(name), self._folder(_TRIED)
        self._system.make_folder(tried)
        owner = OwnerLock(database)
        try:
            aside = tried / database.name
            if database.exists():
                aside.unlink(missing_ok=True)
                aside.hardlink_to(database)
            log = database.with_name(f"{database.name}-wal")
            if log.exists():
                log.replace(tried / log.name)
            database.with_name(f"{database.name}-shm").unlink(missing_ok=True)
            # The log of the one must never meet the other.
            self._system.sync_directory(self._data)
            reach("update.log_removed")
            self._system.rename(copy, database)
            reach("update.put_back")
        finally:
            owner.release()

    def check(self) -> dict[str, int]:
        """Whether all are sound; their schemas.

        :raises Damaged: ``database_damaged``.
        """
        with as_owner(self._data):
            return {name: quick_check(self._path(name)) for name in self.names}

    def forget(self, keep: str = "") -> None:
        """Remove all copies but those of a version."""
        with as_owner(self._data):
            for folder in self._folder("").glob("*"):
                if folder.name != keep:
                    self._discard(folder)

    def _path(self, name: str) -> Path:
        return self._data / f"{name}.db"

    def _folder(self, name: str) -> Path:
        return self._data / "update" / name

    def _discard(self, folder: Path) -> None:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def as_owner(folder: Path) -> Iterator[None]:
    """As root: act as the user who owns a folder, and make files for that user alone.

    The whole process does so; it has one thread.
    """
    owner = folder.stat()
    umask = os.umask(0o077)
    switch = os.geteuid() == 0 and owner.st_uid != 0
    groups = os.getgroups()
    try:
        if switch:
            os.setgroups([])
            os.setegid(owner.st_gid)
            os.seteuid(owner.st_uid)
        yield
    finally:
        if switch:
            os.seteuid(0)
            os.setegid(0)
            os.setgroups(groups)
        os.umask(umask)
