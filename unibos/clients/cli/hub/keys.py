"""`unibos hub keys`: what the hub signs access tokens with."""

from typing import Any

import click

from unibos.clients.cli import show
from unibos.clients.cli.asked import Asked
from unibos.clients.cli.asking import confirm
from unibos.clients.cli.command import command, group
from unibos.clients.cli.words import say
from unibos.clients.paths import KEYS


@command("list", "sudo unibos hub keys list", "sudo unibos hub keys list --json")
@click.pass_obj
def list_keys(asked: Asked) -> None:
    """List the signing keys: the one that signs, the next, those that did."""
    _told(asked, asked.api().get(KEYS))


@command("rotate", "sudo unibos hub keys rotate", "sudo unibos hub keys rotate --compromised")
@click.option("--compromised", is_flag=True, help="Others may know the keys: forget them at once.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def rotate(asked: Asked, compromised: bool, yes: bool) -> None:
    """Have the next signing key sign; every 90 days this happens by itself."""
    if compromised:
        question = say("All access tokens end; nodes out of reach refuse new ones. Go on?")
        confirm(question, yes=yes)
    _told(asked, asked.api().post(KEYS, {"compromised": compromised}))


def _told(asked: Asked, answer: dict[str, Any]) -> None:
    if asked.json:
        show.document(answer)
        return
    heads = (
        say("Key"),
        say("Algorithm"),
        say("State"),
        say("Made"),
        say("Signs since"),
        say("Signed until"),
    )
    show.table(heads, (_row(one) for one in answer["items"]))


def _row(one: dict[str, Any]) -> list[object]:
    times = (one["created_at"], one["current_at"], one["retired_at"])
    return [one["kid"], one["alg"], show.state(one["state"]), *map(show.moment, times)]


keys = group("keys", list_keys, rotate, text="Manage the keys that access tokens are signed with.")
