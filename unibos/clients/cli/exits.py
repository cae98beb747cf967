"""What the process answers with when it ends: the one table of exit codes."""

from collections.abc import Sequence
from enum import IntEnum

from unibos.base import errors
from unibos.clients.problems import UNREACHABLE


class Exit(IntEnum):
    """Exit codes; scripts rely on them."""

    OK = 0
    FAILED = 1
    USAGE = 2
    NOT_FOUND = 3
    AUTH = 4
    UNREACHABLE = 5
    CONFLICT = 6
    STORAGE_FULL = 7
    LATER = 8
    """Not now, but worth another try: too many requests, starting, stopping."""
    MISCONFIGURED = 9
    DAMAGED = 10
    INTERRUPTED = 130


_BY_KIND: Sequence[tuple[type[errors.Error], Exit]] = (
    (errors.Invalid, Exit.USAGE),
    (errors.Malformed, Exit.USAGE),
    (errors.TooLarge, Exit.USAGE),
    (errors.Unsupported, Exit.USAGE),
    (errors.NotFound, Exit.NOT_FOUND),
    (errors.Unauthenticated, Exit.AUTH),
    (errors.Forbidden, Exit.AUTH),
    (errors.Conflict, Exit.CONFLICT),
    (errors.PreconditionFailed, Exit.CONFLICT),
    (errors.StorageFull, Exit.STORAGE_FULL),
    (errors.TooMany, Exit.LATER),
    (errors.Unavailable, Exit.LATER),
    (errors.Misconfigured, Exit.MISCONFIGURED),
    (errors.Damaged, Exit.DAMAGED),
)


def exit_of(error: errors.Error) -> Exit:
    """The exit code that an error ends the process with."""
    if error.code == UNREACHABLE:
        return Exit.UNREACHABLE
    return next((code for kind, code in _BY_KIND if isinstance(error, kind)), Exit.FAILED)
