"""`unibos leave`: be a node of the hub no longer."""

import click

from unibos.clients.cli import show
from unibos.clients.cli.asked import Asked
from unibos.clients.cli.asking import confirm
from unibos.clients.cli.command import command
from unibos.clients.cli.words import say
from unibos.clients.paths import HUB, HUB_LEAVE


@command(
    "leave", "sudo unibos leave", "sudo unibos leave --force --yes", "sudo unibos leave --hub two"
)
@click.option("--hub", default="", help="Name or id of a hub beside the first one.")
@click.option("--force", is_flag=True, help="Also when the hub cannot be told.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def leave(asked: Asked, hub: str, force: bool, yes: bool) -> None:
    """Leave the hub; what this node has stays on it, and its users can no longer log in here."""
    api = asked.api()
    home = api.get(HUB).get("hub") or {"name": "", "id": ""}
    left = hub or home["name"]
    named = show.clean(left)
    if left in (home["name"], home["id"]):
        question = say("Leave {hub}? Its users can then no longer log in here.", hub=named)
    else:
        question = say("Leave {hub}? This node then syncs with it no longer.", hub=named)
    confirm(question, yes=yes)
    answer = api.post(HUB_LEAVE, {"force": force} | ({"hub": hub} if hub else {}))
    if asked.json:
        show.document(answer)
        return
    click.echo(say("This node has left {hub}.", hub=named))
