"""What goes out with an image: packed, checksum, block map, signature, notes, Imager's list."""

import datetime
import hashlib
import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from block_map import block_map
from board import EVIDENCE, HERE, Board
from tree import kernels, packages

ARCHITECTURES = {"arm64": "armv8", "armel": "armel"}
"""Debian's names, and those of Raspberry Pi Imager."""


def pack(image: Path) -> dict[str, object]:
    """Write `.xz` and `.bmap` beside an image; sizes and checksums of both states."""
    image.with_name(f"{image.name}.bmap").write_text(block_map(image))
    facts: dict[str, object] = {"extract_size": image.stat().st_size}
    facts["extract_sha256"] = sha256(image)
    # Level 3 takes a third of the time of 6 for 5 % more; the processors are few here.
    subprocess.run(("xz", "-3", "-T0", "--keep", "--force", str(image)), check=True)
    packed = image.with_name(f"{image.name}.xz")
    return facts | {
        "image_download_size": packed.stat().st_size,
        "image_download_sha256": sha256(packed),
    }


def sum_up(folder: Path) -> Path:
    """Write the checksums of all that goes out."""
    target = folder / "checksums.sha256"
    names = sorted(path for path in folder.glob("unibos-*") if path.suffix != ".img")
    names += sorted(folder.glob("*.rpi-imager-manifest"))
    target.write_text("".join(f"{sha256(path)}  {path.name}\n" for path in names))
    return target


def sign(sums: Path, key: Path) -> None:
    """Sign the checksums as packaging/ signs its own."""
    sys.path.insert(0, str(HERE.parent / "packaging"))
    import minisign

    minisign.sign(sums, key, "unibos images")


def notes(board: Board, tree: Path, facts: Mapping[str, object], version: str) -> str:
    """The release notes of one image."""
    large, small = (int(str(facts[key])) for key in ("extract_size", "image_download_size"))
    lines = (
        f"# UNIBOS {version} for {board.name}",
        "",
        f"For: {', '.join(board.models)}. Known of it: {EVIDENCE[board.evidence]}. {board.notes}",
        "",
        f"- Debian {board.suite} ({board.architecture}), kernel {', '.join(kernels(tree))}",
        f"- download {small / 1e6:.0f} MB, on the card {large / 1e6:.0f} MB before it grows",
        f"- memory from {board.memory_mb} MB; swap in compressed memory {board.zram_mb} MB,"
        f" /tmp {board.tmp_mb} MB, log {board.journal_mb} MB, all of them in memory",
        f"- role: {board.role}",
        "",
        "## Packages",
        "",
        "```",
        packages(tree).rstrip(),
        "```",
    )
    return "\n".join(lines) + "\n"


def imager_list(
    images: Mapping[Board, tuple[str, Mapping[str, object]]], address: str, time: int
) -> str:
    """What `rpi-imager --repo` reads (doc/json-schema/os-list-schema.json of Raspberry Pi Imager).

    :param images: by board the name of the packed image, and its sizes and checksums.
    :param address: where the images lie; ends with a slash.
    """
    day = datetime.datetime.fromtimestamp(time, datetime.UTC).date().isoformat()
    entries = [
        {
            "name": f"UNIBOS for {board.name}",
            "description": f"Private data server; {EVIDENCE[board.evidence]}",
            "icon": f"{address}unibos.svg",
            "url": address + name,
            **facts,
            "bmap_url": address + name.removesuffix(".xz") + ".bmap",
            "release_date": day,
            # Imager then writes rpi-preseed.toml, which `unibos first-boot` reads.
            "init_format": "rpi-preseed",
            "devices": list(board.imager),
            "architecture": ARCHITECTURES[board.architecture],
            "capabilities": ["passwordless_sudo"],
        }
        for board, (name, facts) in images.items()
        if board.imager
    ]
    return json.dumps({"os_list": entries}, indent=2) + "\n"


def sha256(path: Path) -> str:
    """A file's checksum."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
