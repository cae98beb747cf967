"""`unibos-worker status`, `tasks` and `queues`: how the worker of this machine is."""

from typing import Any

import click

from unibos.clients.cli import show
from unibos.clients.cli.asked import Asked
from unibos.clients.cli.command import command
from unibos.clients.cli.words import say
from unibos.clients.cli.worker import local


@command("status", "sudo unibos-worker status", "sudo unibos-worker status --json")
@click.pass_obj
def status(asked: Asked) -> None:
    """Tell how the worker of this machine is."""
    told = _told(asked)
    if asked.json:
        show.document(told)
        return
    facts, trouble = told["facts"], told.get("trouble")
    show.facts(
        {
            say("State"): show.state(told["state"]),
            say("Works for"): _source(told),
            say("Trouble"): trouble["detail"] if trouble else "",
            say("Type"): facts.get("type", "all"),
            say("Queues"): ", ".join(facts.get("queues", ())),
            say("Can do"): ", ".join(facts.get("capabilities", ())) or say("nothing special"),
            say("Heavy jobs at once"): told.get("heavy"),
            say("Now"): len(told["tasks"]),
            say("Ended"): _ended(told["ended"]),
            say("Version"): facts.get("version"),
        }
    )
    if told["state"] == "unattached" and told["alone"]:
        click.echo(say("It has nobody to work for: unibos-worker join TOKEN"))


@command("tasks", "sudo unibos-worker tasks", "sudo unibos-worker tasks --json")
@click.pass_obj
def tasks(asked: Asked) -> None:
    """List the jobs that the worker of this machine has in its hands."""
    items = _told(asked)["tasks"]
    if asked.json:
        show.document({"items": items, "next": None})
        return
    heads = (say("Job"), say("Kind"), say("Queue"), say("Doing"), say("Progress"), say("For"))
    show.table(heads, (_row(one) for one in items))


@command("queues", "sudo unibos-worker queues", "sudo unibos-worker queues --json")
@click.pass_obj
def queues(asked: Asked) -> None:
    """List the queues that the worker of this machine takes jobs from."""
    told = _told(asked)
    names = told["facts"].get("queues", ())
    items = [
        {"queue": name, "tasks": sum(one["queue"] == name for one in told["tasks"])}
        for name in names
    ]
    if asked.json:
        show.document({"items": items, "next": None})
        return
    show.table((say("Queue"), say("Now")), ((one["queue"], one["tasks"]) for one in items))


def _told(asked: Asked) -> dict[str, Any]:
    return local.ask(asked.settings().data, "status")


def _source(told: dict[str, Any]) -> str:
    joined = told.get("joined")
    if joined:
        return show.clean(f"{joined['source_name']} ({joined['urls'][0]})")
    if not told["alone"] and told["state"] == "unattached":
        return say("this instance itself")
    return show.clean(told.get("source_name", ""))


def _ended(counts: dict[str, int]) -> str:
    some = [f"{count} {show.state(name)}" for name, count in counts.items() if count]
    return ", ".join(some) or say("none")


def _row(one: dict[str, Any]) -> list[object]:
    share = "" if one["progress"] is None else show.percent(one["progress"])
    progress = f"{share} {show.clean(one['doing'])}".strip()
    doing = show.state(one["phase"])
    return [one["job"], one["kind"], one["queue"], doing, progress, show.duration(one["seconds"])]
