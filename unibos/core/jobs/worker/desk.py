"""Where a job is worked on: a folder with its input, what the work makes, and its outcome, which
stays there until the source took it."""

import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

import msgspec

from unibos.base.ids import is_id
from unibos.core.jobs.leasing.messages import Lease, Report
from unibos.core.store.system import System

_NOTE = "attempt.json"
_SENT = re.compile(r"[a-z0-9][a-z0-9._-]{0,99}\Z")
"""Names that ``leasing.messages.FileName`` takes."""


class Note(msgspec.Struct, frozen=True):
    """What is written down of an attempt.

    :param report: its outcome; None while it is worked on.
    """

    lease: Lease
    report: Report | None = None


@dataclass(frozen=True, slots=True)
class Desk:
    """The folder of one attempt. Nothing is on the disk before :meth:`lay` or :meth:`keep`.

    :raises ValueError: what the source calls the job names no folder.
    """

    root: Path
    lease: Lease

    def __post_init__(self) -> None:
        if not is_id(self.lease.job) or not 0 < self.lease.attempt < 2**31:
            raise ValueError("the source gave a job without a right id")

    @property
    def folder(self) -> Path:
        """All of it."""
        return self.root / f"{self.lease.job}-{self.lease.attempt}"

    @property
    def input(self) -> Path:
        """Where the job's input comes."""
        return self.folder / "input"

    @property
    def made(self) -> Path:
        """The child's own folder."""
        return self.folder / "made"

    def lay(self) -> None:
        """Make the folder. Who finds it after a crash knows that the attempt was interrupted; a
        power cut may take the note with it, then the lease runs out."""
        self.made.mkdir(mode=0o700, parents=True)
        (self.folder / _NOTE).write_bytes(msgspec.json.encode(Note(self.lease)))

    def keep(self, report: Report) -> None:
        """Write the outcome down; after that, no crash and no power cut takes it, nor the files
        that the work made."""
        system = System()
        self.made.mkdir(mode=0o700, parents=True, exist_ok=True)
        for file in self.files():
            with file.open("rb") as opened:
                os.fsync(opened.fileno())
        system.sync_directory(self.made)
        system.sync_directory(self.folder)
        note = msgspec.json.encode(Note(self.lease, report)).decode()
        system.replace_text(self.folder / _NOTE, note)
        system.sync_directory(self.root)

    def files(self) -> list[Path]:
        """What the work made, as far as it can be sent: files with a plain name."""
        found = [file for file in self.made.iterdir() if _SENT.match(file.name)]
        return sorted(file for file in found if file.is_file() and not file.is_symlink())

    def clear(self) -> None:
        """Remove it all."""
        shutil.rmtree(self.folder, ignore_errors=True)


def left(root: Path) -> list[tuple[Desk, Report | None]]:
    """What an earlier life left: desks with an outcome that nobody took yet, and without one.

    What cannot be read is removed.
    """
    found: list[tuple[Desk, Report | None]] = []
    for folder in sorted(root.iterdir()) if root.is_dir() else []:
        try:
            note = msgspec.json.decode((folder / _NOTE).read_bytes(), type=Note)
            desk = Desk(root, note.lease)
        except (OSError, ValueError):
            _remove(folder)
            continue
        if desk.folder == folder:
            found.append((desk, note.report))
        else:
            _remove(folder)
    return found


def _remove(there: Path) -> None:
    if there.is_dir() and not there.is_symlink():
        shutil.rmtree(there, ignore_errors=True)
    else:
        there.unlink(missing_ok=True)
