"""`unibos hub status`: how the hub is."""

from collections.abc import Mapping
from typing import Any

import click

from unibos.clients.cli import show
from unibos.clients.cli.asked import Asked
from unibos.clients.cli.command import command
from unibos.clients.cli.words import say
from unibos.clients.paths import STATUS


@command("status", "sudo unibos hub status", "unibos hub status --json")
@click.pass_obj
def status(asked: Asked) -> None:
    """Tell how the hub is."""
    answer = asked.api().get(STATUS)
    if asked.json:
        show.document(answer)
    else:
        tell(answer)


def tell(answer: Mapping[str, Any]) -> None:
    """Show a hub's status."""
    show.facts(_facts(answer))
    if answer.get("setup_done") is False:
        click.echo(say("Not set up yet: run `unibos setup`."))


def _facts(answer: Mapping[str, Any]) -> dict[str, object]:
    told: dict[str, object] = {
        say("Name"): answer["name"],
        say("Instance"): answer["instance"],
        say("Fingerprint"): answer["fingerprint"],
        say("Addresses"): " ".join(answer["addresses"]),
        say("Version"): answer["version"],
        say("Roles"): ", ".join(answer["roles"]),
        say("Board"): f"{answer['board']} ({answer['profile']})",
        say("Up for"): show.duration(answer["uptime_seconds"]),
    }
    total = answer["total"]
    if total is None:
        return told | {say("Users"): answer["users"], say("Nodes"): _counted(answer["nodes"])}
    disk = {key: show.size(value) for key, value in total["disk"].items()}
    return told | {
        say("Orgs"): total["orgs"],
        say("Users"): total["users"],
        say("Nodes"): _counted(total["nodes"]),
        say("Signing keys"): _counted(total["keys"]),
        say("Disk"): say("{free} free of {total}; database {database}, files {blobs}", **disk),
    }


def _counted(by_state: Mapping[str, int]) -> str:
    some = [f"{count} {show.state(state)}" for state, count in by_state.items() if count]
    return ", ".join(some) or say("none")
