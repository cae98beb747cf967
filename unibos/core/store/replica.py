"""What a replica must remember outside its database: epoch and clock high-water mark.

A database can be restored from a backup; this file is not part of it. So a clock that comes back
with an old database still never gives a reading twice, and sync can tell that the counter began a
new life (a new epoch).

The mark is moved ahead in steps of a minute, so a busy replica writes it at most once
in a minute and an idle one never.
"""

import json
import threading
from pathlib import Path

from unibos.base.clock import COUNTER_BITS, HybridClock, Wall
from unibos.base.errors import Damaged
from unibos.base.ids import new_id
from unibos.core.store.system import System, refused

AHEAD = 60_000 << COUNTER_BITS
_LIFE = 8
"""So much of an epoch's end, which is random, tells the few lives of one instance apart."""


class Replica:
    """The epoch, and a clock that keeps its high-water mark in a file.

    :param path: the file, made when absent.
    :param newest: the highest reading that the database holds.

    ``reborn`` says whether this is not the counter's first life, as far as is known.

    :raises Damaged: ``replica_damaged`` when the file cannot be understood.
    :raises StorageFull: ``storage_full`` when it must be written and cannot; so does :meth:`tick`.
    """

    def __init__(self, path: Path, newest: int, wall: Wall, system: System) -> None:
        self._path = path
        self._system = system
        self._saving = threading.Lock()
        if path.exists():
            self.epoch, self._mark, self.reborn = _parse(path)
        else:
            self.reborn = newest > 0
            self.epoch = self._save(new_id(), 0, reborn=self.reborn)
        # A database within a minute of the mark is the one that moved it: its own newest
        # reading is exact. One further behind was restored, and the mark is all that is known.
        floor = newest if newest >= self._mark - AHEAD else self._mark
        self._clock = HybridClock(wall, floor)

    @property
    def life(self) -> str:
        """A short name of this life; empty: the first one."""
        return self.epoch[-_LIFE:] if self.reborn else ""

    def tick(self) -> int:
        """A new clock reading, never given before, not even by a later restored database."""
        hlc = self._clock.tick()
        if hlc > self._mark:
            with self._saving:
                self._save(self.epoch, max(hlc + AHEAD, self._mark), reborn=self.reborn)
        return hlc

    def see(self, hlc: int) -> None:
        """Take note of a peer's reading."""
        self._clock.see(hlc)

    def begin(self) -> str:
        """Begin a new life of the counter, because a peer knows more of this one than is here.

        The new epoch is on the disk before anybody can read it, and the clock goes on above every
        reading that the earlier life can have given, as far as that is known here.

        :returns: the new epoch.
        :raises StorageFull: ``storage_full``; the old epoch then goes on.
        """
        with self._saving:
            self._clock.see(self._mark)
            self.epoch = self._save(new_id(), self._clock.last + AHEAD, reborn=True)
            self.reborn = True
        return self.epoch

    def _save(self, epoch: str, mark: int, *, reborn: bool) -> str:
        try:
            self._system.replace_text(self._path, _text(epoch, mark, reborn=reborn))
        except OSError as error:
            raise refused(error) from error
        self._mark = mark
        return epoch


def renew(path: Path, newest: int, *marks: int, system: System) -> str:
    """Begin a new life of the counter, for a database that was restored; the new epoch.

    The clock goes on above every reading that an earlier life can have given.

    :param newest: the highest reading that the restored database holds.
    :param marks: the high-water marks of earlier lives, as far as they are known.
    """
    epoch = new_id()
    mark = max(newest, *marks) + AHEAD + 1
    system.replace_text(path, _text(epoch, mark, reborn=True))
    return epoch


def mark_in(path: Path) -> int:
    """The high-water mark in a replica's file; 0 when there is none.

    :raises Damaged: ``replica_damaged``.
    """
    return _parse(path)[1] if path.exists() else 0


def _text(epoch: str, mark: int, *, reborn: bool) -> str:
    return json.dumps({"epoch": epoch, "clock_mark": mark, "reborn": reborn}) + "\n"


def _parse(path: Path) -> tuple[str, int, bool]:
    try:
        saved = json.loads(path.read_text())
        return str(saved["epoch"]), int(saved["clock_mark"]), saved.get("reborn") is True
    except (ValueError, KeyError, TypeError) as error:
        raise Damaged(
            "replica_damaged",
            f"{path} cannot be read: {error}.",
            hint="Remove the file: the replica then begins a new epoch.",
        ) from error
