"""Photos and videos through the jobs' own children, beside bare Pillow and the bare ffmpeg program.

JSON goes to standard output; the exit code is 1 when a target is missed. See benchmarks/README.md.
"""

import argparse
import json
import multiprocessing
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import machine
import msgspec
import process
from PIL import Image, ImageOps

from unibos.core.jobs.kind import Task
from unibos.core.jobs.messages import Request
from unibos.core.jobs.options import child_command
from unibos.core.jobs.pace import Pace
from unibos.core.jobs.process import Child
from unibos.modules.media.jobs import Options

TARGET = 0.9
UNDRAFTED = "shared"
"""Photos that are about as small as their previews: `draft` changes nothing for them."""
PARALLEL = len(os.sched_getaffinity(0))
MEMORY_MB = 1024
PATIENCE_SECONDS = 3600.0
TYPES = {".jpg": "image/jpeg", ".heif": "image/heic"}
LARGE = (4000, 3000)
FILM = "testsrc2=size={size}:rate=30:duration={seconds},noise=alls=4:allf=t"
FILMS = {
    "mpeg4_1080p": ("1920x1080", ("-c:v", "mpeg4", "-q:v", "4"), "video/x-msvideo", "film.avi"),
    "hevc_720p": (
        "1280x720",
        ("-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=error"),
        "video/x-matroska",
        "film.mkv",
    ),
}
OPTIONS = Options()

Measured = dict[str, Any]


def main() -> None:
    """Run the benchmark and print its result."""
    options = arguments()
    about = {"benchmark": "media", **machine.describe(), "parallel": PARALLEL}
    with tempfile.TemporaryDirectory(prefix="unibos-media-") as name:
        folder = Path(name)
        photos = {
            UNDRAFTED: shared(options.folder, options.times),
            "large": generated(folder / "large", options.large),
        }
        result: Measured = {
            **about,
            "photos": {
                kind: beside(options.rounds, files, folder) for kind, files in photos.items()
            },
            "videos": {name: transcoding(name, options, folder / name) for name in sorted(FILMS)},
        }
    result["missed"] = [
        f"{group}.{name}"
        for group in ("photos", "videos")
        for name, one in result[group].items()
        if name != UNDRAFTED and one["ratio"] < TARGET
    ]
    print(json.dumps(result, indent=2))
    sys.exit(1 if result["missed"] else 0)


def arguments() -> argparse.Namespace:
    """What the command line asks for."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path, help="holds photos")
    parser.add_argument("--rounds", type=int, default=5, help="ours and bare, in turn")
    parser.add_argument("--times", type=int, default=40, help="each photo so many times")
    parser.add_argument("--large", type=int, default=40, help="photos of 12 megapixels")
    parser.add_argument("--seconds", type=int, default=20, help="length of the films")
    return parser.parse_args()


def say(text: str) -> None:
    """Tell a person how far it is."""
    print(text, file=sys.stderr, flush=True)


# -- photos --------------------------------------------------------------------------------------


def shared(folder: Path, times: int) -> list[Path]:
    """The JPEGs of a folder, each many times, in an order that mixes them."""
    # A child has another working directory.
    files = [
        file.resolve()
        for file in sorted(folder.iterdir())
        if TYPES.get(file.suffix) == "image/jpeg"
    ]
    if not files:
        sys.exit(f"{folder} holds no JPEG photos.")
    return files * times


def generated(folder: Path, number: int) -> list[Path]:
    """Photos of 12 megapixels with soft shapes and the noise of a sensor."""
    folder.mkdir()
    dice = random.Random(1)
    files: list[Path] = []
    for index in range(number):
        file = folder / f"{index}.jpg"
        if index < 4:
            soft = Image.frombytes("RGB", (40, 30), dice.randbytes(40 * 30 * 3))
            noise = Image.effect_noise(LARGE, 40).convert("RGB")
            picture = Image.blend(soft.resize(LARGE, Image.Resampling.BICUBIC), noise, 0.2)
            picture.save(file, "JPEG", quality=90)
        else:
            shutil.copy(files[index % 4], file)
        files.append(file)
    return files


def beside(rounds: int, files: list[Path], folder: Path) -> Measured:
    """Photos per second of both, in alternating rounds."""
    with bare_pillow(folder) as bare:
        # Both have their processes ready.
        bare(files[:PARALLEL])
        in_children(files[:PARALLEL], folder)
        told = [
            (timed(lambda: in_children(files, folder)), timed(lambda: bare(files)))
            for _ in range(rounds)
        ]
    found = compared(told)
    per_second = {
        f"{name}_per_second": round(len(files) / found[f"{name}_seconds"], 1)
        for name in ("ours", "bare")
    }
    say(f"{len(files)} photos: {per_second}")
    return {"files": len(files), **per_second, **found}


def in_children(files: Sequence[Path], folder: Path) -> None:
    """Each photo as a job of its own, as a worker does it."""
    with ThreadPoolExecutor(PARALLEL) as pool:
        list(
            pool.map(lambda file: in_child("media.photo", file, TYPES[file.suffix], folder), files)
        )


def in_child(kind: str, file: Path, media_type: str, folder: Path) -> Any:
    """One job's work in its child."""
    args = {"options": msgspec.to_builtins(OPTIONS), "media_type": media_type}
    with tempfile.TemporaryDirectory(dir=folder) as work:
        request = Request(kind, Task(args, file), Path(work), MEMORY_MB, os.getpid())
        child = Child(child_command(), request, warm=True)
        return child.run(Pace(lambda _: None, 5), PATIENCE_SECONDS)


