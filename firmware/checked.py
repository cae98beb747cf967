"""What can be checked of an image that can't be booted here: its files are there and whole."""

import re
import struct
import subprocess
from pathlib import Path

from board import Board
from tree import RELEASES

_FDT_MAGIC = 0xD00DFEED
_MACHINES = {"arm64": 183, "armel": 40, "amd64": 62}
"""By architecture the number in the header of its programs (ELF, ``e_machine``)."""
_FIRST_STAGES = {
    # The Pi 5 has them in a chip of its own.
    "pi5": (),
    "pi4": ("start4.elf", "fixup4.dat"),
}


def problems(board: Board, tree: Path) -> list[str]:
    """What is missing or wrong in a board's tree; empty when nothing is."""
    found = _identity(tree) + _radio(board, tree)
    if board.device_trees:
        found += _boot(board, tree / "boot/firmware")
    for initial in sorted((tree / "boot").glob("initrd.img-*")):
        names = foreign_programs(unpacked(initial), board.architecture)
        found += [f"{initial.name} has {name} of another machine" for name in names]
    return found + _releases(tree)


def _releases(tree: Path) -> list[str]:
    """Whether the service finds its program, and an update the release that runs."""
    root = tree / RELEASES
    found = [
        f"{RELEASES}/{name} leads to no program"
        for name in ("current", "good")
        if not (root / name / "unibos").is_file()
    ]
    if (root / "current/installed-by-apt").exists():
        found.append("updates would be left to apt")
    return found


def unpacked(initial: Path) -> bytes:
    """The archive in an initial file system, whatever it was packed with."""
    data = initial.read_bytes()
    for magic, program in (
        (b"\x28\xb5\x2f\xfd", "zstd"),
        (b"\x1f\x8b", "gzip"),
        (b"\xfd7zXZ", "xz"),
    ):
        if data.startswith(magic):
            unpack = (program, "-dc")
            return subprocess.run(unpack, input=data, check=True, capture_output=True).stdout
    return data


def foreign_programs(archive: bytes, architecture: str) -> list[str]:
    """The programs in a cpio archive (``newc``) that are for another machine.

    The tools that a tree borrows while it is made must not get in here.
    """
    found, at = [], 0
    while archive[at : at + 6] == b"070701":
        sizes = archive[at + 6 : at + 110]
        size, name_size = int(sizes[48:56], 16), int(sizes[88:96], 16)
        name = archive[at + 110 : at + 110 + name_size - 1].decode(errors="replace")
        begin = at + 110 + name_size
        begin += -begin % 4
        if archive[begin : begin + 4] == b"\x7fELF":
            (machine,) = struct.unpack_from("<H", archive, begin + 18)
            if machine != _MACHINES[architecture]:
                found.append(name)
        at = begin + size + -size % 4
    return found


def _boot(board: Board, boot: Path) -> list[str]:
    """All that config.txt names, and what the board's first stages look for by name."""
    config = boot / "config.txt"
    if not config.exists():
        return ["config.txt is missing"]
    text = config.read_text()
    named = re.findall(r"^(?:kernel=|initramfs )(\S+)", text, re.MULTILINE)
    found = [] if len(named) == 2 else ["config.txt does not name kernel and initramfs"]
    stages = _FIRST_STAGES.get(board.key, ("bootcode.bin", "start.elf", "fixup.dat"))
    found += [f"{one} is missing" for one in (*named, *stages) if not (boot / one).is_file()]
    for name in board.device_trees:
        found += _device_tree(boot / name)
    for overlay in re.findall(r"^dtoverlay=([\w-]+)", text, re.MULTILINE):
        if not (boot / f"overlays/{overlay}.dtbo").is_file():
            found.append(f"overlays/{overlay}.dtbo is missing")
    if board.architecture == "arm64" and "arm_64bit=1" not in text:
        found.append("config.txt does not switch to 64 bits")
    return found + _command_line(board, boot / "cmdline.txt")


def _device_tree(path: Path) -> list[str]:
    """Devicetree Specification 0.4, 5.2: a magic number and the whole size."""
    if not path.is_file():
        return [f"{path.name} is missing"]
    data = path.read_bytes()
    magic, size = struct.unpack(">II", data[:8])
    whole = magic == _FDT_MAGIC and size == len(data)
    return [] if whole else [f"{path.name} is no device tree"]


def _command_line(board: Board, path: Path) -> list[str]:
    words = path.read_text().split() if path.exists() else []
    wanted = ["root=LABEL=UNIBOSROOT", "rootwait", "fsck.repair=yes", "panic=10"]
    wanted += [f"console={one}" for one in board.consoles]
    return [f"cmdline.txt has no {one}" for one in wanted if one not in words]


def _identity(tree: Path) -> list[str]:
    """Nothing that makes two cards one, and nobody who can log in."""
    found = []
    if (tree / "etc/machine-id").read_text():
        found.append("machine-id is not empty")
    for pattern in ("etc/ssh/ssh_host_*", "var/lib/unibos/*", "var/lib/unibos-image/*"):
        found += [f"{path.relative_to(tree)} is in the image" for path in tree.glob(pattern)]
    for line in (tree / "etc/shadow").read_text().splitlines():
        name, word = line.split(":")[:2]
        if not word.startswith(("*", "!")):
            found.append(f"{name} has a password")
    return found


def _radio(board: Board, tree: Path) -> list[str]:
    folder = tree / "usr/lib/firmware"
    folder = folder if folder.exists() else tree / "lib/firmware"
    return [
        f"firmware of the radio {name} is missing"
        for name in board.wifi
        if not any(folder.glob(f"*/{name}*.bin"))
    ]
