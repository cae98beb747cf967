"""What a node tells its hub about itself."""

import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from unibos.base.board import temperature_c
from unibos.base.clock import Wall, wall_ms
from unibos.core.identity.link import Report


@dataclass(frozen=True, slots=True)
class Reporter:
    """Looks at the machine each time it is asked; quick enough for an event loop.

    :param folder: of the data, whose disk is told.
    :param queue_length: how many jobs wait.
    :param root: where ``sys`` lies.
    """

    version: str
    board: str
    profile: str
    folder: Path
    queue_length: Callable[[], int]
    wall: Wall = wall_ms
    root: Path = Path("/")
    started: float = field(default_factory=time.monotonic)

    def __call__(self) -> Report:
        """The report of this moment."""
        disk = shutil.disk_usage(self.folder)
        return Report(
            version=self.version,
            board=self.board,
            profile=self.profile,
            clock=self.wall(),
            uptime_seconds=int(time.monotonic() - self.started),
            disk_free=disk.free,
            disk_total=disk.total,
            temperature_c=temperature_c(self.root),
            queue_length=self.queue_length(),
        )
