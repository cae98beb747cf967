"""Fetching a file: whole or not at all, and never over another one unasked."""

import os
import sys
from pathlib import Path

import click

from unibos.base.errors import Conflict
from unibos.clients.cli import show
from unibos.clients.cli.asked import Asked
from unibos.clients.cli.words import say


def fetch(
    asked: Asked, source: str, id_: str, output: str | None, fallback: str, *, force: bool
) -> None:
    """Fetch what is at a path of the API into a file, and tell its name.

    :param output: where to; ``-`` is standard output; None: as the server calls it.
    :param fallback: what to call it when the server does not say.
    :raises Conflict: ``file_exists``.
    """
    api = asked.api()
    if output == "-":
        api.download(source, sys.stdout.buffer)
        return
    _refuse_existing(output, force=force)
    folder = Path(output).parent if output else Path()
    part = folder / f".unibos-{os.getpid()}.part"
    try:
        with part.open("xb") as sink:
            name = api.download(source, sink)
        target = Path(output or name or fallback)
        _refuse_existing(str(target), force=force)
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
    if asked.json:
        show.document({"id": id_, "file": str(target)})
    else:
        click.echo(show.clean(target))


def _refuse_existing(target: str | None, *, force: bool) -> None:
    if target and not force and Path(target).exists():
        raise Conflict(
            "file_exists",
            say("{file} is there already.", file=target),
            hint=say("Choose another name with -o, or overwrite it with --force."),
        )
