"""`unibos login` and `unibos logout`: work with an instance over the network."""

import contextlib
import hmac
import sys

import click

from unibos.base.errors import Error, Forbidden
from unibos.clients.cli import show
from unibos.clients.cli.asked import Asked
from unibos.clients.cli.asking import STDIN_HELP, password, text
from unibos.clients.cli.command import command
from unibos.clients.cli.words import language, say
from unibos.clients.paths import LOGOUT


@command("login", "unibos login --url http://unibos.local:8001")
@click.option("--email", help="Who logs in.")
@click.option("--password-stdin", is_flag=True, help=STDIN_HELP)
@click.option("--fingerprint", metavar="SHA256", help="Of the certificate that is expected.")
@click.pass_obj
def login(asked: Asked, email: str | None, password_stdin: bool, fingerprint: str | None) -> None:
    """Log in to an instance on the network, and remember it."""
    from unibos.clients.api import Api

    logins = asked.logins()
    newest = logins.find()
    url = asked.remote() or (newest.url if newest else "")
    if not url:
        raise click.UsageError(say("{option} is missing.", option="--url"))
    certificate = _certificate(url, fingerprint)
    email = text(email, say("Email"), "--email")
    secret = password(say("Password"), from_stdin=password_stdin)
    api = Api(url, language=language(), certificate=certificate)
    click.get_current_context().call_on_close(api.close)
    made = api.sign_in(email, secret, certificate)
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


def _certificate(url: str, expected: str | None) -> str:
    """The certificate to pin; empty where a public one is good or none is needed."""
    if not url.startswith("https://"):
        return ""
    from unibos.clients.trust import certificate_of, fingerprint, is_public

    if not expected and is_public(url):
        return ""
    shown = certificate_of(url)
    found = fingerprint(shown)
    if expected:
        plain = expected.replace(":", "").replace(" ", "").lower()
        if not hmac.compare_digest(plain.encode(), found.encode()):
            raise Forbidden(
                "fingerprint_mismatch",
                say("The certificate's fingerprint is {found}, not that.", found=found),
                hint=say("Somebody may stand between you and the instance."),
            )
        return shown
    if not sys.stdin.isatty():
        raise Forbidden(
            "certificate_unknown",
            say("The certificate is not known; its fingerprint is {found}.", found=found),
            hint=say(
                "Compare it with what `unibos logs` tells there, and give it with --fingerprint."
            ),
        )
    click.echo(say("Fingerprint of the certificate: {found}", found=found))
    click.confirm(say("Is it the one that `unibos logs` tells there?"), abort=True)
    return shown
