"""`unibos hub clients`: other programs that people log in to with their account of the hub."""

from typing import Any

import click

from unibos.clients.cli import show
from unibos.clients.cli.asked import Asked
from unibos.clients.cli.asking import confirm
from unibos.clients.cli.command import command, group
from unibos.clients.cli.words import say
from unibos.clients.paths import CLIENTS, below


@command("list", "sudo unibos hub clients list", "sudo unibos hub clients list --org smith --json")
@click.pass_obj
def list_clients(asked: Asked) -> None:
    """List the programs that the org's people can log in to."""
    answer = asked.api().get(CLIENTS)
    if asked.json:
        show.document(answer)
        return
    heads = (say("Id"), say("Name"), say("Secret"), say("Since"), say("Back to"))
    show.table(heads, (_row(one) for one in answer["items"]))


@command(
    "add",
    "sudo unibos hub clients add Photos --redirect https://photos.example.org/oauth/back",
    "sudo unibos hub clients add App --redirect org.example.app:/back --public",
)
@click.argument("name")
@click.option(
    "--redirect",
    "redirects",
    multiple=True,
    required=True,
    metavar="URI",
    help="Where people are sent back to; may be given several times.",
)
@click.option("--public", is_flag=True, help="It cannot keep a secret, such as an app on a phone.")
@click.option(
    "--alg",
    type=click.Choice(["RS256", "EdDSA"]),
    default="RS256",
    help="How its ID tokens are signed (RS256).",
)
@click.pass_obj
def add(asked: Asked, name: str, redirects: tuple[str, ...], public: bool, alg: str) -> None:
    """Register a program; its secret is shown this once."""
    wanted = {"name": name, "redirect_uris": list(redirects), "public": public, "id_token_alg": alg}
    made = asked.api().post(CLIENTS, wanted)
    if asked.json:
        show.document(made)
        return
    show.facts({say("Client id"): made["client"]["id"], say("Client secret"): made["secret"]})
    click.echo(say("Give these to the program, and the hub's address as its issuer."))


@command("remove", "sudo unibos hub clients remove 0197a0c0-5b3e-7c1a-9d55-0a4b2f8e6d11 --yes")
@click.argument("client_id", metavar="ID")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def remove(asked: Asked, client_id: str, yes: bool) -> None:
    """Forget a program; nobody can log in to it any more."""
    confirm(say("Forget {client}?", client=show.clean(client_id)), yes=yes)
    asked.api().change("DELETE", below(CLIENTS, client_id))
    if asked.json:
        show.document({"id": client_id})
    else:
        click.echo(say("The program is forgotten."))


def _row(one: dict[str, Any]) -> list[object]:
    secret = say("none") if one["public"] else say("yes")
    since = show.moment(one["created_at"])
    return [one["id"], one["name"], secret, since, " ".join(one["redirect_uris"])]


clients = group(
    "clients", list_clients, add, remove, text="Manage the programs that people log in to."
)
