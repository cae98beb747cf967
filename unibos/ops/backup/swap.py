"""A whole folder takes another's place in one step, so that no cut leaves half of each."""

import ctypes
import errno
import os
from pathlib import Path

from unibos.core.store.system import System, reach

_HERE = -100
"""``AT_FDCWD``: paths are relative to the working directory."""
_EXCHANGE = 2
"""``RENAME_EXCHANGE`` of renameat2(2)."""
_UNKNOWN = {errno.ENOSYS, errno.EINVAL, errno.ENOTSUP}


def replace(present: Path, fresh: Path, aside: Path, system: System) -> None:
    """Put ``fresh`` in the place of ``present``, which is kept as ``aside``.

    All are in the same folder. Where the file system cannot exchange two names, a cut in between
    leaves nothing under the first: then ``aside`` is what was there.

    :raises OSError: it was refused; ``present`` is as it was.
    """
    try:
        _exchange(fresh, present)
    except OSError as error:
        if error.errno not in _UNKNOWN:
            raise
        present.rename(aside)
        fresh.rename(present)
    else:
        reach("restore.exchanged")
        fresh.rename(aside)
    system.sync_directory(present.parent)


def _exchange(one: Path, other: Path) -> None:
    library = ctypes.CDLL(None, use_errno=True)
    call = getattr(library, "renameat2", None)
    if call is None:
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))
    if call(_HERE, os.fsencode(one), _HERE, os.fsencode(other), _EXCHANGE) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), str(other))
