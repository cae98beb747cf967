"""`unibos hub users`: who is a member of an org of the hub.

On a hub an account may belong to several orgs: an org's admins invite people and say what they may
do; accounts are made, and addresses and passwords changed, by the hub's operator.
"""

import copy

import click

from unibos.clients.cli import show, user
from unibos.clients.cli.asked import Asked
from unibos.clients.cli.command import Spoken, command, group
from unibos.clients.cli.words import say
from unibos.clients.paths import MY_ORGS, USERS, below


@command("email", "sudo unibos hub users email member@example.org new@example.org --org smith")
@click.argument("user_", metavar="EMAIL|ID")
@click.argument("address", metavar="NEW_EMAIL")
@click.pass_obj
def set_email(asked: Asked, user_: str, address: str) -> None:
    """Change the address that a user logs in with."""
    api = asked.api()
    found = user.find_user(api, user_)
    changed = api.change("PATCH", below(USERS, found["id"]), {"email": address})
    user.told(asked, changed, say("{email} is the new address."))


@command("logout", "sudo unibos hub users logout member@example.org --org smith")
@click.argument("user_", metavar="EMAIL|ID")
@click.pass_obj
def log_out(asked: Asked, user_: str) -> None:
    """Log a user out of the org, everywhere."""
    api = asked.api()
    found = user.find_user(api, user_)
    api.change("DELETE", below(USERS, found["id"], "sessions"))
    user.told(asked, found, say("{email} is logged out."))


@command("orgs", "unibos hub users orgs")
@click.pass_obj
def my_orgs(asked: Asked) -> None:
    """List the orgs that one belongs to."""
    answer = asked.api().get(MY_ORGS)
    if asked.json:
        show.document(answer)
        return
    heads = (say("Short name"), say("Name"), say("Role"))
    show.table(heads, ([one["slug"], one["name"], say(one["role"])] for one in answer["items"]))


def _of_a_hub(same: Spoken) -> Spoken:
    """A command of `unibos user` as it is called here."""
    copied = copy.copy(same)
    copied.examples = tuple(
        example.replace("unibos user ", "unibos hub users ") for example in same.examples
    )
    return copied


users = group(
    "users",
    *map(
        _of_a_hub,
        (user.list_users, user.add, user.passwd, user.set_role, user.disable, user.remove),
    ),
    set_email,
    log_out,
    my_orgs,
    text="Manage who belongs to an org.",
)
