"""What this machine has of that which jobs require or prefer: found at the start, not assumed."""

import re
import shutil
import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from unibos.core.jobs.worker import v4l2

_SECONDS = 10
"""A board whose card is slow may take this long to load a program."""
_ENCODERS = ("libx264", "libsvtav1", "libaom-av1", "aac", "h264_v4l2m2m")
_LANGUAGE = re.compile(r"[A-Za-z0-9_]{2,40}\Z")
_MOST_LANGUAGES = 200
_ENCODER = re.compile(r"^ [VAS][A-Z.]{5} ([A-Za-z0-9_.-]+)", re.MULTILINE)

Say = Callable[[tuple[str, ...]], str]
"""What a program prints, on both of its outputs; empty where it is not there or does not end."""


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What was found.

    :param names: such as ``tesseract``, ``tesseract:tur``, ``ffmpeg``, ``ffmpeg:libx264``,
        ``v4l2:h264``, ``gpu``; sorted.
    :param versions: of the programs behind them.
    """

    names: tuple[str, ...] = ()
    versions: dict[str, str] = field(default_factory=dict)


def say(words: tuple[str, ...]) -> str:
    """Ask a program of this machine."""
    try:
        done = subprocess.run(
            words,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.decode(errors="replace") if done.returncode == 0 else ""


def capabilities(
    *, gpu: bool, ask: Say = say, devices: Callable[[], frozenset[str]] = v4l2.encoders
) -> Capabilities:
    """Look at the programs and devices of this machine; takes as long as the slowest program.

    :param gpu: whether the settings say that there is one: no program tells that truly.
    :param devices: tells what the board's encoders make.
    """
    with ThreadPoolExecutor(3, "capabilities") as threads:
        languages = threads.submit(ask, ("tesseract", "--list-langs"))
        reader = threads.submit(ask, ("tesseract", "--version"))
        encoders = threads.submit(ask, ("ffmpeg", "-encoders"))
        names, versions = _tesseract(languages.result(), reader.result())
        more, version = _ffmpeg(encoders.result(), devices)
    if gpu:
        names.add("gpu")
    return Capabilities(tuple(sorted(names | more)), versions | version)


def _tesseract(languages: str, version: str) -> tuple[set[str], dict[str, str]]:
    told = re.search(r"^tesseract v?([0-9][^\s]*)", version)
    if told is None:
        return set(), {}
    _, _, listed = languages.partition("\n")
    known = [line for line in listed.split() if _LANGUAGE.match(line)]
    names = {"tesseract"} | {f"tesseract:{name}" for name in known[:_MOST_LANGUAGES]}
    return names, {"tesseract": told[1]}


def _ffmpeg(
    encoders: str, devices: Callable[[], frozenset[str]]
) -> tuple[set[str], dict[str, str]]:
    told = re.search(r"^ffmpeg version (\S+)", encoders)
    # Without its sister, nothing can be said of a video before it is worked on.
    if told is None or shutil.which("ffprobe") is None:
        return set(), {}
    listed = set(_ENCODER.findall(encoders))
    names = {"ffmpeg"} | {f"ffmpeg:{name}" for name in _ENCODERS if name in listed}
    if "ffmpeg:h264_v4l2m2m" in names:
        # The program has it on every machine; whether there is a device for it, the board says.
        names.remove("ffmpeg:h264_v4l2m2m")
        if "h264" in devices():
            names |= {"ffmpeg:h264_v4l2m2m", "v4l2:h264"}
    return names, {"ffmpeg": told[1]}
