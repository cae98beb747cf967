"""The one picture that stands for a video: upright, early, and not black."""

import io
from pathlib import Path

from PIL import Image, ImageStat

from unibos.base.errors import Error, Invalid
from unibos.modules.media.videos.probe import Facts
from unibos.modules.media.videos.program import (
    ProgramFailed,
    decoding,
    failure,
    reading,
    run_ffmpeg,
)

_SECONDS = 120
# Films fade in, and phones show the pocket first; later frames tell more.
_SHARES = (0.1, 0.33, 0.66)
_FIRST = 1.0
_LEAST_CONTRAST = 12.0  # standard deviation of 255: a frame with less shows nothing
_HEADER_BYTES = 100


def poster(source: Path, media_type: str, facts: Facts, side: int) -> Image.Image:
    """A frame that shows something, with no side longer than ``side``.

    :raises Error: why no frame at all can be had: ``video_damaged`` and its like.
    """
    best: tuple[float, Image.Image] | None = None
    last: Error = Invalid("video_damaged", "The video has no frame that can be shown.")
    for moment in _moments(facts.seconds):
        try:
            picture = frame(source, media_type, facts, side, moment)
        except ProgramFailed as error:
            last = failure(error)
            continue
        if picture is None:
            continue
        contrast = ImageStat.Stat(picture.convert("L")).stddev[0]
        if best is None or contrast > best[0]:
            best = contrast, picture
        if contrast >= _LEAST_CONTRAST:
            break
    if best is None:
        raise last
    return best[1]


def frame(
    source: Path, media_type: str, facts: Facts, side: int, moment: float | None
) -> Image.Image | None:
    """One frame; None where the video has none at that moment.

    :param moment: in seconds; None for the first frame that there is.
    :raises ProgramFailed: ffmpeg could not read the file.
    """
    width, height = scaled(facts.width, facts.height, side)
    arguments = [
        *decoding(),
        *reading(source, media_type, seek=moment),
        "-map",
        f"0:{facts.stream}",
        "-frames:v",
        "1",
        "-vf",
        f"scale={width}:{height}:flags=bicubic,setsar=1",
        "-threads",
        "1",
        "-c:v",
        "ppm",
        "-pix_fmt",
        "rgb24",
        "-f",
        "image2pipe",
        "pipe:1",
    ]
    most = width * height * 3 + _HEADER_BYTES
    output = run_ffmpeg(arguments, seconds=_SECONDS, most_bytes=most)
    if not output.stdout:
        return None
    with Image.open(io.BytesIO(output.stdout), formats=["PPM"]) as image:
        return image.convert("RGB")


def scaled(width: int, height: int, side: int, multiple: int = 1) -> tuple[int, int]:
    """Width and height with no side longer than ``side`` and never larger than they are."""
    longest = max(width, height)
    share = min(1.0, side / longest)
    return _fitting(width * share, multiple), _fitting(height * share, multiple)


def _fitting(length: float, multiple: int) -> int:
    return max(multiple, round(length / multiple) * multiple)


def _moments(seconds: float | None) -> list[float | None]:
    """Where to look, first to last; at last wherever there is a frame."""
    if seconds is None:
        return [_FIRST, None]
    early = min(_FIRST, seconds / 4)
    later = [seconds * share for share in _SHARES if seconds * share > early]
    return [early, *later, None]
