"""`unibos setup`: the first steps of a new instance."""

import click

from unibos.clients.cli import show
from unibos.clients.cli.asked import Asked
from unibos.clients.cli.asking import STDIN_HELP, password, text
from unibos.clients.cli.certificate import FINGERPRINT_HELP, confirmed
from unibos.clients.cli.command import command
from unibos.clients.cli.words import say
from unibos.clients.paths import SETUP


@command(
    "setup",
    "sudo unibos setup",
    "unibos setup --url http://unibos.local:8001",
    "unibos setup --email owner@example.org --name Owner --password-stdin < password",
)
@click.option("--code", help="The setup code; on the instance itself it is found.")
@click.option("--email", help="Email of the owner.")
@click.option("--name", help="Name of the owner.")
@click.option("--password-stdin", is_flag=True, help=STDIN_HELP)
@click.option("--fingerprint", metavar="SHA256", help=FINGERPRINT_HELP)
@click.pass_obj
def setup(
    asked: Asked,
    code: str | None,
    email: str | None,
    name: str | None,
    password_stdin: bool,
    fingerprint: str | None,
) -> None:
    """Set a new instance up: make its owner."""
    certificate = confirmed(asked.remote() or "", fingerprint)
    # Where both roles run, the hub makes the owner, who is then known to the node as well.
    asked.hub = asked.hub_here()
    api = asked.api(certificate)
    code = text(code or _code_here(asked), say("Setup code"), "--code")
    wanted = {
        "setup_code": code,
        "email": text(email, say("Email"), "--email"),
        "name": text(name, say("Name"), "--name"),
        "password": password(say("Password"), from_stdin=password_stdin, confirm=True),
    }
    answer = api.post(SETUP, wanted)
    if asked.remote():
        logins = asked.logins()
        with logins.locked():
            logins.keep(api.signed_in(answer))
    if asked.json:
        show.document({"user": answer["user"]})
        return
    click.echo(say("Done: {email} owns this instance.", email=show.clean(answer["user"]["email"])))
    if asked.hub:
        click.echo(say("Next: unibos hub tokens create, for a node to join with"))
    else:
        click.echo(say("Next: unibos add FILE"))


def _code_here(asked: Asked) -> str | None:
    """The code that lies in the data folder, if this user may read it."""
    if asked.remote():
        return None
    try:
        return (asked.settings().data / "setup-code").read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        return None
