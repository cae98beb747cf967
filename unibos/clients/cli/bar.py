"""The progress bar: on a terminal only, on standard error, so that output stays clean."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def bar(total: int) -> Iterator[Callable[[int], None]]:
    """Show how many of ``total`` bytes went through; call what is given with each step's bytes."""
    if not sys.stderr.isatty():
        yield lambda _count: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TimeRemainingColumn

    columns = BarColumn(), DownloadColumn(binary_units=True), TimeRemainingColumn()
    shown = Progress(
        *columns,
        console=Console(stderr=True),
        transient=True,
        # Lines printed meanwhile go above the bar; into a file they go as they are.
        redirect_stdout=sys.stdout.isatty(),
    )
    with shown:
        task = shown.add_task("", total=total or 1)
        yield lambda count: shown.update(task, advance=count)
