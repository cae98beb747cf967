"""The first owner from the configuration file, for a box that nobody sets up by hand.

The password is erased from the file once it was read: its line is overwritten where it stands,
so that the old bytes do not stay behind in a block that is free but not empty.
"""

import logging
import os
import re
from pathlib import Path

from unibos.base.config import Config
from unibos.core.identity.identity import Identity

log = logging.getLogger(__name__)

_TABLE = re.compile(rb"\s*\[\s*([^\]]*?)\s*\]")
_PASSWORD = re.compile(rb"""\s*["']?password["']?\s*=""")
_DOTTED = re.compile(rb"""\s*["']?setup["']?\s*\.\s*["']?password["']?\s*=""")


async def make_owner(config: Config, identity: Identity) -> None:
    """Make the owner that ``[setup]`` names, if there is none yet, and erase the password.

    :raises Invalid: what :meth:`Identity.setup` raises; then the file is left as it is.
    """
    wanted = config.setup
    if not (wanted.email and wanted.password):
        return
    if identity.setup_code is not None:
        owner = await identity.setup_without_code(
            wanted.email, wanted.name or wanted.email, wanted.password
        )
        log.info("the configuration's owner was made", extra={"email": owner.email})
    if config.file is not None and config.origins["setup.password"].startswith("file "):
        _erase(config.file)


def _erase(path: Path) -> None:
    try:
        with path.open("r+b") as file:
            begin, length = _line(file.read())
            file.seek(begin)
            file.write(b"#" + b"-" * (length - 1))
            file.flush()
            os.fsync(file.fileno())
    except (OSError, ValueError) as error:
        log.warning("remove the password from %s by hand: %s", path, error)


def _line(text: bytes) -> tuple[int, int]:
    """Where the line of the password begins, and its length without the line's end."""
    table, begin = b"", 0
    for line in text.splitlines(keepends=True):
        named = _TABLE.match(line)
        if named:
            table = named[1].strip(b"\"' ")
        elif (table == b"setup" and _PASSWORD.match(line)) or (not table and _DOTTED.match(line)):
            if b'"""' in line or b"'''" in line:
                break
            return begin, len(line.rstrip(b"\r\n"))
        begin += len(line)
    raise ValueError("its line was not found")
