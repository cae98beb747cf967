"""Offers a release to `unibos update`: its archive, and the signed list of a channel.

    python3 packaging/offer.py FOLDER build/amd64/unibos --version 1.4.0 --architecture amd64 \\
        --schema 3 --sign unibos.key [--channel stable] [--minimum 1.2.0] [--notes-en TEXT]
    python3 packaging/offer.py FOLDER --hold 1.4.0 --why "loses thumbnails" --sign unibos.key

`packaging/build --offer FOLDER --sign KEY` does the first with what it has built.

FOLDER is what `update.source` names, itself or through any web server that serves it.
"""

import argparse
import hashlib
import json
import sys
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

import minisign

# The names of the program, which are links to it, are made where it is installed.
_LEFT_OUT = {"unibos-hub", "unibos-worker"}


def pack(tree: Path, archive: Path) -> dict[str, Any]:
    """Write a release's archive; what the list tells of it."""
    unpacked = 0

    def plain(member: tarfile.TarInfo) -> tarfile.TarInfo:
        nonlocal unpacked
        member.uid = member.gid = 0
        member.uname = member.gname = ""
        unpacked += 0 if member.isdir() else max(member.size, 1)
        return member

    # The dictionary of preset 6 (8 MiB) is what a board with 512 MiB has to unpack with.
    with tarfile.open(archive, "w:xz", preset=6) as tar:
        for path in sorted(tree.iterdir()):
            if path.name not in _LEFT_OUT:
                tar.add(path, path.name, filter=plain)
    content = archive.read_bytes()
    return {
        "name": archive.name,
        "size": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
        "unpacked": unpacked,
    }


def publish(folder: Path, channel: str, releases: list[dict[str, Any]], secret: Path) -> None:
    """Write the next list of a channel, and its signature."""
    path = folder / f"{channel}.json"
    serial = json.loads(path.read_text())["serial"] + 1 if path.exists() else 1
    made_at = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    head = {"format": 1, "channel": channel, "serial": serial, "made_at": made_at}
    fresh = folder / f".{channel}.json"
    fresh.write_text(json.dumps(head | {"releases": releases}, indent=1, ensure_ascii=False) + "\n")
    signature = minisign.sign(fresh, secret, f"unibos releases {channel} {serial}")
    signature.replace(folder / f"{channel}.json.minisig")
    fresh.replace(path)


def offered(folder: Path, channel: str) -> list[dict[str, Any]]:
    """What the present list of a channel offers."""
    path = folder / f"{channel}.json"
    found: list[dict[str, Any]] = json.loads(path.read_text())["releases"] if path.exists() else []
    return found


@dataclass(frozen=True, kw_only=True)
class Build:
    """What a release is built from, for one architecture.

    :param tree: the onedir.
    :param schema: the newest schema of databases that it knows.
    :param minimum: the oldest version that it can follow.
    :param notes: by language.
    """

    tree: Path
    version: str
    architecture: str
    schema: int
    minimum: str = "0.1.0"
    notes: Mapping[str, str] = field(default_factory=dict)


def offer(folder: Path, channel: str, build: Build, secret: Path) -> None:
    """Pack a build, and publish it beside what the channel offers already."""
    folder.mkdir(parents=True, exist_ok=True)
    releases = offered(folder, channel)
    archive = folder / f"unibos_{build.version}_{build.architecture}.tar.xz"
    file = {build.architecture: pack(build.tree, archive)}
    same = next((one for one in releases if one["version"] == build.version), None)
    if same is None:
        same = {"version": build.version, "files": {}}
        releases.append(same)
    same |= {"schema": build.schema, "minimum": build.minimum}
    same |= {"notes": {language: text for language, text in build.notes.items() if text}}
    same["files"] |= file
    publish(folder, channel, releases, secret)


def hold(folder: Path, channel: str, version: str, why: str, secret: Path) -> None:
    """Withdraw a version.

    :raises SystemExit: the channel does not offer it.
    """
    releases = offered(folder, channel)
    if version not in {release["version"] for release in releases}:
        raise SystemExit(f"{channel} does not offer {version}.")
    for release in releases:
        if release["version"] == version:
            release["held"] = why or "withdrawn"
    publish(folder, channel, releases, secret)


def main() -> None:
    """Offer or hold a release as the command line asks."""
    asked = _arguments()
    if asked.hold:
        hold(asked.folder, asked.channel, asked.hold, asked.why, asked.sign)
        return
    build = Build(
        tree=asked.tree,
        version=asked.version,
        architecture=asked.architecture,
        schema=asked.schema,
        minimum=asked.minimum,
        notes={"en": asked.notes_en, "tr": asked.notes_tr},
    )
    offer(asked.folder, asked.channel, build, asked.sign)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("tree", type=Path, nargs="?", help="the folder that PyInstaller made")
    parser.add_argument("--sign", type=Path, required=True, metavar="KEY")
    parser.add_argument("--channel", default="stable")
    parser.add_argument("--version")
    parser.add_argument("--architecture")
    parser.add_argument("--schema", type=int)
    parser.add_argument("--minimum", default="0.1.0", help="the oldest version that it can follow")
    parser.add_argument("--notes-en", default="")
    parser.add_argument("--notes-tr", default="")
    parser.add_argument("--hold", metavar="VERSION", help="withdraw a version")
    parser.add_argument("--why", default="")
    asked = parser.parse_args()
    if not asked.hold and not (
        asked.tree and asked.version and asked.architecture and asked.schema
    ):
        parser.error("a release has a folder, --version, --architecture and --schema")
    return asked


if __name__ == "__main__":
    main()
