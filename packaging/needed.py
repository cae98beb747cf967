"""Whether a program has with it all the libraries that it is linked with.

PyInstaller leaves out what it expects on every desktop; on a card there is only glibc. What is
missing would be found at the first picture, and only in a root without the packages of a builder.
"""

import re
import subprocess
from pathlib import Path

_OF_GLIBC = re.compile(r"(lib(c|dl|m|mvec|pthread|resolv|rt|util)|ld-linux[\w-]*)\.so\.\d+")


def check(onedir: Path) -> None:
    """Look at every library and program of a folder.

    :raises SystemExit: something is missing; who needs what.
    """
    files = [path for path in onedir.rglob("*") if path.is_file() and _is_elf(path)]
    there = {path.name for path in onedir.rglob("*.so*")}
    asked = ("objdump", "--private-headers", *map(str, files))
    told = subprocess.run(asked, capture_output=True, text=True, check=True).stdout
    if missing := missing_of(told, there):
        raise SystemExit("Not bundled, and not of glibc: " + ", ".join(sorted(missing)))


def missing_of(told: str, there: set[str]) -> set[str]:
    """What is neither there nor of glibc.

    :param told: by ``objdump --private-headers``.
    :param there: names of the files that are bundled.
    """
    wanted = set(re.findall(r"^ +NEEDED +(\S+)$", told, re.MULTILINE))
    return {one for one in wanted - there if not _OF_GLIBC.fullmatch(one)}


def _is_elf(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(4) == b"\x7fELF"
