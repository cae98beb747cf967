"""Real documents through the whole node: what is read right, and how fast.

Starts a node, uploads every file of the folder over HTTP, waits until all are read, and compares
with the truth. The bare ``tesseract`` program reads the same pages in the same run, two at a time
with one thread each. JSON goes to standard output; the exit code is 1 when a target is missed.
See benchmarks/README.md.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import machine
import process
import truth
from peers import Unibos
from PIL import Image
from servers import ServerError

FOLDERS = ("receipts", "documents", "photos")
KINDS = {
    ".jpg": "image/jpeg",
    ".png": "image/png",
    ".heif": "image/heif",
    ".pdf": "application/pdf",
    ".txt": "text/plain",
}
TARGETS = {"total": 0.80, "date": 0.85, "merchant": 0.60}
SPEED_TARGET = 0.9
LANGUAGES = "eng+deu+tur"
PARALLEL = 2
DPI = 300
POLL_SECONDS = 0.25
MOST_FILES = 100
PATIENCE_SECONDS = 1800.0


def main() -> None:
    """Run the benchmark and print its result."""
    options = arguments()
    files = [file for name in FOLDERS for file in sorted((options.folder / name).iterdir())]
    files = [file for file in files if file.suffix in KINDS]
    about = {"benchmark": "documents", **machine.describe(), "files": len(files)}
    with tempfile.TemporaryDirectory(prefix="unibos-documents-") as name:
        pages = originals(files, Path(name))
        rounds = []
        for number in range(options.rounds):
            say(f"round {number + 1}: the node reads {len(files)} files")
            documents, spent = through_node(files, Path(name) / f"node-{number}")
            say(f"round {number + 1}: tesseract reads {len(pages)} pages")
            rounds.append(spent | bare(pages))
    result = {**about, **judge(options.folder, documents), "speed": speed(len(pages), rounds)}
    print(json.dumps(result, indent=2, ensure_ascii=False))
    sys.exit(0 if result["missed"] == [] and result["speed"]["ratio"] >= SPEED_TARGET else 1)


def arguments() -> argparse.Namespace:
    """What the command line asks for."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path, help="holds the folders receipts, documents, photos")
    parser.add_argument("--rounds", type=int, default=1, help="node and tesseract, in turn")
    return parser.parse_args()


def say(text: str) -> None:
    """Tell a person how far it is."""
    print(text, file=sys.stderr, flush=True)


def through_node(files: list[Path], folder: Path) -> tuple[dict[str, Any], dict[str, float]]:
    """Upload all files to a fresh node; returns its documents by file name, and what it took.

    The time runs from the first upload to the last document read.
    """
    folder.mkdir()
    node = Unibos(folder)
    try:
        node.server.start()
        node.prepare()
        node.sign_in()
        began, used = time.perf_counter(), process.cpu_seconds(node.server.pid)
        names = {upload(node, file): file.name for file in files}
        while left := unread(node):
            if time.perf_counter() - began > PATIENCE_SECONDS:
                raise ServerError(f"not read in time: {', '.join(names[id_] for id_ in left)}")
            time.sleep(POLL_SECONDS)
        spent = {
            "seconds": time.perf_counter() - began,
            "cpu_seconds": process.cpu_seconds(node.server.pid) - used,
        }
        found = {id_: node.client.call("GET", f"/api/v1/documents/{id_}") for id_ in names}
        return {names[id_]: document for id_, document in found.items()}, spent
    finally:
        node.client.close()
        node.server.stop()


def unread(node: Unibos) -> list[str]:
    """Ids of the documents that are still to be read."""
    listed = node.client.call("GET", f"/api/v1/documents?limit={MOST_FILES}")["items"]
    return [one["id"] for one in listed if one["status"] not in ("done", "failed")]


