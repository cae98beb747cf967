"""Files that are written under other names, made durable together, and then renamed.

What has its name is whole, after a power cut, too. One wait for the disk serves many files.
"""

from pathlib import Path

from unibos.core.store.system import System, reach

_FILES = 128
_BYTES = 32 * 1024 * 1024


class Batch:
    """Files of one file system that wait for their names.

    :param folder: any folder on it.
    :param point: the crash point that each renaming reaches.
    """

    def __init__(self, folder: Path, system: System, point: str) -> None:
        self._folder = folder
        self._system = system
        self._point = point
        self._waiting: dict[Path, tuple[Path, int]] = {}
        self._bytes = 0

    def add(self, fresh: Path, target: Path, size: int) -> None:
        """Let a file that is written wait; when many do, they get their names.

        :raises OSError: the disk refused it.
        """
        self._waiting[target] = fresh, size
        self._bytes += size
        if len(self._waiting) >= _FILES or self._bytes >= _BYTES:
            self.name()

    def size(self, target: Path) -> int | None:
        """The size of the file that waits for this name."""
        waiting = self._waiting.get(target)
        return waiting[1] if waiting else None

    def name(self) -> None:
        """Make the files durable and give them their names, which :meth:`settle` makes durable.

        :raises OSError: the disk refused it.
        """
        if not self._waiting:
            return
        self._system.sync_file_system(self._folder)
        for target, (fresh, _size) in self._waiting.items():
            fresh.replace(target)
            reach(self._point)
        self._waiting.clear()
        self._bytes = 0

    def settle(self) -> None:
        """Give all their names, and make these durable: those of earlier processes, too.

        :raises OSError: the disk refused it.
        """
        self.name()
        self._system.sync_file_system(self._folder)
