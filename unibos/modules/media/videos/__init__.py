"""Videos: told by their bytes, read through ffmpeg, made into what browsers show.

Nothing is loaded before a video is worked on.
"""

from pathlib import Path

from unibos.base.errors import Unsupported
from unibos.core.jobs.kind import HeavyKind, Report
from unibos.modules.media.jobs import Options, reading_kind
from unibos.modules.media.reading import Reading

_TIMEOUT_SECONDS = 30 * 60


def sniff(_head: bytes) -> str | None:
    """The media type of a video that starts with ``head``; None for all else."""
    return None


def kinds(options: Options) -> tuple[HeavyKind, ...]:
    """The kinds of jobs for videos; the first one reads a video that was taken in."""
    return (reading_kind("media.video", options, _read, timeout_seconds=_TIMEOUT_SECONDS),)


def _read(
    _source: Path, media_type: str, _options: Options, _workdir: Path, _report: Report
) -> Reading:
    raise Unsupported("media_type_unsupported", f"Videos of type {media_type} cannot be read.")
