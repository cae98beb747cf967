"""The progress bar: on a terminal only, on standard error, so that output stays clean."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

import click


class Bar(NamedTuple):
    """What a bar is told."""

    advance: Callable[[int], None]
    """So many bytes, or things, more went through."""
    line: Callable[[str], None]
    """A line of output, which on a terminal goes above the bar."""


@contextmanager
def bar(total: int, *, things: bool = False) -> Iterator[Bar]:
    """Show how many of ``total`` bytes, or things, went through."""
    if not sys.stderr.isatty():
        yield Bar(lambda _count: None, click.echo)
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        DownloadColumn,
        MofNCompleteColumn,
        Progress,
        TimeRemainingColumn,
    )
    from rich.text import Text

    console = Console(stderr=True)
    counted = MofNCompleteColumn() if things else DownloadColumn(binary_units=True)
    columns = BarColumn(), counted, TimeRemainingColumn()
    with Progress(*columns, console=console, transient=True, redirect_stdout=False) as shown:
        task = shown.add_task("", total=total or 1)

        def above(line: str) -> None:
            console.print(Text(line), soft_wrap=True)

        yield Bar(
            lambda count: shown.update(task, advance=count),
            above if sys.stdout.isatty() else click.echo,
        )
