"""Builds images of cards; `firmware/build` calls this.

build/firmware/unibos-<v>-<board>.img            the card
build/firmware/unibos-<v>-<board>.img.xz, .bmap  what goes out
build/firmware/unibos-<v>-<board>.md             release notes
build/firmware/unibos.rpi-imager-manifest        for Raspberry Pi Imager: `rpi-imager --repo FILE`
build/firmware/checksums.sha256, .minisig
"""

import argparse
import os
import subprocess
import time
from pathlib import Path

import card
import checked
import published
import tree
from board import Board, every

BUILD = tree.ROOT / "build/firmware"


def main() -> None:
    """Build as the command line asks."""
    asked = _arguments()
    boards = every()
    if asked.board != "all" and asked.board not in boards:
        raise SystemExit(f"There is no board {asked.board}; there are {', '.join(boards)}, all.")
    chosen = list(boards.values()) if asked.board == "all" else [boards[asked.board]]
    debs = {_field(deb, "Architecture"): deb for deb in asked.deb}
    if absent := {board.architecture for board in chosen} - set(debs):
        raise SystemExit(f"--deb is missing for {', '.join(sorted(absent))}.")
    BUILD.mkdir(parents=True, exist_ok=True)
    images = {}
    for board in chosen:
        began = time.monotonic()
        images[board] = _build(board, debs[board.architecture], asked)
        print(f"{board.key}: {(time.monotonic() - began) / 60:.1f} minutes", flush=True)
    if not asked.raw:
        _publish(images, asked)
    for path in sorted(BUILD.glob("unibos-*.img*")):
        print(f"{path.stat().st_size / 1e6:8.1f} MB  {path.relative_to(tree.ROOT)}")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="firmware/build", description=__doc__.split("\n")[0])
    parser.add_argument("--board", required=True, help="name of a file in boards/, or all")
    parser.add_argument("--deb", type=Path, action="append", required=True, metavar="PATH")
    parser.add_argument("--raw", action="store_true", help="the image alone, for tests")
    parser.add_argument("--sign", type=Path, metavar="KEY", help="secret key of minisign")
    parser.add_argument("--address", default="", metavar="URL", help="where images will lie")
    parser.add_argument("--cache", type=Path, default=BUILD / "trees", help="trees of Debian")
    return parser.parse_args()


def _build(board: Board, deb: Path, asked: argparse.Namespace) -> tuple[str, dict[str, object]]:
    version = _field(deb, "Version")
    image = BUILD / f"unibos-{version}-{board.key}.img"
    print(f"{board.key}: Debian {board.suite} for {board.architecture}", flush=True)
    below = tree.base(board, asked.cache)
    laid = BUILD / "work" / board.key
    print(f"{board.key}: UNIBOS {version}", flush=True)
    tree.lay(board, below, deb, laid, _time())
    if wrong := checked.problems(board, laid):
        raise SystemExit(f"{board.key}: {'; '.join(wrong)}")
    print(f"{board.key}: image", flush=True)
    card.make(laid, image, _time())
    facts: dict[str, object] = {}
    if not asked.raw:
        facts = published.pack(image)
        text = published.notes(board, laid, facts, version)
        image.with_suffix(".md").write_text(text)
    subprocess.run(("rm", "-rf", "--one-file-system", str(laid)), check=True)
    return f"{image.name}.xz", facts


def _publish(images: dict[Board, tuple[str, dict[str, object]]], asked: argparse.Namespace) -> None:
    address = asked.address or f"file://{BUILD}/"
    manifest = BUILD / "unibos.rpi-imager-manifest"
    manifest.write_text(published.imager_list(images, address, _time()))
    sums = published.sum_up(BUILD)
    if asked.sign:
        published.sign(sums, asked.sign)


def _field(deb: Path, name: str) -> str:
    asked = ("dpkg-deb", "--field", str(deb), name)
    return subprocess.run(asked, check=True, capture_output=True, text=True).stdout.strip()


def _time() -> int:
    """The time of the commit: two builds of it are alike."""
    given = os.environ.get("SOURCE_DATE_EPOCH")
    if given:
        return int(given)
    asked = ("git", "-C", str(tree.ROOT), "log", "-1", "--format=%ct")
    told = subprocess.run(asked, check=False, capture_output=True, text=True).stdout.strip()
    return int(told) if told else int(time.time())


if __name__ == "__main__":
    main()
