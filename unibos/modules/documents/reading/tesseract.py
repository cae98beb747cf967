"""The ``tesseract`` program: one call reads one picture, from memory to words with places.

Pictures go in through a pipe as PGM, so nothing is written to the SD card. Every call has a time
limit, and the program dies with this process (``PR_SET_PDEATHSIG``), even at ``kill -9``.
"""

import ctypes
import functools
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from typing import NamedTuple

from PIL import Image

from unibos.base.errors import Unavailable
from unibos.modules.documents.reading.words import Word

_PR_SET_PDEATHSIG = 1
_WORD_LEVEL = "5"
_INSTALL = "Install it: apt install tesseract-ocr {packages}"


class Orientation(NamedTuple):
    """Degrees to turn the picture clockwise so that text stands upright, and how sure."""

    rotate: int
    confidence: float


@functools.cache
def installed_languages() -> frozenset[str]:
    """Ask the program which languages it has; asked once in a process.

    :raises Unavailable: ``ocr_unavailable`` when the program is missing.
    """
    output = _run(["--list-langs"], b"", seconds=20)
    return frozenset(output.decode("utf-8", "replace").split("\n")[1:]) - {""}


def require(languages: tuple[str, ...]) -> None:
    """Check that OCR is possible in all these languages.

    :raises Unavailable: ``ocr_unavailable``, naming the packages to install.
    """
    missing = [name for name in languages if name not in installed_languages()]
    if missing or not languages:
        packages = " ".join(f"tesseract-ocr-{name.replace('_', '-')}" for name in missing)
        raise Unavailable(
            "ocr_unavailable",
            f"Text recognition lacks the language {', '.join(missing) or '(none is set)'}.",
            hint=_INSTALL.format(packages=packages).strip(),
            missing=missing,
        )


def recognise(image: Image.Image, *, language: str, layout: int, seconds: float) -> list[Word]:
    """Read a grey picture.

    :param language: tesseract's ``-l``, such as ``eng`` or ``eng+deu``.
    :param layout: tesseract's page segmentation mode, such as 3 (automatic) or 6 (one block).
    :raises Unavailable: ``ocr_timeout`` after ``seconds``, ``ocr_unavailable`` when it cannot run.
    """
    arguments = ["-", "-", "-l", language, "--psm", str(layout), "--dpi", "300", "tsv"]
    table = _run(arguments, _pgm(image), seconds)
    return parse_words(table.decode("utf-8", "replace"))


def orientation(image: Image.Image, *, seconds: float) -> Orientation | None:
    """Tell how a page lies (0, 90, 180 or 270 degrees); ``None`` when there is too little text."""
    if "osd" not in installed_languages():
        return None
    arguments = ["-", "-", "-l", "osd", "--psm", "0", "--dpi", "300"]
    arguments += ["-c", "min_characters_to_try=30"]
    return parse_orientation(_run(arguments, _pgm(image), seconds, tolerant=True).decode())


def parse_words(table: str) -> list[Word]:
    """Words of tesseract's TSV output, in its reading order, without its empty ones."""
    words = []
    for line in table.splitlines()[1:]:
        cells = line.split("\t", 11)
        if len(cells) < 12 or cells[0] != _WORD_LEVEL or not cells[11].strip():
            continue
        block, paragraph, line_number = int(cells[2]), int(cells[3]), int(cells[4])
        left, top, width, height = (int(cell) for cell in cells[6:10])
        words.append(
            Word(
                text=cells[11].strip(),
                left=left,
                top=top,
                width=width,
                height=height,
                confidence=max(0.0, float(cells[10])) / 100,
                paragraph=(block, paragraph),
                line=line_number,
            )
        )
    return words


def parse_orientation(report: str) -> Orientation | None:
    """Read the answer of tesseract's orientation detection."""
    rotate = re.search(r"^Rotate: (\d+)", report, re.MULTILINE)
    confidence = re.search(r"^Orientation confidence: ([\d.]+)", report, re.MULTILINE)
    if rotate is None or confidence is None:
        return None
    return Orientation(int(rotate[1]), float(confidence[1]))


def _pgm(image: Image.Image) -> bytes:
    """Netpbm grey map, the cheapest format that tesseract takes."""
    return b"P5 %d %d 255\n" % image.size + image.convert("L").tobytes()


def _run(arguments: list[str], stdin: bytes, seconds: float, *, tolerant: bool = False) -> bytes:
    environment = {**os.environ, "OMP_THREAD_LIMIT": "1", "LC_ALL": "C"}
    try:
        done = subprocess.run(
            ["tesseract", *arguments],
            input=stdin,
            capture_output=True,
            timeout=seconds,
            env=environment,
            preexec_fn=_die_with_parent(),
            check=False,
        )
    except FileNotFoundError as error:
        raise Unavailable(
            "ocr_unavailable",
            "Text recognition is not installed: the program tesseract is missing.",
            hint=_INSTALL.format(packages="tesseract-ocr-eng").strip(),
        ) from error
    except subprocess.TimeoutExpired as error:
        raise Unavailable(
            "ocr_timeout",
            f"Text recognition of one page took more than {seconds:.0f} seconds.",
            hint="Scan the page at 300 dpi, or raise the page time limit of the documents module.",
        ) from error
    if done.returncode != 0 and not tolerant:
        reason = done.stderr.decode("utf-8", "replace").strip().splitlines()[-1:]
        raise Unavailable(
            "ocr_unavailable",
            f"Text recognition failed: {' '.join(reason) or f'exit status {done.returncode}'}",
            hint="Run `tesseract --list-langs` and see `unibos doctor`.",
        )
    return done.stdout


def _die_with_parent() -> Callable[[], None] | None:
    """Make a hook for the new child that ties its life to ours (Linux only).

    The parent may die between fork and prctl: the child then sees another parent and leaves.
    """
    if not sys.platform.startswith("linux"):
        return None
    libc = ctypes.CDLL(None)
    parent = os.getpid()

    def tie() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)

    return tie