@contextmanager
def bare_pillow(folder: Path) -> Iterator[Callable[[Sequence[Path]], None]]:
    """As many processes, which were started before, and make the same two pictures of a photo."""
    with multiprocessing.get_context("spawn").Pool(PARALLEL) as pool:

        def run(files: Sequence[Path]) -> None:
            pool.map(pictures, [(file, folder) for file in files], chunksize=1)

        yield run


def pictures(job: tuple[Path, Path]) -> None:
    """What a script would do: draft, turn, two sizes."""
    file, folder = job
    stem = folder / f"bare-{os.getpid()}"
    with Image.open(file) as image:
        # In the photo's own shape: asked for a square, libjpeg would decode twice as much.
        share = min(1.0, OPTIONS.preview / max(image.size))
        image.draft("RGB", (round(image.width * share), round(image.height * share)))
        # Else ``thumbnail`` takes the draft back, for one of twice the size.
        image.load()
        image.thumbnail((OPTIONS.preview, OPTIONS.preview), Image.Resampling.BICUBIC)
        picture = ImageOps.exif_transpose(image).convert("RGB")
    picture.save(stem.with_suffix(".jpg"), "JPEG", quality=82)
    picture.thumbnail((OPTIONS.thumbnail, OPTIONS.thumbnail), Image.Resampling.BICUBIC)
    picture.save(stem.with_suffix(".webp"), "WEBP", quality=75, method=2)


# -- videos --------------------------------------------------------------------------------------


def transcoding(name: str, options: argparse.Namespace, folder: Path) -> Measured:
    """Seconds of both for one film, in alternating rounds."""
    folder.mkdir()
    size, encoding, media_type, file = FILMS[name]
    film = folder / file
    picture = FILM.format(size=size, seconds=options.seconds)
    sound = f"sine=frequency=440:duration={options.seconds}"
    ffmpeg("-f", "lavfi", "-i", picture, "-f", "lavfi", "-i", sound, *encoding, "-c:a", "aac", film)
    told = [
        (
            timed(lambda: in_child("media.transcode", film, media_type, folder)),
            timed(lambda: bare_ffmpeg(film, folder / "bare.mp4")),
        )
        for _ in range(options.rounds)
    ]
    found = {"film_seconds": options.seconds, **compared(told)}
    say(f"{name}: {found['ours_seconds']} s, bare {found['bare_seconds']} s")
    return found


def bare_ffmpeg(film: Path, out: Path) -> None:
    """The command that a person would type for the same settings."""
    picture = ("-c:v", "libx264", "-preset", "veryfast", "-crf", "23", "-profile:v", "high")
    sound = ("-c:a", "aac", "-b:a", "128k", "-ac", "2")
    ffmpeg("-i", film, *picture, "-pix_fmt", "yuv420p", *sound, "-movflags", "+faststart", out)


def ffmpeg(*arguments: object) -> None:
    """Run the program."""
    words = [str(word) for word in arguments]
    subprocess.run(["ffmpeg", "-v", "error", "-nostdin", "-y", *words], check=True)


# -- figures -------------------------------------------------------------------------------------


class Spent(NamedTuple):
    """Seconds by the clock, and of processors."""

    seconds: float
    cpu: float


def timed(run: Callable[[], object]) -> Spent:
    """What it takes, all processes together."""
    began, used = time.perf_counter(), process.cpu_seconds(os.getpid())
    run()
    return Spent(time.perf_counter() - began, process.cpu_seconds(os.getpid()) - used)


def compared(told: list[tuple[Spent, Spent]]) -> Measured:
    """Medians, and the ratios of neighbouring rounds: above 1, ours is faster.

    ``cpu_ratio`` compares processor time, which other work on the machine moves least.
    """
    ratios = sorted(bare.seconds / ours.seconds for ours, bare in told)
    return {
        "ours_seconds": round(statistics.median(ours.seconds for ours, _ in told), 3),
        "bare_seconds": round(statistics.median(bare.seconds for _, bare in told), 3),
        "ours_cpu_seconds": round(statistics.median(ours.cpu for ours, _ in told), 3),
        "bare_cpu_seconds": round(statistics.median(bare.cpu for _, bare in told), 3),
        "ratio": round(statistics.median(ratios), 3),
        "ratios": [round(ratio, 3) for ratio in ratios],
        "cpu_ratio": round(statistics.median(bare.cpu / ours.cpu for ours, bare in told), 3),
    }


if __name__ == "__main__":
    main()
