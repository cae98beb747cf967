"""How answers look: JSON for machines, tables, facts, times and sizes for people."""

import json
import shutil
import sys
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import click

from unibos.base.log import escaped
from unibos.clients.cli.words import say

_UNITS = ("B", "KiB", "MiB", "GiB", "TiB")
_COLOURS = {
    "ok": "green",
    "done": "green",
    "warn": "yellow",
    "running": "cyan",
    "fail": "red",
    "failed": "red",
}


def document(answer: object) -> None:
    """One JSON document."""
    click.echo(json.dumps(answer, ensure_ascii=False, indent=2))


def line(answer: object) -> None:
    """One line of JSON, at once."""
    click.echo(json.dumps(answer, ensure_ascii=False))
    sys.stdout.flush()


def clean(value: object) -> str:
    """A value that came over the wire, as text that can't steer a terminal."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return say("yes") if value else say("no")
    if isinstance(value, dict | list):
        return escaped(json.dumps(value, ensure_ascii=False))
    return escaped(str(value))


def text(value: str) -> str:
    """Text of several lines: on a terminal without what could steer it, else as it is."""
    if not sys.stdout.isatty():
        return value
    return "\n".join(escaped(part.expandtabs()) for part in value.splitlines())


def table(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Columns as wide as they need; on a terminal the last one ends at its edge."""
    cells = [[clean(cell) for cell in row] for row in rows]
    columns = list(zip(heads, *cells, strict=True))
    widths = [max(_width(cell) for cell in column) for column in columns]
    head = _row(heads, widths)
    click.echo(click.style(head, bold=True))
    for row in cells:
        click.echo(_coloured(_row(row, widths), row))


def facts(pairs: Mapping[str, object]) -> None:
    """Names and values below each other; what has no value is left out."""
    told = {name: clean(value) for name, value in pairs.items() if value not in (None, "", [])}
    width = max(map(_width, told), default=0)
    for name, value in told.items():
        click.echo(f"{name}{' ' * (width - _width(name))}  {value}")


def state(word: str) -> str:
    """The state of a document, job or check, in words."""
    return clean(say(word))


def moment(iso: str | None) -> str:
    """An ISO 8601 moment in the user's zone, to the minute."""
    if not iso:
        return ""
    return f"{datetime.fromisoformat(iso).astimezone():%Y-%m-%d %H:%M}"


def clock(iso: str | None) -> str:
    """The time of day of an ISO 8601 moment in the user's zone, to the second."""
    return f"{datetime.fromisoformat(iso).astimezone():%H:%M:%S}" if iso else ""


def size(count: float) -> str:
    """A number of bytes in the unit that suits it."""
    for unit in _UNITS[:-1]:
        if count < 1024:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1024
    return f"{count:.1f} {_UNITS[-1]}"


def duration(seconds: float) -> str:
    """A duration in its two largest units."""
    rest = int(seconds)
    parts = []
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60), ("s", 1)):
        number, rest = divmod(rest, length)
        if number:
            parts.append(f"{number} {say(unit)}")
    return " ".join(parts[:2]) or f"0 {say('s')}"


def percent(share: float) -> str:
    """A share of 0 to 1 as a whole percentage."""
    return f"{share * 100:.0f} %"


def more(next_cursor: object) -> None:
    """Say that a list goes on."""
    if next_cursor:
        click.echo(say("There are more: use --limit."), err=True)


def _row(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = [
        cell + " " * (width - _width(cell)) for cell, width in zip(cells, widths, strict=True)
    ]
    joined = "  ".join(padded).rstrip()
    if sys.stdout.isatty():
        return _cut(joined, shutil.get_terminal_size().columns)
    return joined


def _cut(row: str, width: int) -> str:
    return row if _width(row) <= width else row[: max(1, width - 1)] + "…"


def _width(cell: str) -> int:
    """Columns that a terminal gives to a text: two for wide letters, none for combining ones."""
    if cell.isascii():
        return len(cell)
    wide = sum(unicodedata.east_asian_width(letter) in "WF" for letter in cell)
    return len(cell) + wide - sum(unicodedata.combining(letter) > 0 for letter in cell)


def _coloured(row: str, cells: Sequence[Any]) -> str:
    colours = {say(word): colour for word, colour in _COLOURS.items()}
    found = next((cell for cell in cells if cell in colours), None)
    return row.replace(found, click.style(found, fg=colours[found]), 1) if found else row
