"""`unibos record`: documents of JSON in a collection."""

import json
import sys
from pathlib import Path
from typing import Any

import click

from unibos.base.errors import Invalid
from unibos.clients.cli import show
from unibos.clients.cli.asked import Asked
from unibos.clients.cli.command import command, group
from unibos.clients.cli.words import say
from unibos.clients.paths import below, records


@command("list", "unibos record list notes", "unibos record list notes -q milk --filter 'rank>=3'")
@click.argument("collection")
@click.option("-q", "--query", help="Only what contains these words.")
@click.option(
    "--filter", "filters", multiple=True, metavar="EXPRESSION", help="Only these: total>=10."
)
@click.option("--sort", metavar="FIELD", help="Sort by this field; -FIELD turns it round.")
@click.option("--limit", type=click.IntRange(1), default=50, help="At most so many (50).")
@click.pass_obj
def list_records(
    asked: Asked,
    collection: str,
    query: str | None,
    filters: tuple[str, ...],
    sort: str | None,
    limit: int,
) -> None:
    """List the records of a collection."""
    page = asked.api().page(
        records(collection), limit, q=query, sort=sort, filter=list(filters) or None
    )
    if asked.json:
        show.document(page._asdict())
        return
    heads = (say("Id"), say("Changed"), say("Data"))
    rows = ((one["id"], show.moment(one.get("updated_at")), one["data"]) for one in page.items)
    show.table(heads, rows)
    show.more(page.next)


@command("get", "unibos record get notes 0197a0c0-5b3e-7c1a-9d55-0a4b2f8e6d11")
@click.argument("collection")
@click.argument("record_id", metavar="ID")
@click.pass_obj
def get(asked: Asked, collection: str, record_id: str) -> None:
    """Show a record."""
    show.document(asked.api().get(below(records(collection), record_id)))


@command(
    "create",
    """unibos record create notes '{"title": "Milk"}'""",
    "unibos record create notes @note.json",
    "jq .note all.json | unibos record create notes -",
)
@click.argument("collection")
@click.argument("data", metavar="JSON|@FILE|-")
@click.pass_obj
def create(asked: Asked, collection: str, data: str) -> None:
    """Make a record."""
    made = asked.api().post(records(collection), {"data": read_json(data)})
    _told(asked, made)


@command(
    "update",
    """unibos record update notes 0197a0c0-5b3e-7c1a-9d55-0a4b2f8e6d11 '{"title": "Bread"}'""",
)
@click.argument("collection")
@click.argument("record_id", metavar="ID")
@click.argument("data", metavar="JSON|@FILE|-")
@click.option("--replace", is_flag=True, help="Drop the fields that are not named.")
@click.option("--if-match", default="", metavar="ETAG", help="Only if it is still this version.")
@click.pass_obj
def update(
    asked: Asked, collection: str, record_id: str, data: str, replace: bool, if_match: str
) -> None:
    """Change the named fields of a record."""
    method = "PUT" if replace else "PATCH"
    body = {"data": read_json(data)}
    made = asked.api().change(method, below(records(collection), record_id), body, match=if_match)
    _told(asked, made)


@command("delete", "unibos record delete notes 0197a0c0-5b3e-7c1a-9d55-0a4b2f8e6d11")
@click.argument("collection")
@click.argument("record_id", metavar="ID")
@click.option("--if-match", default="", metavar="ETAG", help="Only if it is still this version.")
@click.pass_obj
def delete(asked: Asked, collection: str, record_id: str, if_match: str) -> None:
    """Delete a record."""
    asked.api().change("DELETE", below(records(collection), record_id), match=if_match)
    _told(asked, {"id": record_id})


def read_json(given: str) -> Any:
    """JSON from an argument: itself, ``@FILE``, or ``-`` for standard input.

    :raises Invalid: ``bad_json``.
    """
    if given == "-":
        text = sys.stdin.read()
    else:
        text = Path(given[1:]).read_text(encoding="utf-8") if given[:1] == "@" else given
    try:
        return json.loads(text)
    except ValueError as error:
        raise Invalid("bad_json", say("This is no JSON: {error}", error=error)) from None


def _told(asked: Asked, record_: Any) -> None:
    if asked.json:
        show.document(record_)
    else:
        click.echo(show.clean(record_["id"]))


record = group(
    "record", list_records, get, create, update, delete, text="Work with records of collections."
)
