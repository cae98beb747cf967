"""`unibos enable` and `unibos disable`: what this machine's service is."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from unibos.base.errors import Forbidden
from unibos.clients.cli import show
from unibos.clients.cli.asked import Asked
from unibos.clients.cli.command import command
from unibos.clients.cli.words import say

if TYPE_CHECKING:
    from unibos.ops.service.roles import Outcome, Service

_ROLES = click.Choice(("node", "hub", "worker"))


@command(
    "enable",
    "sudo unibos enable node",
    "sudo unibos enable worker",
    "sudo unibos enable node hub --json",
)
@click.argument("roles", type=_ROLES, nargs=-1, required=True)
@click.pass_obj
def enable(asked: Asked, roles: tuple[str, ...]) -> None:
    """Have this machine's service run as a node, a hub or a worker, now and at each start."""
    _tell(asked, _service(asked).enable(roles))


@command("disable", "sudo unibos disable hub", "sudo unibos disable node hub --json")
@click.argument("roles", type=_ROLES, nargs=-1, required=True)
@click.pass_obj
def disable(asked: Asked, roles: tuple[str, ...]) -> None:
    """Take roles from this machine's service, now and at each start; its data stay."""
    _tell(asked, _service(asked).disable(roles))


def _service(asked: Asked) -> "Service":
    from unibos.base.config import load
    from unibos.ops.service import units
    from unibos.ops.service.limits import limits
    from unibos.ops.service.roles import Service, Settings

    if os.geteuid() != 0:
        raise Forbidden("root_wanted", say("Only root may change services."), hint=say("Use sudo."))
    # As the unit reads them: from its file, not from the environment of who calls this.
    config = load({}, {}, Path(asked.config) if asked.config else None)
    named = config.origins["role"] != "default"
    settings = Settings(
        frozenset(config.role),
        named,
        colocated=config.machine.profile.name == "edge",
        joined=(config.data / "worker.json").exists(),
    )
    return Service(Path("/"), units.here, settings, limits(config.machine))


def _tell(asked: Asked, outcome: "Outcome") -> None:
    roles = sorted(outcome.roles)
    if asked.json:
        units = list(outcome.units)
        unit = units[0] if units else None
        facts = {"roles": roles, "unit": unit, "units": units, "changed": outcome.changed}
        show.document(facts)
        return
    if not roles:
        click.echo(say("The service has no role: nothing of UNIBOS starts with this machine."))
        return
    named = {"roles": ", ".join(roles), "unit": ", ".join(outcome.units)}
    click.echo(say("It runs as {roles}, and so it does after each start ({unit}).", **named))
