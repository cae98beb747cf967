"""What a worker may take of its machine, and how often it tells of itself."""

from dataclasses import dataclass, field
from pathlib import Path

from unibos.core.jobs.options import child_command


@dataclass(frozen=True, kw_only=True)
class Options:
    """Limits and intervals.

    :param folder: for what is being worked on and for what could not be handed in yet; whatever
        else is in it is removed.
    :param heavy: children at the same time; none: heavy jobs are not asked for.
    :param light: threads for light jobs.
    :param memory_mb: the most memory of one child, in MiB.
    :param command: starts a program that calls ``serve_child``.
    :param progress_seconds: at least so long between two reports of a job's progress.
    :param pause_seconds: before the source is asked again that did not answer; each later pause
        is twice as long, up to ``longest_pause_seconds``.
    :param spare_seconds: that it asks for no jobs after its disk was full.
    """

    folder: Path
    heavy: int = 1
    light: int = 4
    memory_mb: int = 320
    command: tuple[str, ...] = field(default_factory=child_command)
    progress_seconds: float = 5
    pause_seconds: float = 1
    longest_pause_seconds: float = 60
    spare_seconds: float = 300
