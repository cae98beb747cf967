"""What an instance may take for its jobs, and how it starts a child."""

import sys
from dataclasses import dataclass, field
from pathlib import Path


def child_command() -> tuple[str, ...]:
    """How a child of this program is started."""
    if getattr(sys, "frozen", False):
        return (sys.executable, "run-job")
    return (sys.executable, "-m", "unibos", "run-job")


@dataclass(frozen=True, kw_only=True)
class Options:
    """Limits and intervals.

    :param folder: where each child gets an empty folder; what else is in it is removed.
    :param heavy: children at the same time.
    :param light: light jobs at the same time.
    :param memory_mb: the most memory of one child, in MiB.
    :param keep_days: days that a finished job is kept.
    :param grace_hours: hours that bytes without a record are kept.
    :param command: starts a program that calls ``serve_child``.
    :param lease_seconds: how long a job is nobody else's after its runner fell silent.
    :param progress_seconds: at least so long between two writes of a job's progress.
    :param retry_seconds: pause before the second attempt; each later one waits twice as long.
    """

    folder: Path
    heavy: int = 1
    light: int = 2
    memory_mb: int = 320
    keep_days: float = 30
    grace_hours: float = 24
    command: tuple[str, ...] = field(default_factory=child_command)
    lease_seconds: float = 600
    progress_seconds: float = 5
    retry_seconds: float = 10
