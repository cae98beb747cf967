"""The files of a backup repository, wherever it lies: their names and their places in a folder.

===========================  ==================================================================
``unibos-backup``            says what the folder is, in clear; written last
``key.age``, ``key-2.age``   the repository's key, twice, encrypted to the passphrase or key file
64 hexadecimal digits        a piece of a database or a blob, in ``objects/ab/abcdef…``
``N.age``, ``N.list.age``    header of snapshot N and the list of its objects, in ``snapshots/``
===========================  ==================================================================
"""

import re
from collections.abc import Iterator
from pathlib import Path

from unibos.base.errors import Invalid

MARKER = "unibos-backup"
KEYS = ("key.age", "key-2.age")

_OBJECT = re.compile(r"[0-9a-f]{64}")
_NUMBERED = re.compile(r"([1-9][0-9]{0,8})\.age")
_LIST = re.compile(r"([1-9][0-9]{0,8})\.list\.age")


def is_object(name: str) -> bool:
    """Whether it is the name of an object."""
    return _OBJECT.fullmatch(name) is not None


def number_of(name: str) -> int | None:
    """The number of the snapshot whose header is called so; None: it is no header."""
    found = _NUMBERED.fullmatch(name)
    return int(found[1]) if found else None


def header_of_list(name: str) -> str | None:
    """The header that belongs to the list of this name; None: it is no list."""
    found = _LIST.fullmatch(name)
    return f"{found[1]}.age" if found else None


def path_of(folder: Path, name: str) -> Path:
    """Where a file of this name lies in the folder of its repository.

    :raises Invalid: ``shelf_file_name_invalid``.
    """
    if is_object(name):
        return folder / "objects" / name[:2] / name
    if number_of(name) is not None or header_of_list(name) is not None:
        return folder / "snapshots" / name
    if name in (MARKER, *KEYS):
        return folder / name
    raise Invalid("shelf_file_name_invalid", "No file of a backup is called so.")


def others_in(folder: Path) -> list[str]:
    """The names of all files that are no objects, sorted."""
    plain = [name for name in (MARKER, *KEYS) if (folder / name).is_file()]
    found = [path.name for path in (folder / "snapshots").glob("*.age")]
    return sorted(plain + [name for name in found if number_of(name) or header_of_list(name)])


def objects_in(folder: Path, after: str = "") -> Iterator[str]:
    """The names of all objects, sorted.

    :param after: begin behind this name.
    """
    for part in sorted((folder / "objects").glob("??")):
        if part.name >= after[:2]:
            names = sorted(path.name for path in part.iterdir() if is_object(path.name))
            yield from (name for name in names if name > after)


def files_in(folder: Path, after: str = "") -> Iterator[tuple[str, int]]:
    """Names and sizes in bytes of all files that are whole, objects last.

    :param after: begin behind this name.
    """
    if not is_object(after):
        yield from _sized(folder, (name for name in others_in(folder) if name > after))
        after = ""
    yield from _sized(folder, objects_in(folder, after))


def _sized(folder: Path, names: Iterator[str]) -> Iterator[tuple[str, int]]:
    for name in names:
        try:
            yield name, path_of(folder, name).stat().st_size
        except FileNotFoundError:
            continue
