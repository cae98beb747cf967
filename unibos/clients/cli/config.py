"""`unibos config`: which settings hold, and where each comes from."""

import os
from pathlib import Path

import click
import msgspec

from unibos.base.config import DEFAULT_FILE, explain, file_in_use
from unibos.clients.cli import show
from unibos.clients.cli.asked import Asked
from unibos.clients.cli.command import command, group
from unibos.clients.cli.words import say


@command("show", "unibos config show", "UNIBOS_NODE_PORT=80 unibos config show --json")
@click.pass_obj
def show_settings(asked: Asked) -> None:
    """Show all settings, each with its origin."""
    lines = list(explain(asked.settings()))
    if asked.json:
        show.document({"items": msgspec.to_builtins(lines)})
        return
    heads = (say("Setting"), say("Value"), say("From"))
    show.table(heads, ((line.key, _text(line.value), line.origin) for line in lines))


@command("path", "unibos config path")
@click.pass_obj
def path(asked: Asked) -> None:
    """Tell which file is read, and whether it is there."""
    named = Path(asked.config) if asked.config else None
    found = file_in_use(os.environ, named)
    file = str(found or DEFAULT_FILE)
    if asked.json:
        show.document({"path": file, "exists": found is not None})
        return
    click.echo(file)
    if found is None:
        click.echo(say("There is no such file; the defaults hold."), err=True)


def _text(value: object) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    # As it would stand in the file, in every language.
    return str(value).lower() if isinstance(value, bool) else show.clean(value)


config = group("config", show_settings, path, text="Show the settings.")
