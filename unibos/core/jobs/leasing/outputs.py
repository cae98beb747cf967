"""The folder of an attempt that a worker has: the files that its work made, as they arrive."""

import os
import re
import secrets
import shutil
from contextlib import suppress
from pathlib import Path

from unibos.base.errors import Invalid, StorageFull, TooLarge
from unibos.core.store.system import System, refused

MOST_FILES = 1000
MOST_BYTES = 8 * 1024**3
"""Of all files of one attempt."""
SPARED_BYTES = 256 * 1024**2
"""So much of the disk is left for what else happens here."""

_LOOK_BYTES = 16 * 1024**2
"""After so many, the disk is looked at again."""

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,99}\Z")


class Outputs:
    """The files of one attempt; its folder is made with the first of them.

    :param most_bytes: of all files together.
    """

    def __init__(self, folder: Path, system: System, most_bytes: int = MOST_BYTES) -> None:
        self.folder = folder
        self._system = system
        self._most = most_bytes
        self._sizes: dict[str, int] | None = None
        self._arriving = 0
        self._unlooked = 0

    def make(self) -> None:
        """Make the folder, if there is none.

        :raises StorageFull: ``storage_full``.
        """
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise refused(error) from error

    def begin(self, name: str, size: int | None) -> "Arriving":
        """Begin to take in a file; one of the same name is replaced once it is whole.

        :param size: how many bytes will come; None: the sender does not say.
        :raises Invalid: ``job_output_name_invalid``.
        :raises TooLarge: ``job_output_too_large``.
        :raises StorageFull: ``storage_full``.
        """
        if _NAME.match(name) is None:
            raise Invalid("job_output_name_invalid", "This is no name of a file that a job makes.")
        self.make()
        present = self._present()
        if len(present) >= MOST_FILES and name not in present:
            raise _too_large(f"{MOST_FILES} files are the most.")
        self.require_room(size or 0)
        return Arriving(self, name, self._system)

    def require_room(self, more: int) -> None:
        """Make sure that so many bytes more may come.

        :raises TooLarge: ``job_output_too_large``.
        :raises StorageFull: ``storage_full``.
        """
        if sum(self._present().values()) + self._arriving + more > self._most:
            raise _too_large(f"{self._most} bytes are the most.")
        if shutil.disk_usage(self.folder).free < more + SPARED_BYTES:
            raise StorageFull(
                "storage_full",
                "The disk has no room for what the work made.",
                hint="Free some space; the job is done when the worker asks again.",
            )

    def arriving(self, more: int) -> None:
        """Take note of bytes that came, or (negative) went.

        :raises TooLarge: ``job_output_too_large``.
        :raises StorageFull: ``storage_full``.
        """
        self._arriving += more
        self._unlooked += max(0, more)
        if self._unlooked >= _LOOK_BYTES:
            # Who sends need not say how much it will be, and others send too.
            self._unlooked = 0
            self.require_room(0)
        elif more > 0 and sum(self._present().values()) + self._arriving > self._most:
            raise _too_large(f"{self._most} bytes are the most.")

    def arrived(self, name: str, size: int) -> None:
        """Take note of a whole file."""
        self._present()[name] = size

    def remove(self) -> None:
        """Forget all of it; for threads."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _present(self) -> dict[str, int]:
        """Name → size of the whole files; after a restart, as the disk has it."""
        if self._sizes is None:
            self._sizes = {}
            with suppress(FileNotFoundError):
                self._sizes = {
                    entry.name: entry.stat().st_size
                    for entry in os.scandir(self.folder)
                    if _NAME.match(entry.name)
                }
        return self._sizes


class Arriving:
    """A file on its way in: :meth:`write` all of it, then :meth:`finish`, or :meth:`abort`."""

    def __init__(self, outputs: Outputs, name: str, system: System) -> None:
        self._outputs = outputs
        self._name = name
        self._system = system
        self._size = 0
        # No name of an output begins so, and two that arrive at once do not meet.
        self._path = outputs.folder / f".{secrets.token_hex(8)}"
        try:
            self._file = system.append(self._path)
        except OSError as error:
            raise refused(error) from error

    def write(self, chunk: bytes) -> None:
        """Add bytes.

        :raises TooLarge: ``job_output_too_large``.
        :raises StorageFull: ``storage_full``.
        """
        self._size += len(chunk)
        self._outputs.arriving(len(chunk))
        try:
            self._system.write(self._file, chunk)
        except OSError as error:
            raise refused(error) from error

    def finish(self) -> None:
        """Give the file its name.

        Nothing is fsynced: after a power cut the attempt is another one.

        :raises StorageFull: ``storage_full``.
        """
        try:
            self._file.close()
            self._path.replace(self._outputs.folder / self._name)
        except OSError as error:
            raise refused(error) from error
        self._outputs.arriving(-self._size)
        self._outputs.arrived(self._name, self._size)
        self._size = 0

    def abort(self) -> None:
        """Forget it."""
        with suppress(OSError):
            self._file.close()
        with suppress(OSError):
            self._system.remove(self._path)
        self._outputs.arriving(-self._size)
        self._size = 0


def _too_large(detail: str) -> TooLarge:
    return TooLarge("job_output_too_large", f"The work made more than is taken: {detail}")
