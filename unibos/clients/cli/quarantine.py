"""`unibos sync quarantine`: changes from peers that could not be taken yet."""

from typing import Any

import click

from unibos.clients.cli import show
from unibos.clients.cli.asked import Asked
from unibos.clients.cli.asking import confirm
from unibos.clients.cli.command import command, group
from unibos.clients.cli.words import say
from unibos.clients.paths import QUARANTINE, SYNC_PEERS, below


@command(
    "list", "unibos sync quarantine list", "unibos sync quarantine list --collection notes --json"
)
@click.option("--collection", help="Only in this collection.")
@click.option("--limit", type=click.IntRange(1), default=50, help="At most so many (50).")
@click.pass_obj
def list_held(asked: Asked, collection: str | None, limit: int) -> None:
    """List what is held back, and why."""
    page = asked.api().page(QUARANTINE, limit, collection=collection)
    if asked.json:
        show.document(page._asdict())
        return
    heads = (
        say("Id"),
        say("Came"),
        say("From"),
        say("Collection"),
        say("Record"),
        say("Tried again"),
        say("Reason"),
    )
    show.table(heads, (_row(one) for one in page.items))
    show.more(page.next)


@command("retry", "unibos sync quarantine retry")
@click.pass_obj
def retry(asked: Asked) -> None:
    """Try to take all of it now."""
    tried = asked.api().post(f"{QUARANTINE}/retry")
    if asked.json:
        show.document(tried)
        return
    click.echo(say("{taken} taken, {held} held as before.", **tried))


@command("discard", "unibos sync quarantine discard 12 --yes")
@click.argument("change_id", metavar="ID")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def discard(asked: Asked, change_id: str, yes: bool) -> None:
    """Let go of a change; where it comes from it stays."""
    confirm(say("Never take this change?"), yes=yes)
    asked.api().change("DELETE", below(QUARANTINE, change_id))
    if asked.json:
        show.document({"id": change_id})
    else:
        click.echo(say("Change {id} is let go.", id=show.clean(change_id)))


@command("forget", "unibos sync forget 4xq7k2mbmz2e3r7a --yes")
@click.argument("peer")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def forget(asked: Asked, peer: str, yes: bool) -> None:
    """Wait no more for a peer that does not come back; PEER is its id."""
    confirm(say("Does {peer} not come back?", peer=show.clean(peer)), yes=yes)
    asked.api().change("DELETE", below(SYNC_PEERS, peer))
    if asked.json:
        show.document({"id": peer})
    else:
        click.echo(say("Nothing waits for {peer} any more.", peer=show.clean(peer)))


def _row(one: dict[str, Any]) -> list[object]:
    return [
        one["id"],
        show.moment(one["at"]),
        one["peer_name"] or one["peer"],
        one["collection"],
        one["record"],
        show.moment(one["due"]),
        f"{one['detail']} [{one['code']}]",
    ]


quarantine = group(
    "quarantine",
    list_held,
    retry,
    discard,
    text="See changes that could not be taken yet, and try again.",
)
