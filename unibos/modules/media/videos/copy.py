"""The copy of a video that browsers can show: MP4 with H.264 or AV1, and AAC.

The original stays as it is. Its copy is upright, at most 1080p, in 8 bits, begins with its index so
that it plays while it loads, and says nothing of when, where or with what it was taken.
"""

from collections.abc import Callable
from pathlib import Path

from msgspec import Struct

from unibos.base.errors import Error, Invalid, TooLarge
from unibos.core.jobs.kind import Report
from unibos.modules.media.videos.encoders import Encoder, Target, encoders
from unibos.modules.media.videos.poster import scaled
from unibos.modules.media.videos.probe import Facts, probe
from unibos.modules.media.videos.program import (
    Heard,
    ProgramFailed,
    decoding,
    failure,
    reading,
    run_ffmpeg,
)

NAME = "playable.mp4"
_SIDE = 1920
_SHORT_SIDE = 1080
_MOST_RATE = 60
# ffmpeg 7 refuses -fpsmax beside vfr. A little less than a 60th, since stamps may be whole
# milliseconds.
_AT_MOST_RATE = "select=isnan(prev_selected_t)+gte(t-prev_selected_t\\,0.0155)"
_STALL_SECONDS = 300
_MOST_BYTES = 16 * 1024**3
_8_BITS = ("yuv420p", "yuvj420p")
_REMOVE_SEI = "filter_units=remove_types=6"


class Copy(Struct, frozen=True, kw_only=True):
    """What was made, and by which encoder (``copy``: the pictures are the original's)."""

    encoder: str
    width: int
    height: int
    seconds: float | None


def shows(facts: Facts, media_type: str) -> bool:
    """Whether browsers can show a file as it is."""
    if media_type == "video/mp4":
        return _plain_h264(facts) and facts.audio_codec in (None, "aac", "mp3")
    return (
        media_type == "video/webm"
        and facts.video_codec in ("vp8", "vp9", "av1")
        and facts.pixels in _8_BITS
        and facts.audio_codec in (None, "opus", "vorbis")
    )


def transcode(
    source: Path, media_type: str, facts: Facts, target: Target, workdir: Path, report: Report
) -> Copy:
    """Make ``playable.mp4`` in ``workdir``.

    :param facts: of the source.
    :param report: is told the share that is done.
    :raises Invalid: ``video_damaged``.
    :raises TooLarge: ``video_too_large``.
    :raises Unsupported: ``video_codec_unsupported``.
    :raises Unavailable: ``video_encoder_unavailable``, ``video_timeout``.
    """
    out = workdir / NAME
    last: Error = Invalid("video_damaged", "The video has no frame that can be shown.")
    for way in _ways(facts, media_type, target):
        report(0.0, "converting")
        arguments = [
            *decoding(),
            *reading(source, media_type),
            *_streams(facts),
            *way(facts),
            *_container(out),
        ]
        try:
            run_ffmpeg(arguments, seconds=_STALL_SECONDS, heard=_progress(facts.seconds, report))
            return _checked(out, way.encoder)
        except ProgramFailed as error:
            last = failure(error)
        except Error as error:
            # What one encoder cannot do, or waits for in vain, the next one may.
            last = error
        out.unlink(missing_ok=True)
    raise last


class _Way(Struct, frozen=True):
    """One way to make the copy."""

    encoder: str
    arguments: Callable[[Facts], list[str]]

    def __call__(self, facts: Facts) -> list[str]:
        return self.arguments(facts)


def _ways(facts: Facts, media_type: str, target: Target) -> list[_Way]:
    """The cheapest first: the same pictures in another container, the board's encoder, ours."""
    ways = []
    if _plain_h264(facts) and media_type in ("video/mp4", "video/quicktime", "video/x-matroska"):
        ways.append(_Way("copy", lambda _: ["-c:v", "copy", "-bsf:v", _REMOVE_SEI]))
    ways += [_Way(one.name, _encoded(one)) for one in encoders(target)]
    return ways


def _encoded(encoder: Encoder) -> Callable[[Facts], list[str]]:
    def arguments(facts: Facts) -> list[str]:
        width, height = size_of(facts)
        filters = ["yadif"] if facts.interlaced else []
        filters += [_AT_MOST_RATE, f"scale={width}:{height}:flags=bicubic", "setsar=1"]
        filters += ["format=yuv420p"]
        rate = min(facts.frame_rate or 30, _MOST_RATE)
        bits = ["-b:v", str(round(width * height * rate * encoder.bits_per_pixel))]
        return [
            "-vf",
            ",".join(filters),
            # Frames are left out, never made up: a file may claim years between two of its own.
            "-fps_mode",
            "vfr",
            "-c:v",
            encoder.name,
            *encoder.arguments,
            *(bits if encoder.bits_per_pixel else []),
        ]

    return arguments


def size_of(facts: Facts) -> tuple[int, int]:
    """Width and height of the copy, both even: within 1920 × 1080, or upright 1080 × 1920."""
    shorter = min(facts.width, facts.height)
    longest = max(facts.width, facts.height)
    side = min(_SIDE, round(longest * min(1.0, _SHORT_SIDE / shorter)))
    return scaled(facts.width, facts.height, side, multiple=2)


def _streams(facts: Facts) -> list[str]:
    """The picture and the sound alone: other streams may be a camera's log of places."""
    chosen = ["-map", f"0:{facts.stream}", "-map_metadata", "-1", "-map_chapters", "-1"]
    if facts.audio_stream is not None:
        chosen += ["-map", f"0:{facts.audio_stream}", "-c:a", "aac", "-b:a", "128k", "-ac", "2"]
    return chosen


def _container(out: Path) -> list[str]:
    return [
        "-map_metadata:s:v",
        "-1",
        "-fflags",
        "+bitexact",
        "-movflags",
        "+faststart",
        "-max_muxing_queue_size",
        "2048",
        "-fs",
        str(_MOST_BYTES),
        "-progress",
        "pipe:1",
        "-nostats",
        "-f",
        "mp4",
        f"file:{out}",
    ]


def _progress(seconds: float | None, report: Report) -> Heard:
    """Understands ``-progress``: lines ``out_time_us=…`` among others, twice a second."""
    rest = b""
    reached = -1

    def heard(chunk: bytes) -> bool:
        nonlocal rest, reached
        *lines, rest = (rest + chunk).split(b"\n")
        before = reached
        for line in lines:
            name, _, value = line.partition(b"=")
            if name == b"out_time_us" and value.strip().isdigit():
                reached = max(reached, int(value))
            elif line == b"progress=end":
                reached += 1
        if reached > before and seconds:
            report(min(1.0, max(0, reached) / 1e6 / seconds), "converting")
        return reached > before

    return heard


def _checked(out: Path, encoder: str) -> Copy:
    """Look at what was made: an encoder may end well and leave nothing that plays."""
    if not out.is_file() or out.stat().st_size == 0:
        raise Invalid("video_damaged", "The video has no frame that can be shown.")
    if out.stat().st_size >= _MOST_BYTES:
        raise TooLarge("video_too_large", "The converted video is too large.", limit=_MOST_BYTES)
    made = probe(out, "video/mp4")
    return Copy(encoder=encoder, width=made.width, height=made.height, seconds=made.seconds)


def _plain_h264(facts: Facts) -> bool:
    return facts.video_codec == "h264" and facts.pixels in _8_BITS and not facts.interlaced
