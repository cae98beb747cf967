"""`unibos status`: how the instance is."""

import contextlib
from typing import Any

import click

from unibos.base.errors import NotFound
from unibos.clients.cli import show
from unibos.clients.cli.asked import Asked
from unibos.clients.cli.command import command
from unibos.clients.cli.words import say
from unibos.clients.paths import HUB, STATUS, SYNC


@command("status", "unibos status", "sudo unibos status", "unibos status --json")
@click.pass_obj
def status(asked: Asked) -> None:
    """Tell how this instance is."""
    api = asked.api()
    answer = api.get(STATUS)
    if "node" in answer["roles"]:
        # A hub alone has no place at a hub.
        with contextlib.suppress(NotFound):
            answer["hub"] = api.get(HUB)
        with contextlib.suppress(NotFound):
            answer["sync"] = api.get(SYNC)
    if asked.json:
        show.document(answer)
        return
    if "total" in answer:
        from unibos.clients.cli.hub.status import tell

        tell(answer)
        return
    show.facts(_facts(answer))
    if answer.get("setup_done") is False:
        click.echo(say("Not set up yet: run `unibos setup`."))


def _facts(answer: dict[str, Any]) -> dict[str, object]:
    disk = {key: show.size(value) for key, value in answer["disk"].items()}
    told: dict[str, object] = {
        say("Instance"): answer["instance"],
        say("Version"): answer["version"],
        say("Roles"): ", ".join(answer["roles"]),
        say("Board"): f"{answer['board']} ({answer['profile']})",
        say("Up for"): show.duration(answer["uptime_seconds"]),
        say("Users"): answer["users"],
        say("Records"): _named(answer["records"]),
        say("Jobs"): _counts(answer["jobs"]),
    }
    for module, counted in answer["modules"].items():
        if any(counted.values()):
            told[say(module).capitalize()] = _counts(counted)
    room = say("{free} free of {total}; database {database}, files {blobs}", **disk)
    place = _hub(answer.get("hub", {"state": "none"}))
    return told | {say("Disk"): room} | place | _sync(answer.get("sync"))


def _sync(answer: dict[str, Any] | None) -> dict[str, object]:
    if answer is None:
        return {}
    from unibos.clients.cli.sync import line

    return {say("Sync"): line(answer)}


def _hub(place: dict[str, Any]) -> dict[str, object]:
    """The node's place at its hub, where it has one."""
    if place["state"] == "none":
        return {}
    hub, org = show.clean(place["hub"]["name"]), place["org"]
    if place["state"] == "revoked":
        return {say("Hub"): say("{hub} has ended this node's membership", hub=hub)}
    if place["state"] == "pending":
        return {say("Hub"): say("{hub}; joining is not finished", hub=hub)}
    return {
        say("Hub"): f"{hub} ({say('online') if place['online'] else say('offline')})",
        say("Org"): f"{org['name']} ({org['slug']})",
        say("Heard of it"): show.moment(place["last_contact"]),
        say("Member until"): show.moment(place["member_until"]),
        say("Trouble"): place["trouble"],
    }


def _counts(by_state: dict[str, int]) -> str:
    return _named({show.state(name): count for name, count in by_state.items()})


def _named(counted: dict[str, int]) -> str:
    some = [f"{count} {show.clean(name)}" for name, count in counted.items() if count]
    return ", ".join(some) or say("none")
