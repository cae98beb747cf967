"""`unibos collection`: the named sets of records."""

import json
from typing import IO, Any

import click

from unibos.base.errors import Invalid
from unibos.clients.cli import show
from unibos.clients.cli.asked import Asked
from unibos.clients.cli.command import command, group
from unibos.clients.cli.words import say
from unibos.clients.paths import COLLECTIONS, below

_COLUMNS = ("name", "module", "strategy", "export")


@command("list", "unibos collection list")
@click.pass_obj
def list_collections(asked: Asked) -> None:
    """List all collections."""
    answer = asked.api().get(COLLECTIONS)
    if asked.json:
        show.document(answer)
        return
    heads = (say("Name"), say("Module"), say("Merging"), say("Export"))
    rows = ([one.get(key) for key in _COLUMNS] for one in answer["items"])
    show.table(heads, rows)


@command("show", "unibos collection show notes")
@click.argument("name")
@click.pass_obj
def show_collection(asked: Asked, name: str) -> None:
    """Show a collection with its schema."""
    show.document(asked.api().get(below(COLLECTIONS, name)))


@command("create", "unibos collection create books --schema books.json")
@click.argument("name")
@click.option(
    "--schema", type=click.File(encoding="utf-8"), required=True, help="File with a JSON Schema."
)
@click.option("--strategy", default="fields", help="How concurrent changes are merged (fields).")
@click.option(
    "--export",
    default="local",
    type=click.Choice(["local", "nodes", "hub"]),
    help="Who may get copies: local (nobody, the default), nodes or hub.",
)
@click.pass_obj
def create(asked: Asked, name: str, schema: IO[str], strategy: str, export: str) -> None:
    """Make a collection of your own."""
    wanted = {"name": name, "schema": _read(schema), "strategy": strategy, "export": export}
    made = asked.api().post(COLLECTIONS, wanted)
    if asked.json:
        show.document(made)
        return
    click.echo(say("Collection {name} is made.", name=show.clean(name)))
    if made["export"] == "local":
        told = say(
            "It stays on this node. To have it copied: unibos export set {name} nodes|hub",
            name=show.clean(name),
        )
        click.echo(told, err=True)


def _read(file: IO[str]) -> Any:
    try:
        return json.load(file)
    except ValueError as error:
        raise Invalid("bad_json", f"{file.name}: {error}") from None


collection = group(
    "collection", list_collections, show_collection, create, text="See and make collections."
)
