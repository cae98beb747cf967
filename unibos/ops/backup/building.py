"""The folder in which a data folder is restored, until it takes its place.

It has a note from the beginning to the end: a folder without one is the data folder that was
replaced, and is never removed.
"""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from unibos.base.clock import iso, wall_ms
from unibos.base.errors import Conflict
from unibos.core.store.system import System, reach
from unibos.ops.backup import swap

_NOTE = "restoring"


def beside(data: Path) -> Path:
    """Where it lies: on the same file system as the data folder."""
    return data.with_name(f".{data.name}.restoring")


def keep_replaced(building: Path, data: Path) -> None:
    """Finish what was cut between the exchange of the folders and the renaming of the old one."""
    note = data / _NOTE
    if note.exists():
        note.unlink()
        System().sync_directory(data)
    if building.exists() and not (building / _NOTE).exists():
        building.rename(_aside(data))
        System().sync_directory(data.parent)


@contextmanager
def prepared(building: Path, snapshot: str) -> Iterator[None]:
    """Begin, or go on with what an attempt for the same snapshot left; nobody else does.

    :param snapshot: its id.
    :raises Conflict: ``restore_running``.
    """
    note = building / _NOTE
    if note.exists() and note.read_text() != snapshot:
        with _alone(building):
            discarded = building.with_name(f"{building.name}.old")
            shutil.rmtree(discarded, ignore_errors=True)
            building.rename(discarded)
        shutil.rmtree(discarded)
    if not building.exists():
        fresh = building.with_name(f"{building.name}.new")
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(mode=0o700, parents=True)
        (fresh / _NOTE).write_text(snapshot)
        fresh.rename(building)
    with _alone(building):
        yield


@contextmanager
def _alone(building: Path) -> Iterator[None]:
    descriptor = os.open(building, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Conflict(
                "restore_running",
                f"Another restore works in {building}.",
                hint="Wait for it to end.",
            ) from None
        yield
    finally:
        os.close(descriptor)


def put_in_place(building: Path, data: Path) -> Path | None:
    """Let it take the place of the data folder; where that is kept, if it held something."""
    system, aside = System(), None
    _give(building, data)
    system.sync_file_system(building)
    reach("restore.before_swap")
    if data.exists() and any(data.iterdir()):
        aside = _aside(data)
        swap.replace(data, building, aside, system)
    else:
        # A folder that is empty gives way to another.
        building.rename(data)
        system.sync_directory(data.parent)
    reach("restore.swapped")
    (data / _NOTE).unlink()
    return aside


def _give(building: Path, data: Path) -> None:
    """As root: let everything belong to the user that the data folder belongs to."""
    if os.geteuid() != 0 or not data.exists():
        return
    owner = data.stat()
    for path in (building, *building.rglob("*")):
        os.chown(path, owner.st_uid, owner.st_gid, follow_symlinks=False)
    building.chmod(owner.st_mode & 0o7777)


def _aside(data: Path) -> Path:
    moment = iso(wall_ms()).replace(":", "").replace("-", "").partition(".")[0]
    names = (f"{data.name}.replaced-{moment}{more}" for more in ("", *range(-2, -100, -1)))
    return next(path for name in names if not (path := data.with_name(name)).exists())
