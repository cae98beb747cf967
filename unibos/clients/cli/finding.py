"""Which files `unibos add` and `unibos media add` mean."""

import os
import sys
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

# What a folder is searched for; a file that is named is tried whatever it is called.
_PICTURES = frozenset({".jpg", ".jpeg", ".png", ".tif", ".tiff", ".webp", ".heic", ".heif"})
_FILMS = frozenset(
    ".mp4 .m4v .mov .mkv .webm .avi .mts .m2ts .ts .3gp .3g2 .mpg .mpeg .wmv .flv".split()
)
DOCUMENT_SUFFIXES = _PICTURES | {".pdf", ".txt"}
MEDIA_SUFFIXES = _PICTURES | _FILMS | {".gif", ".avif"}


def find(named: Iterable[str], suffixes: Collection[str]) -> Iterator[Path]:
    """The files meant by names of files and folders, folders in order, each file once.

    In folders, hidden names and other kinds of files are passed over, links are not followed.

    :param suffixes: what files in folders may end in, in small letters.
    """
    seen = set()
    for name in named:
        path = Path(name)
        for file in _below(path, suffixes) if path.is_dir() else (path,):
            key = os.path.realpath(file)
            if key not in seen:
                seen.add(key)
                yield file


def names_in(source: str) -> list[str]:
    """File names out of a file, or out of standard input for ``-``.

    One a line, or separated by NUL characters, as ``find -print0`` does.
    """
    raw = sys.stdin.buffer.read() if source == "-" else Path(source).read_bytes()
    parts = raw.split(b"\0") if b"\0" in raw else raw.splitlines()
    return [os.fsdecode(part) for part in parts if part]


def _below(folder: Path, suffixes: Collection[str]) -> Iterator[Path]:
    for parent, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            if not name.startswith(".") and Path(name).suffix.lower() in suffixes:
                yield Path(parent, name)
