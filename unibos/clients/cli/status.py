"""`unibos status`: how the instance is."""

from typing import Any

import click

from unibos.clients.cli import show
from unibos.clients.cli.asked import Asked
from unibos.clients.cli.command import command
from unibos.clients.cli.words import say
from unibos.clients.paths import STATUS


@command("status", "unibos status", "sudo unibos status", "unibos status --json")
@click.pass_obj
def status(asked: Asked) -> None:
    """Tell how this instance is."""
    answer = asked.api().get(STATUS)
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
        told[say(module).capitalize()] = _counts(counted)
    room = say("{free} free of {total}; database {database}, files {blobs}", **disk)
    return told | {say("Disk"): room}


def _counts(by_state: dict[str, int]) -> str:
    return _named({show.state(name): count for name, count in by_state.items()})


def _named(counted: dict[str, int]) -> str:
    some = [f"{count} {show.clean(name)}" for name, count in counted.items() if count]
    return ", ".join(some) or say("none")
