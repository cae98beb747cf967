"""The programs ffmpeg and ffprobe: started with a list of arguments, confined, and watched.

A file to be read is opened as a plain file by one named demuxer; nothing in it can have the program
open another file or a connection. The program dies with this process, prints at most so much, and
is killed when it falls silent: damaged files make decoders loop, and some encoders wait for ever
for a thread that they had no memory for.
"""

import os
import selectors
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from unibos.base.errors import Error, Invalid, TooLarge, Unavailable, Unsupported
from unibos.core.jobs.child import die_with_parent
from unibos.modules.media.videos.formats import DECODERS, DEMUXERS

MOST_PIXELS = 8192 * 8192
"""Of one frame; 8K has half of it."""
_DECODER_THREADS = 2
_READ = 65536
_SAID_KEPT = 4096
_INSTALL = "Install it: apt install ffmpeg"
_ENVIRONMENT = {
    "LC_ALL": "C",
    # Each thread's own heap reserves 64 MiB of the address space, which is what is limited.
    "MALLOC_ARENA_MAX": "2",
}

Heard = Callable[[bytes], bool]
"""Gets what a program prints, and tells whether it got further."""


class Output(NamedTuple):
    """What a program printed."""

    stdout: bytes
    stderr: str


class ProgramFailed(Exception):
    """A program ended with an error; ``said`` is the end of what it printed about it."""

    def __init__(self, said: str, code: int) -> None:
        super().__init__(said.strip()[-200:] or f"exit code {code}")
        self.said = said
        self.code = code


def reading(source: Path, media_type: str, *, seek: float | None = None) -> list[str]:
    """The arguments with which ffmpeg and ffprobe read a file that a stranger made.

    :param seek: begin at this time, in seconds.
    """
    demuxer = DEMUXERS[media_type]
    at = [] if seek is None else ["-ss", f"{seek:.3f}"]
    return [
        "-protocol_whitelist",
        "file",
        "-format_whitelist",
        _family(demuxer),
        "-codec_whitelist",
        DECODERS,
        "-max_pixels",
        str(MOST_PIXELS),
        "-f",
        demuxer,
        *at,
        "-i",
        f"file:{source}",
    ]


def run_ffprobe(arguments: Sequence[str], *, seconds: float, most_bytes: int) -> Output:
    """Run ffprobe; see :func:`_run`."""
    return _run(["ffprobe", "-v", "error", *arguments], seconds, most_bytes=most_bytes)


def run_ffmpeg(
    arguments: Sequence[str],
    *,
    seconds: float,
    most_bytes: int = 0,
    heard: Heard | None = None,
) -> Output:
    """Run ffmpeg; see :func:`_run`."""
    command = ["ffmpeg", "-hide_banner", "-nostdin", "-v", "error", "-y"]
    return _run([*command, *arguments], seconds, most_bytes=most_bytes, heard=heard)


def decoding() -> list[str]:
    """Arguments before ``-i`` that bound the memory of decoders, which grows with their threads."""
    return ["-threads", str(_DECODER_THREADS)]


def failure(error: ProgramFailed) -> Error:
    """What a program's complaint means to the person who sent the file."""
    said = error.said
    if "Cannot allocate memory" in said or "cannot open shared object" in said:
        return TooLarge(
            "video_too_large",
            "The video needs more memory than a job may take here.",
            hint="A larger worker can do it; jobs.memory_mb sets the limit.",
        )
    if ("Decoder" in said and "not found" in said) or "whitelist" in said:
        return Unsupported(
            "video_codec_unsupported",
            "The video is stored in a way that cannot be read here.",
            hint="Convert it to H.264 (MP4) on a computer, and send that.",
        )
    return Invalid(
        "video_damaged",
        "The video is damaged or incomplete.",
        hint="Play the original on a computer; if it plays, convert it to MP4 and send that.",
    )


def _family(demuxer: str) -> str:
    # The whitelist is compared with all names of a demuxer, of which "mov" has several.
    return {"mov": "mov,mp4,m4a,3gp,3g2,mj2", "matroska": "matroska,webm"}.get(demuxer, demuxer)


def _run(
    command: list[str],
    seconds: float,
    *,
    most_bytes: int = 0,
    heard: Heard | None = None,
) -> Output:
    """Run a program to its end.

    :param seconds: the longest that it may run; where somebody hears it, the longest that it may
        get no further.
    :param most_bytes: the most that it may print on its standard output.
    :param heard: gets what it prints at once, in place of the result.
    :raises ProgramFailed: it ended with an error.
    :raises Unavailable: ``ffmpeg_unavailable``, ``video_timeout``.
    :raises TooLarge: ``video_too_large``: it printed too much.
    """
    process = _started(command)
    try:
        output = _listened(process, seconds, most_bytes, heard)
        code = process.wait(timeout=seconds)
    except subprocess.TimeoutExpired:
        raise _silent(command[0], seconds) from None
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        process.wait()
        for pipe in (process.stdout, process.stderr):
            if pipe is not None:
                pipe.close()
    if code:
        raise ProgramFailed(output.stderr, code)
    return output


def _started(command: list[str]) -> "subprocess.Popen[bytes]":
    try:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            env=_environment(),
            preexec_fn=die_with_parent,  # noqa: PLW1509 - a child has one thread
        )
    except FileNotFoundError as error:
        raise Unavailable(
            "ffmpeg_unavailable",
            f"Videos need the program {command[0]}, which is missing.",
            hint=_INSTALL,
        ) from error
    except OSError as error:
        raise Unavailable(
            "ffmpeg_unavailable", f"{command[0]} could not be started ({error.strerror})."
        ) from error


def _environment() -> Mapping[str, str]:
    return {**os.environ, **_ENVIRONMENT}


def _listened(
    process: "subprocess.Popen[bytes]",
    seconds: float,
    most_bytes: int,
    heard: Heard | None,
) -> Output:
    out, err = process.stdout, process.stderr
    assert out is not None and err is not None  # noqa: S101, PT018 - both are pipes
    printed, said = bytearray(), bytearray()
    deadline = time.monotonic() + seconds
    with selectors.DefaultSelector() as selector:
        selector.register(out, selectors.EVENT_READ)
        selector.register(err, selectors.EVENT_READ)
        while selector.get_map():
            pause = deadline - time.monotonic()
            if pause <= 0:
                raise subprocess.TimeoutExpired(process.args, seconds)
            for key, _ in selector.select(pause):
                chunk = os.read(key.fd, _READ)
                if not chunk:
                    selector.unregister(key.fileobj)
                elif key.fileobj is err:
                    said += chunk
                    del said[:-_SAID_KEPT]
                elif heard is not None:
                    deadline = time.monotonic() + seconds if heard(chunk) else deadline
                else:
                    printed += chunk
                    _require_fits(len(printed), most_bytes)
    return Output(bytes(printed), said.decode(errors="replace"))


def _require_fits(size: int, most: int) -> None:
    if size > most:
        raise TooLarge("video_too_large", "The video says more of itself than is read.", limit=most)


def _silent(name: str, seconds: float) -> Unavailable:
    return Unavailable(
        "video_timeout",
        f"{name} got no further with the video for {seconds:.0f} seconds.",
        hint="The file may be damaged, or the machine busy.",
    )
