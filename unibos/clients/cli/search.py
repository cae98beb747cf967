"""`unibos search`: find what is kept."""

from typing import Any

import click

from unibos.clients.cli import show
from unibos.clients.cli.asked import Asked
from unibos.clients.cli.command import command
from unibos.clients.cli.words import say
from unibos.clients.paths import SEARCH


@command("search", "unibos search coffee", "unibos search 'annual report' --limit 5 --json")
@click.argument("words", nargs=-1, required=True)
@click.option("--collection", help="Only in this collection.")
@click.option("--limit", type=click.IntRange(1, 1000), default=20, help="At most so many (20).")
@click.pass_obj
def search(asked: Asked, words: tuple[str, ...], collection: str | None, limit: int) -> None:
    """Find text in everything that is kept."""
    found = asked.api().page(SEARCH, limit, q=" ".join(words), collection=collection)
    if asked.json:
        show.document(found._asdict())
        return
    if not found.items:
        click.echo(say("Nothing found."))
    for item in found.items:
        title = show.clean(item.get("title")) or say("(no title)")
        where = f"{show.clean(item['collection'])}  {show.clean(item['id'])}"
        click.echo(f"{click.style(title, bold=True)}  {where}")
        if item.get("snippet"):
            click.echo(f"  {_marked(item)}")
    show.more(found.next)


def _marked(item: dict[str, Any]) -> str:
    """The snippet with the found words underlined."""
    snippet, told, behind = str(item["snippet"]), "", 0
    for start, end in item.get("marks") or ():
        told += show.clean(snippet[behind:start])
        told += click.style(show.clean(snippet[start:end]), underline=True)
        behind = end
    return told + show.clean(snippet[behind:])
