"""What server and child say to each other: one request on the child's standard input, then one
JSON line after the other on a pipe of their own, the last of them the outcome."""

from pathlib import Path
from typing import Any

import msgspec

from unibos.base import errors
from unibos.core.jobs.kind import Task
from unibos.core.store.job import Progress

LONGEST_LINE = 64 * 1024 * 1024
"""In bytes: the most that a child can return."""


class Request(msgspec.Struct, frozen=True):
    """What the child is to do.

    :param kind: the name of a heavy kind.
    :param folder: an empty folder for the child alone.
    :param memory_mb: address space of each of its processes.
    :param parent: the server's process id; the child ends when its parent is another.
    """

    kind: str
    task: Task
    folder: Path
    memory_mb: int
    parent: int


class Told(msgspec.Struct, frozen=True, tag="progress"):
    """How far the work has got."""

    progress: Progress


class Done(msgspec.Struct, frozen=True, tag="done"):
    """What the work returned; the last line."""

    result: Any


class Broken(msgspec.Struct, frozen=True, tag="broken"):
    """The error that ended the work; the last line."""

    kind: str
    code: str
    detail: str
    hint: str = ""

    @classmethod
    def of(cls, error: errors.Error) -> "Broken":
        """The error as a line."""
        return cls(type(error).__name__, error.code, error.detail, error.hint)

    def error(self) -> errors.Error:
        """The line as an error of the same kind."""
        kind = getattr(errors, self.kind, None)
        if not (isinstance(kind, type) and issubclass(kind, errors.Error)):
            kind = errors.Error
        return kind(self.code, self.detail, hint=self.hint)


Line = Told | Done | Broken

_lines: msgspec.json.Decoder[Line] = msgspec.json.Decoder(Line)


def encode(message: Line | Request) -> bytes:
    """A message as one line."""
    return msgspec.json.encode(message, enc_hook=_as_text) + b"\n"


def _as_text(value: object) -> str:
    if isinstance(value, Path):
        return str(value)
    raise TypeError(f"{type(value).__name__} is no JSON value")


def _as_path(_type: type, value: Any) -> Path:
    return Path(value)


def read_line(line: bytes) -> Line:
    """A child's line.

    :raises msgspec.MsgspecError: when it is none.
    """
    return _lines.decode(line)


def read_request(text: bytes) -> Request:
    """What the server asks of the child.

    :raises msgspec.MsgspecError: when it is cut off.
    """
    return msgspec.json.decode(text, type=Request, dec_hook=_as_path)
