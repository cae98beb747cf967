"""`unibos user`: the accounts of the org."""

from typing import TYPE_CHECKING, Any

import click

from unibos.base.errors import NotFound
from unibos.clients.cli import show
from unibos.clients.cli.asked import Asked
from unibos.clients.cli.asking import STDIN_HELP, confirm, password
from unibos.clients.cli.command import command, group
from unibos.clients.cli.words import say
from unibos.clients.paths import HUB_LOGINS, MY_LINK, PASSWORD, USERS, below

if TYPE_CHECKING:
    from unibos.clients.api import Api

ROLES = click.Choice(["owner", "admin", "member", "viewer"])


@command("list", "unibos user list")
@click.pass_obj
def list_users(asked: Asked) -> None:
    """List all users."""
    items = list(asked.api().each(USERS))
    if asked.json:
        show.document({"items": items, "next": None})
        return
    heads = (say("Email"), say("Name"), say("Role"), say("State"), say("Since"))
    show.table(heads, (_row(one) for one in items))


@command("add", "unibos user add member@example.org --name Member")
@click.argument("email")
@click.option("--name", help="What the user is called.")
@click.option("--role", type=ROLES, default="member", help="What the user may do (member).")
@click.option("--password-stdin", is_flag=True, help=STDIN_HELP)
@click.pass_obj
def add(asked: Asked, email: str, name: str | None, role: str, password_stdin: bool) -> None:
    """Make an account."""
    secret = password(say("Password"), from_stdin=password_stdin, confirm=True)
    wanted = {"email": email, "name": name or email.partition("@")[0], "role": role}
    made = asked.api().post(USERS, {**wanted, "password": secret})
    told(asked, made, say("{email} is added."))


@command("passwd", "unibos user passwd", "unibos user passwd member@example.org")
@click.argument("user", metavar="[EMAIL|ID]", required=False)
@click.option("--password-stdin", is_flag=True, help=STDIN_HELP)
@click.pass_obj
def passwd(asked: Asked, user: str | None, password_stdin: bool) -> None:
    """Give a user, or oneself, a new password; all other logins end."""
    api = asked.api()
    if user is None:
        present = password(say("Present password"), from_stdin=password_stdin)
        secret = password(say("New password"), from_stdin=password_stdin, confirm=True)
        wanted = {"current_password": present, "new_password": secret}
        answer = api.post(PASSWORD, wanted)
        logins = asked.logins()
        with logins.locked():
            logins.keep(api.signed_in(answer))
        told(asked, answer["user"], say("{email} has a new password."))
        return
    found = find_user(api, user)
    secret = password(say("New password"), from_stdin=password_stdin, confirm=True)
    api.change("PUT", below(USERS, found["id"], "password"), {"password": secret})
    told(asked, found, say("{email} has a new password."))


@command("role", "unibos user role member@example.org admin")
@click.argument("user", metavar="EMAIL|ID")
@click.argument("role", type=ROLES)
@click.pass_obj
def set_role(asked: Asked, user: str, role: str) -> None:
    """Change what a user may do."""
    api = asked.api()
    changed = api.change("PATCH", below(USERS, find_user(api, user)["id"]), {"role": role})
    told(asked, changed, say("{email} has a new role."))


@command("disable", "unibos user disable member@example.org", "unibos user disable --undo ID")
@click.argument("user", metavar="EMAIL|ID")
@click.option("--undo", is_flag=True, help="Let the user in again.")
@click.pass_obj
def disable(asked: Asked, user: str, undo: bool) -> None:
    """Shut a user out; all their logins end."""
    api = asked.api()
    changed = api.change("PATCH", below(USERS, find_user(api, user)["id"]), {"disabled": not undo})
    told(asked, changed, say("{email} may log in.") if undo else say("{email} is shut out."))


@command("remove", "unibos user remove member@example.org --yes")
@click.argument("user", metavar="EMAIL|ID")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def remove(asked: Asked, user: str, yes: bool) -> None:
    """Remove an account."""
    api = asked.api()
    found = find_user(api, user)
    confirm(say("Remove {email}?", email=show.clean(found["email"])), yes=yes)
    api.change("DELETE", below(USERS, found["id"]))
    told(asked, found, say("{email} is removed."))


@command("link", "unibos user link member@example.org")
@click.argument("email")
@click.option("--password-stdin", is_flag=True, help=STDIN_HELP)
@click.pass_obj
def link(asked: Asked, email: str, password_stdin: bool) -> None:
    """Be one person with two accounts: this node's and the hub's; EMAIL is the other one's."""
    secret = password(say("Password of the other account"), from_stdin=password_stdin)
    asked.api().post(MY_LINK, {"email": email, "password": secret})
    _done(asked, say("Both logins lead to the same person now."))


@command("unlink", "unibos user unlink")
@click.pass_obj
def unlink(asked: Asked) -> None:
    """Part one's account of this node from the one of the hub."""
    asked.api().change("DELETE", MY_LINK)
    _done(asked, say("The two accounts are parted."))


@command("forget-offline", "unibos user forget-offline --yes")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def forget_offline(asked: Asked, yes: bool) -> None:
    """Let no user of the hub log in without it, until they have logged in with it again."""
    confirm(say("Forget all logins without the hub?"), yes=yes)
    gone = asked.api().change("DELETE", HUB_LOGINS)
    if asked.json:
        show.document(gone)
    else:
        click.echo(say("{count} users could log in without the hub.", count=gone["forgotten"]))


def _done(asked: Asked, words: str) -> None:
    if asked.json:
        show.document({})
    else:
        click.echo(words)


def find_user(api: "Api", user: str) -> dict[str, Any]:
    """A user by email or id."""
    wanted = user.casefold()
    for one in api.each(USERS):
        if wanted in (one["email"].casefold(), one["id"]):
            return one
    raise NotFound("user_not_found", say("There is no user {user}.", user=user))


def _row(one: dict[str, Any]) -> list[object]:
    state = say("disabled") if one.get("disabled") else say("active")
    since = show.moment(one.get("created_at"))
    return [one["email"], one.get("name"), say(one["role"]), state, since]


def told(asked: Asked, user_: dict[str, Any], words: str) -> None:
    """Say what was done to a user; ``words`` hold ``{email}``."""
    if asked.json:
        show.document(user_)
    else:
        click.echo(words.format(email=show.clean(user_["email"])))


user = group(
    "user",
    list_users,
    add,
    passwd,
    set_role,
    disable,
    remove,
    link,
    unlink,
    forget_offline,
    text="Manage who may log in.",
)
