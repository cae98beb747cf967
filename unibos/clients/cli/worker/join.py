"""`unibos-worker join` and `leave`: whose jobs this machine does."""

import sys
from typing import Any

import click

from unibos.clients.cli import show
from unibos.clients.cli.asked import Asked
from unibos.clients.cli.asking import confirm, text
from unibos.clients.cli.command import command
from unibos.clients.cli.words import say
from unibos.clients.cli.worker import local


@command(
    "join",
    "sudo unibos-worker join unibos-join-eyJ2IjoxLCJ1cmxz…",
    "sudo unibos-worker join - < token",
)
@click.argument("token", metavar="[TOKEN|-]", required=False)
@click.option("--name", default="", help="What the other side is to call this worker.")
@click.pass_obj
def join(asked: Asked, token: str | None, name: str) -> None:
    """Do the jobs of the hub or node that a token (- reads it from standard input) is from."""
    given = sys.stdin.read().strip() if token == "-" else token  # noqa: S105 - a dash
    whole = text(given, say("Join token"), "TOKEN")
    config = asked.settings()
    if local.is_there(config.data):
        joined = local.ask(config.data, "join", token=whole, name=name)
    else:
        from unibos.roles.worker_joining import join_here

        joined = join_here(config, whole, name)
    _tell(asked, joined, say("This worker now does the jobs of {source}.", **_named(joined)))
    if not asked.json and not local.is_there(config.data):
        click.echo(say("Next: sudo unibos enable worker, or unibos-worker start"))


@command("leave", "sudo unibos-worker leave", "sudo unibos-worker leave --force --yes")
@click.option("--force", is_flag=True, help="Also when the other side cannot be told.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def leave(asked: Asked, force: bool, yes: bool) -> None:
    """Do that instance's jobs no longer; what is being worked on goes back to it."""
    config = asked.settings()
    confirm(say("Stop to work for others?"), yes=yes)
    if local.is_there(config.data):
        left = local.ask(config.data, "leave", force=force)
    else:
        from unibos.roles.worker_joining import leave_here

        left = leave_here(config, force=force)
    _tell(asked, left, say("This worker does the jobs of {source} no longer.", **_named(left)))


def _named(joined: dict[str, Any]) -> dict[str, str]:
    return {"source": show.clean(joined["source_name"])}


def _tell(asked: Asked, joined: dict[str, Any], line: str) -> None:
    if asked.json:
        show.document(joined)
    else:
        click.echo(line)
