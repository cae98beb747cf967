"""Takes the secrets out of a file that was read, where they stand."""

import os
import re
import tomllib
from pathlib import Path

_SECRET = re.compile(rb"\s*[\"']?([\w-]+\s*\.\s*)*password[\"']?\s*=")


def erase(file: Path) -> None:
    """Write over each line that holds a password; over everything where that can't be told.

    The bytes are overwritten in place, so that they do not stay behind in a free block of the file
    system. A card may still keep an old copy inside, where only its maker's tools reach.
    """
    text = file.read_bytes()
    hidden = b"".join(_hidden(line) for line in text.splitlines(keepends=True))
    if _holds_secret(hidden):
        hidden = b"#" * len(text)
    with file.open("r+b") as opened:
        opened.write(hidden)
        opened.flush()
        os.fsync(opened.fileno())


def _hidden(line: bytes) -> bytes:
    if not _SECRET.match(line):
        return line
    length = len(line.rstrip(b"\r\n"))
    return b"#" + b"-" * (length - 1) + line[length:]


def _holds_secret(text: bytes) -> bool:
    try:
        return _has_password(tomllib.loads(text.decode()))
    except ValueError:
        return True


def _has_password(value: object) -> bool:
    if isinstance(value, list):
        return any(_has_password(one) for one in value)
    return isinstance(value, dict) and (
        "password" in value or any(_has_password(one) for one in value.values())
    )
