"""Everything that is released, for one architecture or several; `packaging/build` calls this.

build/<architecture>/unibos/                  the onedir: the program and its names
build/<architecture>/unibos_<v>_<arch>        the onefile
build/<architecture>/unibos_<v>_<arch>.deb    the Debian package
build/<architecture>/unibos_<v>_<arch>.cdx.json   the bill of materials
build/<architecture>/checksums.sha256         of the files above, and its signature
"""

import argparse
import difflib
import hashlib
import os
import shutil
import sys
from dataclasses import replace
from pathlib import Path

import bill
import deb
import foreign
import heif
import minisign
import needed
import offer
import pillow
import program
import sqlite
import twins
from origin import ROOT, Origin, origin

BUILD = ROOT / "build"


def main() -> None:
    """Build as the command line asks."""
    here = origin()
    asked = _arguments(here)
    for wanted in asked.platform:
        _build(replace(here, architecture=wanted), here, asked)


def _build(there: Origin, here: Origin, asked: argparse.Namespace) -> None:
    """Build for one architecture, ``there``, on this machine, ``here``."""
    if there == here:
        target = BUILD / here.architecture
        _make(target, BUILD / "work", here)
        work = BUILD / "work"
    else:
        target = foreign.build(there.architecture, here)
        work = foreign.FOREIGNS[there.architecture].folder / "build/work"
    if not asked.unlisted:
        _check_list(work, there.architecture, accept=asked.accept)
    if asked.sign:
        minisign.sign(target / "checksums.sha256", asked.sign, _comment(there))
    if asked.twice:
        _compare(target, there)
    if asked.offer:
        _offer(target, there, asked)
    for path in sorted(target.iterdir()):
        size = sum(one.lstat().st_size for one in (path, *path.rglob("*")))
        print(f"{size / 2**20:8.1f} MiB  {path.relative_to(ROOT)}")


def _arguments(here: Origin) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="packaging/build", description=__doc__.split("\n")[0])
    parser.add_argument("--sign", type=Path, metavar="KEY", help="secret key of minisign")
    parser.add_argument("--twice", action="store_true", help="build again, and compare")
    parser.add_argument(
        "--accept", action="store_true", help="write the list of what is bundled anew"
    )
    parser.add_argument("--unlisted", action="store_true", help="do not look at that list")
    parser.add_argument("--offer", type=Path, metavar="FOLDER", help="list it for `unibos update`")
    parser.add_argument("--channel", default="stable", help="of the list (stable)")
    parser.add_argument("--platform", action="append", help="architecture; may be repeated")
    asked = parser.parse_args()
    asked.platform = asked.platform or [here.architecture]
    if asked.twice and asked.platform != [here.architecture]:
        parser.error("--twice is for this machine's own architecture")
    if asked.offer and not asked.sign:
        parser.error("--offer wants --sign: an unsigned list is worth nothing")
    return asked


def _make(target: Path, work: Path, here: Origin) -> None:
    (BUILD / "cache").mkdir(parents=True, exist_ok=True)
    cache = BUILD / "cache"
    libraries = (sqlite.library(cache), *heif.no_encoder(cache), *pillow.plain(cache))
    print(f"Freezing unibos {here.version} ({here.commit}) for {here.architecture}")
    program.freeze(libraries, work, here)
    needed.check(work / "dist/unibos")
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    (work / "dist/unibos").rename(target / "unibos")
    (work / "dist/unibos-onefile").rename(target / here.name)
    materials = target / f"{here.name}.cdx.json"
    materials.write_text(bill.bill(work, here))
    print("Packing the .deb")
    os.environ["SOURCE_DATE_EPOCH"] = str(here.time)
    deb.make(target / "unibos", materials, target / f"{here.name}.deb", here)
    _sum_up(target)


def _offer(target: Path, here: Origin, asked: argparse.Namespace) -> None:
    print(f"Offering {here.version} for {here.architecture} in {asked.offer}")
    build = offer.Build(
        tree=target / "unibos",
        version=here.version,
        architecture=here.architecture,
        schema=deb.schema(),
    )
    offer.offer(asked.offer, asked.channel, build, asked.sign)


def _sum_up(target: Path) -> None:
    lines = []
    for path in sorted(target.iterdir()):
        if path.is_file():
            with path.open("rb") as stream:
                lines.append(f"{hashlib.file_digest(stream, 'sha256').hexdigest()}  {path.name}\n")
    (target / "checksums.sha256").write_text("".join(lines))


def _comment(here: Origin) -> str:
    return f"unibos {here.version} {here.architecture} commit:{here.commit} timestamp:{here.time}"


def _check_list(work: Path, architecture: str, *, accept: bool) -> None:
    path = program.listed(architecture)
    now, known = program.bundled(work), path.read_text() if path.exists() else ""
    if accept:
        path.write_text(now)
    elif now != known:
        changed = difflib.unified_diff(
            known.splitlines(), now.splitlines(), path.name, "this build", lineterm="", n=0
        )
        print("\n".join(changed), file=sys.stderr)
        raise SystemExit(f"Something else is bundled than {path.name} says; see --accept.")


def _compare(target: Path, here: Origin) -> None:
    again = BUILD / "again"
    _make(again, BUILD / "work-again", here)
    found = [name for name in twins.differences(target, again) if not name.endswith(".minisig")]
    shutil.rmtree(again)
    shutil.rmtree(BUILD / "work-again")
    print("The second build is the same, byte for byte." if not found else "These differ:")
    for name in found:
        print(f"  {name}")
    if found:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