def upload(node: Unibos, file: Path) -> str:
    """Send one file; returns the document's id."""
    kind = KINDS[file.suffix]
    status, answer = node.client.send("POST", "/api/v1/documents", file.read_bytes(), kind)
    if status != 201:
        raise ServerError(f"{file.name}: {status} {answer[:300]!r}")
    return str(json.loads(answer)["id"])


def originals(files: list[Path], folder: Path) -> list[Path]:
    """Every page as a picture that tesseract takes: photos as they are, PDF pages at 300 dpi."""
    import pillow_heif
    import pypdfium2

    pillow_heif.register_heif_opener()
    pages = [file for file in files if file.suffix in (".jpg", ".png")]
    for file in files:
        if file.suffix == ".heif":
            pages.append(folder / f"{file.stem}.png")
            Image.open(file).save(pages[-1])
        if file.suffix != ".pdf":
            continue
        try:
            document = pypdfium2.PdfDocument(file)
        except pypdfium2.PdfiumError:
            continue
        for number, page in enumerate(document):
            if next(page.get_objects(), None) is not None:
                pages.append(folder / f"{file.stem}-{number}.png")
                page.render(scale=DPI / 72).to_pil().save(pages[-1])
    return pages


def bare(pages: list[Path]) -> dict[str, float]:
    """What the tesseract program takes for all pages, two at a time."""
    environment = {**os.environ, "OMP_THREAD_LIMIT": "1"}

    def one(page: Path) -> None:
        command = ["tesseract", str(page), "-", "-l", LANGUAGES]
        subprocess.run(command, env=environment, capture_output=True, check=True)

    began, used = time.perf_counter(), os.times()
    with ThreadPoolExecutor(PARALLEL) as pool:
        list(pool.map(one, pages))
    now = os.times()
    cpu = now.children_user + now.children_system - used.children_user - used.children_system
    return {"bare_seconds": time.perf_counter() - began, "bare_cpu_seconds": cpu}


def speed(pages: int, rounds: list[dict[str, float]]) -> dict[str, Any]:
    """Pages per minute of both, and the median of the rounds' ratios.

    ``cpu_ratio`` compares processor time, which other work on the machine moves least.
    """
    ratios = [one["bare_seconds"] / one["seconds"] for one in rounds]
    cpu_ratios = [one["bare_cpu_seconds"] / one["cpu_seconds"] for one in rounds]
    ours = statistics.median(one["seconds"] for one in rounds)
    theirs = statistics.median(one["bare_seconds"] for one in rounds)
    return {
        "pages": pages,
        "pages_per_minute": round(60 * pages / ours, 1),
        "bare_pages_per_minute": round(60 * pages / theirs, 1),
        "ratio": round(statistics.median(ratios), 3),
        "cpu_ratio": round(statistics.median(cpu_ratios), 3),
        "rounds": [{name: round(value, 2) for name, value in one.items()} for one in rounds],
    }


def judge(folder: Path, documents: dict[str, Any]) -> dict[str, Any]:
    """Compare what was read with the truth."""
    scored = {
        receipt.file.name: truth.score(receipt, documents[receipt.file.name]["fields"])
        for receipt in truth.receipts(folder / "receipts")
    }
    right = truth.shares(list(scored.values()))
    page, text = documents["linn.png"]["text"], (folder / "documents/linn.txt").read_text()
    failed = {name: found for name, found in documents.items() if found["status"] == "failed"}
    return {
        "right": {name: round(share, 3) for name, share in right.items()},
        "missed": [name for name, target in TARGETS.items() if right[name] < target],
        "linn": {
            "character_error_rate": round(truth.character_errors(text, page), 4),
            "character_error_rate_any_order": round(truth.character_errors_of_lines(text, page), 4),
        },
        "receipts": scored,
        "documents": {
            name: {key: found[key] for key in ("kind", "title", "language", "confidence")}
            for name, found in documents.items()
            if name not in failed
        },
        "failed": {name: found["error"]["code"] for name, found in failed.items()},
    }


if __name__ == "__main__":
    main()
