"""Keys as people keep them: ``AGE-SECRET-KEY-1…`` in a file, as ``age-keygen`` writes it.

The form is Bech32 (BIP 173), whose checksum catches typing errors.
"""

import os
from collections.abc import Iterable
from pathlib import Path

from unibos.base.errors import Conflict, Invalid
from unibos.ops.backup.age import Key

_LETTERS = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
_PREFIX = "age-secret-key-"
_GENERATOR = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)


def written(key: Key) -> str:
    """The key as a line of text."""
    data = _regrouped(key.raw, 8, 5)
    check = _polymod([*_expanded(), *data, *([0] * 6)]) ^ 1
    data += [check >> 5 * (5 - at) & 31 for at in range(6)]
    return (_PREFIX + "1" + "".join(_LETTERS[value] for value in data)).upper()


def read(text: str) -> Key:
    """The first key in a text; lines that begin with ``#`` are comments.

    :raises Invalid: ``backup_key_invalid``.
    """
    lines = (line.strip() for line in text.splitlines())
    line = next((one for one in lines if one and not one.startswith("#")), "")
    lower = line.lower()
    letters = lower.removeprefix(_PREFIX + "1")
    known = lower != letters and line == line.upper() and set(letters) <= set(_LETTERS)
    data = [_LETTERS.index(letter) for letter in letters] if known else []
    if len(data) != 58 or _polymod([*_expanded(), *data]) != 1:
        raise Invalid(
            "backup_key_invalid",
            "There is no key in this file.",
            hint="A key file holds a line that begins with AGE-SECRET-KEY-1.",
        )
    return Key.from_raw(bytes(_regrouped(data[:-6], 5, 8)[:32]))


def make_file(path: Path) -> Key:
    """Make a key and keep it in a new file that is for its owner alone.

    :raises Conflict: ``file_exists``.
    """
    key = Key.generate()
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except FileExistsError:
        raise Conflict("file_exists", f"{path} is there already.") from None
    with os.fdopen(descriptor, "w") as file:
        file.write(written(key) + "\n")
        file.flush()
        os.fsync(file.fileno())
    return key


def _expanded() -> list[int]:
    return [*(ord(one) >> 5 for one in _PREFIX), 0, *(ord(one) & 31 for one in _PREFIX)]


def _polymod(values: Iterable[int]) -> int:
    check = 1
    for value in values:
        top = check >> 25
        check = (check & 0x1FFFFFF) << 5 ^ value
        for at, generator in enumerate(_GENERATOR):
            check ^= generator if top >> at & 1 else 0
    return check


def _regrouped(data: Iterable[int], wide: int, narrow: int) -> list[int]:
    """The same bits in groups of another width; the last group is filled with zeros."""
    held, bits, groups = 0, 0, []
    for value in data:
        held, bits = held << wide | value, bits + wide
        while bits >= narrow:
            bits -= narrow
            groups.append(held >> bits & (1 << narrow) - 1)
        held &= (1 << bits) - 1
    if bits and wide > narrow:
        groups.append(held << narrow - bits)
    return groups
