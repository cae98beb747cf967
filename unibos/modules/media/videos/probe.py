"""What ffprobe finds out about a video's streams."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from unibos.base.errors import Invalid, TooLarge, Unsupported
from unibos.modules.media.videos.formats import DECODERS
from unibos.modules.media.videos.program import (
    MOST_PIXELS,
    ProgramFailed,
    decoding,
    failure,
    reading,
    run_ffprobe,
)

_SECONDS = 120
_MOST_BYTES = 4 * 1024 * 1024
_MOST_SECONDS = 366 * 24 * 3600
_MOST_RATE = 1000
_MOST_STREAMS = 100
_TEXT = 200
_HDR = ("smpte2084", "arib-std-b67")
_NOT_INTERLACED = ("progressive", "unknown", "")


class Facts(Struct, frozen=True, kw_only=True):
    """A video, as it is to be looked at.

    :param stream: the number of the picture's stream in the file.
    :param width: of the upright picture, with square pixels; likewise ``height``.
    :param turned: degrees by which players turn the picture (clockwise): 0, 90, 180 or 270.
    :param seconds: how long it is, None where the file does not say.
    :param frame_rate: frames a second on average.
    :param pixels: the pixel format as ffmpeg calls it, such as ``yuv420p``.
    :param hdr: whether its colours are for a screen brighter than most (PQ or HLG).
    :param audio_stream: the number of the sound's stream; None for a silent film.
    :param tags: of the file and of the picture, with names in lower case.
    """

    stream: int
    width: int
    height: int
    turned: int
    seconds: float | None
    video_codec: str
    frame_rate: float | None
    pixels: str
    interlaced: bool
    hdr: bool
    audio_stream: int | None
    audio_codec: str | None
    tags: dict[str, str]


def probe(source: Path, media_type: str) -> Facts:
    """Look at a file without playing it.

    :raises Invalid: ``video_damaged``, ``video_without_picture``.
    :raises Unsupported: ``video_codec_unsupported``.
    :raises TooLarge: ``video_too_large``: so many pixels that it is not decoded.
    :raises Unavailable: ``ffmpeg_unavailable``, ``video_timeout``.
    """
    arguments = [
        *decoding(),
        "-show_format",
        "-show_streams",
        "-of",
        "json=compact=1",
        *reading(source, media_type),
    ]
    try:
        output = run_ffprobe(arguments, seconds=_SECONDS, most_bytes=_MOST_BYTES)
        found = msgspec.json.decode(output.stdout.decode(errors="replace").encode())
    except ProgramFailed as error:
        raise failure(error) from error
    except msgspec.DecodeError as error:
        raise _damaged("nothing can be found out about it") from error
    streams = [one for one in found.get("streams", [])[:_MOST_STREAMS] if isinstance(one, dict)]
    return _facts(streams, found.get("format", {}))


def _facts(streams: list[dict[str, Any]], container: Mapping[str, Any]) -> Facts:
    picture = next((one for one in streams if _is_film(one)), None)
    if picture is None:
        raise Invalid(
            "video_without_picture",
            "The file has no moving picture.",
            hint="A recording of sound alone is no video.",
        )
    sound = next((one for one in streams if _type(one) == "audio" and _codec(one)), None)
    _require_readable(picture)
    turned = _turned(picture)
    width, height = _square(picture)
    if turned in (90, 270):
        width, height = height, width
    return Facts(
        stream=int(picture["index"]),
        width=width,
        height=height,
        turned=turned,
        seconds=_seconds(container, picture),
        video_codec=_codec(picture),
        frame_rate=_rate(picture),
        pixels=str(picture.get("pix_fmt", "")),
        interlaced=str(picture.get("field_order", "")) not in _NOT_INTERLACED,
        hdr=picture.get("color_transfer") in _HDR,
        audio_stream=int(sound["index"]) if sound else None,
        audio_codec=_codec(sound) if sound else None,
        tags={**_tags(picture), **_tags(container)},
    )


def _is_film(stream: Mapping[str, Any]) -> bool:
    """A cover is a picture too, but not one that moves."""
    return _type(stream) == "video" and not stream.get("disposition", {}).get("attached_pic")


def _require_readable(picture: Mapping[str, Any]) -> None:
    codec = _codec(picture)
    if codec not in DECODERS.split(",") and codec not in _OTHER_NAMES:
        raise Unsupported(
            "video_codec_unsupported",
            f"The video is stored as {codec or 'something unknown'}, which is not read here.",
            hint="Convert it to H.264 (MP4) on a computer, and send that.",
        )
    width, height = int(picture.get("width") or 0), int(picture.get("height") or 0)
    if width < 1 or height < 1:
        raise _damaged("its picture has no size")
    if width * height > MOST_PIXELS:
        raise TooLarge(
            "video_too_large",
            f"The video has {width} × {height} pixels.",
            hint="Scale it down on a computer, and send that.",
            limit=MOST_PIXELS,
        )


_OTHER_NAMES = frozenset({"msmpeg4v3", "dvvideo"})
"""Codecs whose decoder has another name."""


def _turned(stream: Mapping[str, Any]) -> int:
    """Clockwise; ffprobe tells the display matrix's angle counterclockwise."""
    for data in stream.get("side_data_list", []):
        if isinstance(data, dict) and "rotation" in data:
            angle = _number(data["rotation"]) or 0.0
            return round(-angle / 90) * 90 % 360
    return 0


def _square(stream: Mapping[str, Any]) -> tuple[int, int]:
    """Width and height when each pixel is as wide as high."""
    width, height = int(stream["width"]), int(stream["height"])
    across, _, down = str(stream.get("sample_aspect_ratio", "1:1")).partition(":")
    if across.isdigit() and down.isdigit() and 0 < int(across) <= 20 * int(down):
        shaped = round(width * int(across) / int(down))
        if 0 < shaped <= 20 * width:
            return shaped, height
    return width, height


def _seconds(container: Mapping[str, Any], stream: Mapping[str, Any]) -> float | None:
    for one in (container, stream):
        seconds = _number(one.get("duration"))
        if seconds is not None and 0 < seconds <= _MOST_SECONDS:
            return round(seconds, 3)
    return None


def _rate(stream: Mapping[str, Any]) -> float | None:
    frames, _, seconds = str(stream.get("avg_frame_rate", "")).partition("/")
    if not (frames.isdigit() and seconds.isdigit() and int(seconds)):
        return None
    rate = int(frames) / int(seconds)
    return round(rate, 3) if 0 < rate <= _MOST_RATE else None


def _number(value: object) -> float | None:
    try:
        number = float(value)  # type: ignore[arg-type]  # whatever the file holds
    except (TypeError, ValueError, OverflowError):
        return None
    return number if abs(number) < float("inf") else None


def _type(stream: Mapping[str, Any]) -> str:
    return str(stream.get("codec_type", ""))


def _codec(stream: Mapping[str, Any]) -> str:
    return str(stream.get("codec_name", ""))[:_TEXT]


def _tags(of: Mapping[str, Any]) -> dict[str, str]:
    tags = of.get("tags", {})
    return {str(name).lower()[:_TEXT]: str(value)[:_TEXT] for name, value in tags.items()}


def _damaged(why: str) -> Invalid:
    return Invalid(
        "video_damaged",
        f"The video is damaged or incomplete: {why}.",
        hint="Play the original on a computer; if it plays, convert it to MP4 and send that.",
    )
