"""Processes that tests start, and how to see that they ended."""

import os
import select
import sys
import time
from pathlib import Path

CHILD = (sys.executable, str(Path(__file__).with_name("job_child.py")))


def gone(pid: int, seconds: float = 20) -> bool:
    """Whether a process that was told to end does so; a zombie has ended."""
    try:
        pidfd = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([pidfd], [], [], seconds)[0])
    finally:
        os.close(pidfd)


def sleeping(path: Path) -> list[int]:
    """The processes of a child that does ``sleep``; waits until it does."""
    until = time.monotonic() + 60
    while not path.exists():
        assert time.monotonic() < until
        time.sleep(0.01)
    return [int(pid) for pid in path.read_text().split()]
