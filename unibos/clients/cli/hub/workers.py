"""`unibos hub workers`: who takes the hub's jobs; `unibos workers`: who takes the node's."""

from typing import TYPE_CHECKING, Any

import click

from unibos.base.errors import NotFound
from unibos.clients.cli import show
from unibos.clients.cli.asked import Asked
from unibos.clients.cli.asking import confirm
from unibos.clients.cli.command import command, group
from unibos.clients.cli.words import say
from unibos.clients.paths import WORKERS, below

if TYPE_CHECKING:
    from unibos.clients.api import Api


@command("list", "sudo unibos hub workers list", "unibos workers list --json")
@click.pass_obj
def list_workers(asked: Asked) -> None:
    """List the org's workers, and how they are."""
    items = sorted(asked.api().each(WORKERS), key=lambda one: one["name"])
    if asked.json:
        show.document({"items": items, "next": None})
        return
    heads = ("Name", "State", "Kind", "Queues", "Running", "Board", "Last seen", "Id")
    show.table([say(head) for head in heads], (_row(one) for one in items))


@command("show", "sudo unibos hub workers show attic", "sudo unibos workers show attic")
@click.argument("worker", metavar="NAME|ID")
@click.pass_obj
def show_worker(asked: Asked, worker: str) -> None:
    """Show a worker, and what it can do."""
    found = _find(asked.api(), worker)
    if asked.json:
        show.document(found)
        return
    facts = found["facts"] or {}
    programs = facts.get("versions", {})
    show.facts(
        {
            say("Name"): found["name"],
            say("Id"): found["id"],
            say("State"): show.state(found["state"]),
            say("Works for"): _orgs(found),
            say("Version"): facts.get("version", ""),
            say("Board"): facts.get("board", ""),
            say("Joined"): show.moment(found["joined_at"]),
            say("Last seen"): show.moment(found["seen_at"]),
            say("Revoked"): show.moment(found["revoked_at"]),
            say("Running"): found["running"],
            say("Queues"): _queues(facts),
            say("Kinds"): ", ".join(sorted(facts.get("kinds", {}))),
            say("Can"): ", ".join(facts.get("capabilities", ())),
            say("Programs"): ", ".join(f"{name} {told}" for name, told in sorted(programs.items())),
        }
    )


@command("rename", "sudo unibos hub workers rename attic cellar")
@click.argument("worker", metavar="NAME|ID")
@click.argument("name")
@click.pass_obj
def rename(asked: Asked, worker: str, name: str) -> None:
    """Call a worker otherwise."""
    api = asked.api()
    changed = api.change("PATCH", below(WORKERS, _find(api, worker)["id"]), {"name": name})
    _told(asked, changed, say("{name} has a new name."))


@command("revoke", "sudo unibos hub workers revoke attic --yes")
@click.argument("worker", metavar="NAME|ID")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def revoke(asked: Asked, worker: str, yes: bool) -> None:
    """Have a worker take no more jobs; those that it has go to others."""
    api = asked.api()
    found = _find(api, worker)
    confirm(say("Revoke {name}?", name=show.clean(found["name"])), yes=yes)
    api.change("DELETE", below(WORKERS, found["id"]))
    _told(asked, found, say("{name} takes no more jobs."))


@command("remove", "sudo unibos hub workers remove attic")
@click.argument("worker", metavar="NAME|ID")
@click.pass_obj
def remove(asked: Asked, worker: str) -> None:
    """Take a revoked worker out of the list."""
    api = asked.api()
    found = _find(api, worker)
    api.change("DELETE", below(WORKERS, found["id"]) + "?purge=true")
    _told(asked, found, say("{name} is out of the list."))


def _find(api: "Api", worker: str) -> dict[str, Any]:
    """A worker by name or id."""
    for one in api.each(WORKERS):
        if worker in (one["name"], one["id"]):
            return one
    raise NotFound("worker_not_found", say("There is no worker {worker}.", worker=worker))


def _row(one: dict[str, Any]) -> list[object]:
    facts = one["facts"] or {}
    return [
        one["name"],
        show.state(one["state"]),
        facts.get("type", "all"),
        _queues(facts),
        one["running"],
        facts.get("board", ""),
        show.moment(one["seen_at"]),
        one["id"],
    ]


def _queues(facts: dict[str, Any]) -> str:
    return ", ".join(facts.get("queues", ())) or say("all")


def _orgs(one: dict[str, Any]) -> str:
    if one["local"]:
        return say("this machine's own")
    return say("all orgs") if one["all_orgs"] else say("its org")


def _told(asked: Asked, worker: dict[str, Any], words: str) -> None:
    if asked.json:
        show.document(worker)
    else:
        click.echo(words.format(name=show.clean(worker["name"])))


workers = group(
    "workers", list_workers, show_worker, rename, revoke, remove, text="Manage who takes jobs."
)
