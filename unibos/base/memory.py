"""Memory that is given back: what a burst took, an idle node does not keep."""

import ctypes

# mallopt(3) of glibc: blocks of a mebibyte and more come from the system and go back to it at
# once. Without this one login leaves the 19 MiB of argon2 in the process for good.
_MMAP_THRESHOLD = -3
_LARGE_BYTES = 1024 * 1024


def give_back_large_blocks() -> None:
    """Have the allocator return large blocks as soon as they are free; glibc only."""
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):
        # Another C library (musl) has no such switch, and no such habit.
        return
    mallopt(_MMAP_THRESHOLD, _LARGE_BYTES)
