"""`unibos conflicts`: what lost when two places changed the same, and the way back."""

import difflib
from collections.abc import Iterator
from typing import Any

import click

from unibos.clients.cli import show
from unibos.clients.cli.asked import Asked
from unibos.clients.cli.asking import confirm
from unibos.clients.cli.command import command, group
from unibos.clients.cli.words import say
from unibos.clients.paths import CONFLICTS, below

_COLOURS = {"-": "red", "+": "green"}


@command(
    "list",
    "unibos conflicts list",
    "unibos conflicts list --open",
    "unibos conflicts list --collection notes --json",
)
@click.option("--collection", help="Only in this collection.")
@click.option("--record", metavar="ID", help="Only of this record.")
@click.option("--open", "waiting", is_flag=True, help="Only those that wait for a decision.")
@click.option("--limit", type=click.IntRange(1), default=50, help="At most so many (50).")
@click.pass_obj
def list_conflicts(
    asked: Asked, collection: str | None, record: str | None, waiting: bool, limit: int
) -> None:
    """List what lost, the newest first."""
    only = "true" if waiting else None
    page = asked.api().page(CONFLICTS, limit, collection=collection, record=record, open=only)
    if asked.json:
        show.document(page._asdict())
        return
    heads = (say("Id"), say("Found"), say("Collection"), say("Record"), say("Lost"), say("Open"))
    show.table(heads, (_row(one) for one in page.items))
    show.more(page.next)


@command("show", "unibos conflicts show 12", "unibos conflicts show 12 --json")
@click.argument("conflict_id", metavar="ID")
@click.pass_obj
def show_conflict(asked: Asked, conflict_id: str) -> None:
    """Show what lost beside what there is: a line with + is what restoring would bring back."""
    found = asked.api().get(below(CONFLICTS, conflict_id))
    if asked.json:
        show.document(found)
        return
    show.facts(
        {
            say("Record"): f"{found['collection']}/{found['record']}",
            say("Found"): show.moment(found["found_at"]),
            say("Written"): show.moment(found["written_at"]),
            say("Written by"): _by(found),
            say("Copy"): found["copy"],
            say("Open"): found["open"] or None,
        }
    )
    if found["present"] is None:
        click.echo(say("The record is deleted."))
    for line in _difference(found):
        click.echo(click.style(line, fg=_COLOURS.get(line[:1]), bold=line[:1] not in _COLOURS))


@command("restore", "unibos conflicts restore 12")
@click.argument("conflict_id", metavar="ID")
@click.pass_obj
def restore(asked: Asked, conflict_id: str) -> None:
    """Bring back what lost, as a new change."""
    record = asked.api().post(below(CONFLICTS, conflict_id, "restore"))
    if asked.json:
        show.document(record)
        return
    name = show.clean(f"{record['collection']}/{record['id']}")
    click.echo(say("{record} has it back.", record=name))


@command("discard", "unibos conflicts discard 12 --yes")
@click.argument("conflict_id", metavar="ID")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def discard(asked: Asked, conflict_id: str, yes: bool) -> None:
    """Let go of what lost, for good."""
    confirm(say("Let go of it for good?"), yes=yes)
    asked.api().post(below(CONFLICTS, conflict_id, "discard"))
    if asked.json:
        show.document({"id": conflict_id})
    else:
        click.echo(say("Conflict {id} is closed.", id=show.clean(conflict_id)))


def _row(one: dict[str, Any]) -> list[object]:
    return [
        one["id"],
        show.moment(one["found_at"]),
        one["collection"],
        one["record"],
        ", ".join(one["fields"]),
        say("yes") if one["open"] else "",
    ]


def _by(found: dict[str, Any]) -> str:
    place = say("stood here") if found["mine"] else say("came from the peer")
    return f"{show.clean(found['origin'])} ({place})"


def _difference(found: dict[str, Any]) -> Iterator[str]:
    """What restoring would change, field by field."""
    present, lost = found["present"] or {}, found["lost"]
    # Only the strategy `fields` leaves alone what is not named.
    names = lost if found["strategy"] == "fields" else {**lost, **present}
    for name in names:
        before, after = _lines(present, name), _lines(lost, name)
        if before == after:
            continue
        yield show.clean(name)
        for line in difflib.ndiff(before, after):
            if line[0] != "?":
                yield line


def _lines(data: dict[str, Any], name: str) -> list[str]:
    if name not in data:
        return []
    value = data[name]
    parts = value.splitlines() if isinstance(value, str) else [value]
    return [show.clean(part) for part in parts] or [""]


conflicts = group(
    "conflicts",
    list_conflicts,
    show_conflict,
    restore,
    discard,
    text="See what lost when the same was changed in two places, and bring it back.",
)
