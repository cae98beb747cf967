"""`unibos hub invitations`: how people become members of an org."""

from collections.abc import Mapping
from typing import Any

import click

from unibos.base.errors import NotFound
from unibos.clients.cli import show
from unibos.clients.cli.asked import Asked
from unibos.clients.cli.asking import STDIN_HELP, password
from unibos.clients.cli.certificate import FINGERPRINT_HELP, confirmed
from unibos.clients.cli.command import command, group
from unibos.clients.cli.user import ROLES
from unibos.clients.cli.words import language, say
from unibos.clients.paths import INVITATIONS, below

_MARK = "/invitation/"


@command("list", "unibos hub invitations list", "sudo unibos hub invitations list --org smith")
@click.pass_obj
def list_invitations(asked: Asked) -> None:
    """List invitations that nobody has accepted yet."""
    items = list(asked.api().each(INVITATIONS))
    if asked.json:
        show.document({"items": items, "next": None})
        return
    heads = (say("Email"), say("Role"), say("Valid until"))
    rows = ((one["email"], say(one["role"]), show.moment(one["expires_at"])) for one in items)
    show.table(heads, rows)


@command(
    "add",
    "unibos hub invitations add member@example.org",
    "sudo unibos hub invitations add admin@example.org --role admin --org smith",
)
@click.argument("email")
@click.option("--role", type=ROLES, default="member", help="What the user may do (member).")
@click.pass_obj
def add(asked: Asked, email: str, role: str) -> None:
    """Invite somebody into the org; the link is shown once."""
    made = asked.api().post(INVITATIONS, {"email": email, "role": role})
    if asked.json:
        show.document(made)
    else:
        tell_link(made)


@command("revoke", "unibos hub invitations revoke member@example.org")
@click.argument("invitation", metavar="EMAIL|ID")
@click.pass_obj
def revoke(asked: Asked, invitation: str) -> None:
    """Take an invitation back."""
    api = asked.api()
    wanted = invitation.casefold()
    found = next(
        (one for one in api.each(INVITATIONS) if wanted in (one["email"].casefold(), one["id"])),
        None,
    )
    if found is None:
        raise NotFound(
            "invitation_not_found", say("There is no invitation {name}.", name=invitation)
        )
    api.change("DELETE", below(INVITATIONS, found["id"]))
    if asked.json:
        show.document(found)
    else:
        click.echo(say("{email} is no longer invited.", email=show.clean(found["email"])))


@command(
    "accept",
    "unibos hub invitations accept 'https://hub.example.org:8000/invitation/…' --name Member",
)
@click.argument("link")
@click.option("--name", default="", help="What the user is called.")
@click.option("--password-stdin", is_flag=True, help=STDIN_HELP)
@click.option("--fingerprint", metavar="SHA256", help=FINGERPRINT_HELP)
@click.pass_obj
def accept(
    asked: Asked, link: str, name: str, password_stdin: bool, fingerprint: str | None
) -> None:
    """Become a member of an org, and log in there.

    The password is that of the account that the invited address has on the hub, or the one that
    its new account gets.
    """
    from unibos.clients.api import Api

    address, _, secret = link.rpartition(_MARK)
    asked.url = address.rstrip("/") or asked.url
    url = asked.remote()
    if url is None:
        raise click.UsageError(say("{option} is missing.", option="--url"))
    certificate = confirmed(url, fingerprint)
    given = password(say("Password"), from_stdin=password_stdin, confirm=True)
    api = Api(url, language=language(), certificate=certificate)
    click.get_current_context().call_on_close(api.close)
    body = {"invitation": secret, "name": name, "password": given}
    answer = api.post(below(INVITATIONS, "accept"), body)
    logins = asked.logins()
    with logins.locked():
        logins.keep(api.signed_in(answer))
    email = show.clean(answer["user"]["email"])
    if asked.json:
        show.document(answer["user"])
    else:
        click.echo(say("Logged in to {url} as {email}.", url=url, email=email))


def tell_link(made: Mapping[str, Any]) -> None:
    """Show what to give to whom; it cannot be shown again."""
    invitation = made["invitation"]
    email, until = show.clean(invitation["email"]), show.moment(invitation["expires_at"])
    click.echo(
        say("Give this link to {email}; it works once, until {until}:", email=email, until=until)
    )
    click.echo(show.clean(made["link"]))


invitations = group(
    "invitations",
    list_invitations,
    add,
    revoke,
    accept,
    text="Invite people into an org.",
)
