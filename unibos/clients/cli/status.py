"""`unibos status`: how the instance is."""

from typing import Any

import click

from unibos.clients.cli import show
from unibos.clients.cli.asked import Asked
from unibos.clients.cli.command import command
from unibos.clients.cli.words import say
from unibos.clients.paths import STATUS


@command("status", "unibos status", "sudo unibos status", "unibos status --json")
@click.pass_obj
def status(asked: Asked) -> None:
    """Tell how this instance is."""
    answer = asked.api().get(STATUS)
    if asked.json:
        show.document(answer)
        return
    show.facts(_facts(answer))
    if answer.get("setup_done") is False:
        click.echo(say("Not set up yet: run `unibos setup`."))


def _facts(answer: dict[str, Any]) -> dict[str, object]:
    disk = answer.get("disk") or {}
    return {
        say("Version"): answer.get("version"),
        say("Board"): _board(answer),
        say("Up for"): show.duration(answer.get("uptime_seconds", 0)),
        say("Org"): _named(answer.get("org")),
        say("Users"): answer.get("users"),
        say("Records"): answer.get("records"),
        say("Documents"): _counts(answer.get("documents")),
        say("Jobs"): _counts(answer.get("jobs")),
        say("Disk"): say(
            "{free} free of {total}; database {database}, files {blobs}",
            **{
                key: show.size(disk.get(key) or 0) for key in ("free", "total", "database", "blobs")
            },
        )
        if disk
        else None,
    }


def _board(answer: dict[str, Any]) -> str:
    board = _named(answer.get("board")) or ""
    profile = _named(answer.get("profile"))
    return f"{board} ({profile})" if profile else str(board)


def _named(thing: object) -> object:
    return thing.get("name") if isinstance(thing, dict) else thing


def _counts(counted: object) -> object:
    if not isinstance(counted, dict):
        return counted
    some = [f"{count} {show.state(name)}" for name, count in counted.items() if count]
    return ", ".join(some) or say("none")
