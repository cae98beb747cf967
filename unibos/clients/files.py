"""Files on their way through HTTP."""

from collections.abc import Callable, Iterator
from email.message import Message
from typing import IO, Any

Progress = Callable[[int], None]
"""Told the number of bytes that went through since the last call."""

PIECE = 256 * 1024


class Counted:
    """A file that tells how much of it was read."""

    def __init__(self, file: IO[bytes], progress: Progress) -> None:
        self._file = file
        self._progress = progress

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)

    def __iter__(self) -> Iterator[bytes]:
        return iter(lambda: self.read(PIECE), b"")

    def read(self, size: int = -1) -> bytes:
        """Read on and tell of it."""
        piece = self._file.read(size)
        self._progress(len(piece))
        return piece


def name_in(disposition: str) -> str:
    """The name in a ``Content-Disposition`` (RFC 6266) without folders: it becomes a file here."""
    message = Message()
    message["Content-Disposition"] = disposition
    name = str(message.get_filename("")).replace("\\", "/").rpartition("/")[2]
    return "".join(letter for letter in name if letter.isprintable()).lstrip(".")
