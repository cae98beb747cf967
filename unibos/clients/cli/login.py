"""`unibos login` and `unibos logout`: work with an instance over the network."""

import contextlib

import click

from unibos.base.errors import Error
from unibos.clients.cli import show
from unibos.clients.cli.asked import Asked
from unibos.clients.cli.asking import STDIN_HELP, password, text
from unibos.clients.cli.certificate import FINGERPRINT_HELP, confirmed
from unibos.clients.cli.command import command
from unibos.clients.cli.words import language, say
from unibos.clients.paths import LOGOUT


@command(
    "login",
    "unibos login --url http://unibos.local:8001",
    "unibos login --url https://hub.example.org --org smith",
)
@click.option("--email", help="Who logs in.")
@click.option("--password-stdin", is_flag=True, help=STDIN_HELP)
@click.option("--fingerprint", metavar="SHA256", help=FINGERPRINT_HELP)
@click.pass_obj
def login(asked: Asked, email: str | None, password_stdin: bool, fingerprint: str | None) -> None:
    """Log in to an instance on the network, and remember it."""
    from unibos.clients.api import Api

    logins = asked.logins()
    newest = logins.find()
    url = asked.remote() or (newest.url if newest else "")
    if not url:
        raise click.UsageError(say("{option} is missing.", option="--url"))
    certificate = confirmed(url, fingerprint)
    email = text(email, say("Email"), "--email")
    secret = password(say("Password"), from_stdin=password_stdin)
    api = Api(url, language=language(), certificate=certificate)
    click.get_current_context().call_on_close(api.close)
    made = api.sign_in(email, secret, asked.org or "")
    with logins.locked():
        logins.keep(made)
    if asked.json:
        show.document({"url": url, "email": made.email})
    else:
        click.echo(say("Logged in to {url} as {email}.", url=url, email=show.clean(made.email)))


@command("logout", "unibos logout", "unibos logout --url http://unibos.local:8001")
@click.pass_obj
def logout(asked: Asked) -> None:
    """End the login and forget it."""
    from unibos.clients.api import Api

    logins = asked.logins()
    found = logins.find(asked.remote())
    if found is None:
        click.echo(say("There is no login."), err=True)
        return
    api = Api(found.url, login=found, logins=logins, language=language())
    click.get_current_context().call_on_close(api.close)
    # Whether it could be told or not: here the login ends.
    with contextlib.suppress(Error):
        api.post(LOGOUT)
    with logins.locked():
        logins.forget(found.url)
    if asked.json:
        show.document({"url": found.url})
    else:
        click.echo(say("Logged out of {url}.", url=found.url))
