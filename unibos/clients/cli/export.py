"""`unibos export`: what may leave this machine, the switch that stops it, and what has left."""

from typing import Any

import click

from unibos.base.errors import NotFound
from unibos.clients.cli import show
from unibos.clients.cli.asked import Asked
from unibos.clients.cli.asking import confirm
from unibos.clients.cli.command import command, group
from unibos.clients.cli.words import say
from unibos.clients.paths import EXPORT, EXPORT_LOG

REACHES = ("local", "nodes", "hub")


@command("show", "unibos export show", "unibos export show --json")
@click.pass_obj
def show_export(asked: Asked) -> None:
    """Show how far each collection may travel, and whether the kill switch is on."""
    answer = asked.api().get(EXPORT)
    if asked.json:
        show.document(answer)
        return
    _tell_switch(answer)
    if not answer["items"]:
        click.echo(say("On a hub, how far collections travel is said at the nodes."))
        return
    heads = (
        say("Collection"),
        say("Export"),
        say("At most"),
        say("Records"),
        say("To nodes"),
        say("To the hub"),
    )
    show.table(heads, (_row(one) for one in answer["items"]))


@command("set", "unibos export set notes hub", "unibos export set notes local")
@click.argument("collection")
@click.argument("reach", type=click.Choice(REACHES), metavar="local|nodes|hub")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def set_export(asked: Asked, collection: str, reach: str, yes: bool) -> None:
    """Say how far a collection may travel: nowhere, to the org's nodes, or to its hub as well."""
    present = _find(asked.api().get(EXPORT), collection)
    if present is not None and _further(reach, present["export"]) and _allowed(present, reach):
        confirm(_warning(present, reach), yes=yes)
    answer = asked.api().change("PUT", EXPORT, {"collection": collection, "export": reach})
    now = _find(answer, collection)
    if now is None:
        raise NotFound("collection_not_found", say("There is no such collection."))
    if asked.json:
        show.document(now)
        return
    click.echo(_done(present, now))
    if answer["kill_switch"]:
        _tell_switch(answer)


@command("kill-switch", "unibos export kill-switch on", "unibos export kill-switch off --yes")
@click.argument("state", type=click.Choice(["on", "off"]), metavar="on|off")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def kill_switch(asked: Asked, state: str, yes: bool) -> None:
    """Stop everything that leaves this machine, at once, until it is turned off again."""
    if state == "off":
        confirm(say("Let data out again, as far as each collection may travel?"), yes=yes)
    answer = asked.api().change("PUT", EXPORT, {"kill_switch": state == "on"})
    if asked.json:
        told = {name: answer[name] for name in ("kill_switch", "stopped_at")}
        show.document(told)
        return
    _tell_switch(answer)


@command("log", "unibos export log", "unibos export log --collection notes --limit 200 --json")
@click.option("--peer", help="Only what went to this instance, by its id.")
@click.option("--collection", help="Only of this collection.")
@click.option("--limit", type=click.IntRange(1), default=50, help="At most so many (50).")
@click.pass_obj
def show_log(asked: Asked, peer: str | None, collection: str | None, limit: int) -> None:
    """Show what was sent to whom, and what was held back, the newest first."""
    page = asked.api().page(EXPORT_LOG, limit, peer=peer, collection=collection)
    if asked.json:
        show.document(page._asdict())
        return
    heads = (
        say("When"),
        say("Peer"),
        say("Collection"),
        say("Records"),
        say("Size"),
        say("What happened"),
    )
    show.table(heads, (_entry(one) for one in page.items))
    show.more(page.next)


def _find(answer: dict[str, Any], name: str) -> dict[str, Any] | None:
    return next((one for one in answer["items"] if one["collection"] == name), None)


def _further(reach: str, than: str) -> bool:
    return REACHES.index(reach) > REACHES.index(than)


def _allowed(present: dict[str, Any], reach: str) -> bool:
    return not _further(reach, present["ceiling"])


def _warning(present: dict[str, Any], reach: str) -> str:
    """What a wider policy means, before it is set."""
    facts = {"count": present["records"], "collection": show.clean(present["collection"])}
    if reach == "nodes":
        return say(
            "{count} records of {collection} leave this node: the org's other nodes get copies."
            " Go on?",
            **facts,
        )
    return say(
        "{count} records of {collection} leave this node: the hub gets copies, and through it the"
        " org's other nodes. Go on?",
        **facts,
    )


def _done(before: dict[str, Any] | None, now: dict[str, Any]) -> str:
    name, reach = show.clean(now["collection"]), say(now["export"])
    if before is not None and _further(before["export"], now["export"]):
        return say(
            "{collection}: {reach}. Copies elsewhere are withdrawn as soon as their holders hear"
            " of it.",
            collection=name,
            reach=reach,
        )
    return say("{collection}: {reach}.", collection=name, reach=reach)


def _tell_switch(answer: dict[str, Any]) -> None:
    if answer["kill_switch"]:
        since = show.moment(answer["stopped_at"])
        click.echo(say("The kill switch is on since {since}: nothing leaves.", since=since))
    else:
        click.echo(say("The kill switch is off."))


def _row(one: dict[str, Any]) -> list[object]:
    reaches = say(one["export"]), say(one["ceiling"])
    return [one["collection"], *reaches, one["records"], one["to_nodes"], one["to_hub"]]


def _entry(one: dict[str, Any]) -> list[object]:
    happened = say("blocked: {code}", code=one["blocked"]) if one["blocked"] else say(one["way"])
    peer = one["peer_name"] or one["peer"]
    size = show.size(one["bytes"])
    return [show.moment(one["at"]), peer, one["collection"], one["records"], size, happened]


export = group(
    "export",
    show_export,
    set_export,
    kill_switch,
    show_log,
    text="Control what leaves this machine.",
)
