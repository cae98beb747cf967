"""The encoders of this machine: what ffmpeg has, and, of a board's own, what a trial shows to work.

ffmpeg lists ``h264_v4l2m2m`` on every machine with Linux; only a frame put through it tells whether
there is a device behind it (Raspberry Pi 4 and older; the Pi 5 has none).
"""

import functools
import os
import re
from pathlib import Path
from typing import Literal

from msgspec import Struct

from unibos.base.errors import Error, Unavailable
from unibos.modules.media.videos.program import ProgramFailed, run_ffmpeg

DEVICES = Path("/dev")
Target = Literal["h264", "av1"]

_LISTED = re.compile(r"^ V[A-Z.]{5} (\S+)", re.MULTILINE)
_LIST_SECONDS = 60
_LIST_BYTES = 1024 * 1024
_TRIAL_SECONDS = 30
_MOST_THREADS = 4


class Encoder(Struct, frozen=True):
    """An encoder of ffmpeg, and its arguments but for the rate of bits."""

    name: str
    arguments: tuple[str, ...]
    bits_per_pixel: float = 0
    """Of one frame, for encoders that are given a rate in place of a quality."""


def encoders(target: Target, threads: int | None = None) -> list[Encoder]:
    """What can make ``target`` here, the one to be tried first first.

    :param threads: to encode with; None for as many as there are cores, up to four.
    :raises Unavailable: ``video_encoder_unavailable``, ``ffmpeg_unavailable``.
    """
    have = listed()
    many = str(threads or min(_MOST_THREADS, len(os.sched_getaffinity(0))))
    found = [one for one in _known(target, many) if one.name in have and _works(one.name)]
    if not found:
        raise Unavailable(
            "video_encoder_unavailable",
            f"ffmpeg has no encoder for {target} on this machine.",
            hint="Install the ffmpeg of Debian, or set media.transcode to another format.",
        )
    return found


def _known(target: Target, threads: str) -> tuple[Encoder, ...]:
    if target == "av1":
        return (
            Encoder("libsvtav1", ("-preset", "9", "-crf", "34", "-svtav1-params", f"lp={threads}")),
            Encoder(
                "libaom-av1",
                (
                    *("-usage", "realtime", "-cpu-used", "7", "-row-mt", "1", "-crf", "34"),
                    # No rate of bits: the quality alone counts.
                    *("-b:v", "0", "-threads", threads),
                ),
            ),
        )
    return (
        Encoder("h264_v4l2m2m", ("-num_capture_buffers", "16"), bits_per_pixel=0.1),
        Encoder(
            "libx264",
            ("-preset", "veryfast", "-crf", "23", "-profile:v", "high", "-threads", threads),
        ),
    )


@functools.cache
def listed() -> frozenset[str]:
    """The names of all video encoders that ffmpeg was built with; asked once in a process."""
    try:
        output = run_ffmpeg(["-encoders"], seconds=_LIST_SECONDS, most_bytes=_LIST_BYTES)
    except ProgramFailed as error:
        raise Unavailable(
            "ffmpeg_unavailable",
            "ffmpeg does not run here.",
            hint="Try `ffmpeg -encoders`; a job may have too little memory (jobs.memory_mb).",
        ) from error
    return frozenset(_LISTED.findall(output.stdout.decode(errors="replace")))


@functools.cache
def _works(name: str) -> bool:
    """Whether a device is behind it, and, for SVT-AV1, the memory that it would wait for."""
    if name == "h264_v4l2m2m" and not any(DEVICES.glob("video*")):
        return False
    if name not in ("h264_v4l2m2m", "libsvtav1"):
        return True
    arguments = ["-f", "lavfi", "-i", "testsrc2=size=1920x1080:rate=5", "-frames:v", "3"]
    arguments += ["-pix_fmt", "yuv420p", "-c:v", name, "-f", "null", "-"]
    try:
        run_ffmpeg(arguments, seconds=_TRIAL_SECONDS)
    except (ProgramFailed, Error):
        return False
    return True
