"""Photos: what their files say, and the pictures that are made of them.

Nothing of Pillow is loaded before a photo is worked on.
"""

from pathlib import Path

from unibos.core.jobs.kind import HeavyKind, Report
from unibos.modules.media.jobs import Options, reading_kind
from unibos.modules.media.photos.sizes import resize_kind, thumbnail_kind
from unibos.modules.media.reading import Reading

_TIMEOUT_SECONDS = 10 * 60


def kinds(options: Options) -> tuple[HeavyKind, ...]:
    """The kinds of jobs for photos; the first one reads a photo that was taken in."""
    return (
        reading_kind(
            "media.photo", options, _read, timeout_seconds=_TIMEOUT_SECONDS, warm_up=_warm_up
        ),
        resize_kind(options),
        thumbnail_kind(options),
    )


def _warm_up() -> None:
    from PIL import Image

    from unibos.modules.media.photos import photo  # noqa: F401 - loads what reading needs

    Image.init()


def _read(
    source: Path, media_type: str, options: Options, workdir: Path, report: Report
) -> Reading:
    from unibos.modules.media.photos.photo import read_photo

    return read_photo(source, media_type, options, workdir, report)
