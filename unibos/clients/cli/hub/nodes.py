"""`unibos hub nodes`: the nodes of an org."""

from typing import TYPE_CHECKING, Any

import click

from unibos.base.errors import NotFound
from unibos.clients.cli import show
from unibos.clients.cli.asked import Asked
from unibos.clients.cli.asking import confirm
from unibos.clients.cli.command import command, group
from unibos.clients.cli.words import say
from unibos.clients.paths import NODES, below

if TYPE_CHECKING:
    from unibos.clients.api import Api


@command("list", "sudo unibos hub nodes list", "unibos hub nodes list --org smith --json")
@click.pass_obj
def list_nodes(asked: Asked) -> None:
    """List the org's nodes, and how they are."""
    items = sorted(asked.api().each(NODES), key=lambda one: one["name"])
    if asked.json:
        show.document({"items": items, "next": None})
        return
    heads = ("Name", "State", "Board", "Version", "Last seen", "Clock", "Disk", "Id")
    show.table([say(head) for head in heads], (_row(one) for one in items))


@command("show", "sudo unibos hub nodes show kitchen")
@click.argument("node", metavar="NAME|ID")
@click.pass_obj
def show_node(asked: Asked, node: str) -> None:
    """Show a node."""
    found = _find(asked.api(), node)
    if asked.json:
        show.document(found)
        return
    uptime, warmth = found["uptime_seconds"], found["temperature_c"]
    show.facts(
        {
            say("Name"): found["name"],
            say("Id"): found["id"],
            say("State"): show.state(found["state"]),
            say("Version"): found["version"],
            say("Board"): f"{found['board']} ({found['profile']})" if found["board"] else "",
            say("Joined"): show.moment(found["joined_at"]),
            say("Last seen"): show.moment(found["seen_at"]),
            say("Revoked"): show.moment(found["revoked_at"]),
            say("Up for"): "" if uptime is None else show.duration(uptime),
            say("Clock"): _skew(found["skew_ms"]),
            say("Disk"): _disk(found),
            say("Temperature"): "" if warmth is None else f"{warmth:.0f} °C",
            say("Queue"): found["queue_length"],
        }
    )


@command("rename", "sudo unibos hub nodes rename kitchen cellar")
@click.argument("node", metavar="NAME|ID")
@click.argument("name")
@click.pass_obj
def rename(asked: Asked, node: str, name: str) -> None:
    """Call a node otherwise."""
    api = asked.api()
    changed = api.change("PATCH", below(NODES, _find(api, node)["id"]), {"name": name})
    _told(asked, changed, say("{name} has a new name."))


@command("revoke", "sudo unibos hub nodes revoke kitchen --yes")
@click.argument("node", metavar="NAME|ID")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def revoke(asked: Asked, node: str, yes: bool) -> None:
    """End a node's membership; what it has stays on it."""
    api = asked.api()
    found = _find(api, node)
    confirm(say("Revoke {name}?", name=show.clean(found["name"])), yes=yes)
    api.change("DELETE", below(NODES, found["id"]))
    _told(asked, found, say("{name} is a node of this org no longer."))


@command("remove", "sudo unibos hub nodes remove kitchen")
@click.argument("node", metavar="NAME|ID")
@click.pass_obj
def remove(asked: Asked, node: str) -> None:
    """Take a revoked node out of the list."""
    api = asked.api()
    found = _find(api, node)
    api.change("DELETE", below(NODES, found["id"]) + "?purge=true")
    _told(asked, found, say("{name} is out of the list."))


def _find(api: "Api", node: str) -> dict[str, Any]:
    """A node by name or id."""
    for one in api.each(NODES):
        if node in (one["name"], one["id"]):
            return one
    raise NotFound("node_not_found", say("There is no node {node}.", node=node))


def _row(one: dict[str, Any]) -> list[object]:
    return [
        one["name"],
        show.state(one["state"]),
        one["board"],
        one["version"],
        show.moment(one["seen_at"]),
        _skew(one["skew_ms"]),
        _disk(one),
        one["id"],
    ]


def _skew(ms: int | None) -> str:
    """By how much a clock is wrong; a second comes from the line as well."""
    if ms is None or abs(ms) < 1000:
        return "" if ms is None else say("right")
    length = show.duration(abs(ms) / 1000)
    return say("{length} ahead", length=length) if ms > 0 else say("{length} behind", length=length)


def _disk(one: dict[str, Any]) -> str:
    if not one["disk_total"]:
        return ""
    free, total = show.size(one["disk_free"]), show.size(one["disk_total"])
    return say("{free} free of {total}", free=free, total=total)


def _told(asked: Asked, node: dict[str, Any], words: str) -> None:
    if asked.json:
        show.document(node)
    else:
        click.echo(words.format(name=show.clean(node["name"])))


nodes = group(
    "nodes", list_nodes, show_node, rename, revoke, remove, text="Manage the nodes of an org."
)
