"""`unibos join`: make this node one of a hub's."""

import sys
import time
from typing import TYPE_CHECKING, Any

import click

from unibos.base.errors import Error, Unauthenticated, Unavailable
from unibos.clients.cli import show
from unibos.clients.cli.asked import Asked
from unibos.clients.cli.asking import confirm, text
from unibos.clients.cli.command import command
from unibos.clients.cli.words import say
from unibos.clients.paths import HUB, HUB_JOIN, HUB_PREVIEW

if TYPE_CHECKING:
    from unibos.clients.api import Api

PATIENCE_S = 300.0
_PAUSE_S = 0.3


@command(
    "join",
    "sudo unibos join unibos-join-eyJ2IjoxLCJ1cmxz…",
    "sudo unibos join - --yes < token",
    "sudo unibos join --also unibos-join-eyJ2IjoxLCJ1cmxz…",
)
@click.argument("token", metavar="[TOKEN|-]", required=False)
@click.option("--name", default="", help="What the hub is to call this node.")
@click.option("--also", is_flag=True, help="Beside the present hub, to sync with both.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def join(asked: Asked, token: str | None, name: str, also: bool, yes: bool) -> None:
    """Join the hub that a token (- reads it from standard input) is from; what this node has
    becomes the org's.
    """
    given = sys.stdin.read().strip() if token == "-" else token  # noqa: S105 - a dash
    whole = text(given, say("Join token"), "TOKEN")
    api = asked.api()
    beside = {"also": True} if also else {}
    if not yes:
        _ask(asked, api.post(HUB_PREVIEW, {"token": whole} | beside), also=also)
    taken = api.post(HUB_JOIN, {"token": whole, "name": name} | beside)
    if also:
        _tell_also(asked, taken)
        return
    place = _joined(api, taken)
    if asked.json:
        show.document(place)
        return
    named = {"hub": show.clean(place["hub"]["name"]), "org": show.clean(place["org"]["name"])}
    click.echo(say("This node has joined {hub} and belongs to {org}.", **named))
    click.echo(say("Next: log in with an account of the hub, or look at `unibos status`."))


def _tell_also(asked: Asked, place: dict[str, Any]) -> None:
    """It stays the node that it was, so there is nothing to wait for."""
    if asked.json:
        show.document(place)
        return
    hub = show.clean(place["beside"][-1]["hub"]["name"])
    click.echo(say("This node now syncs with {hub} as well.", hub=hub))


def _ask(asked: Asked, lead: dict[str, Any], *, also: bool) -> None:
    """Show where the token leads, and whether that is meant."""
    if not asked.json:
        show.facts(
            {
                say("Hub"): lead["hub"]["name"],
                say("Fingerprint"): lead["hub"]["id"],
                say("Address"): lead["url"],
                say("Good until"): show.moment(lead["expires_at"]),
            }
        )
    if also:
        question = say("Join it as well? What may leave this node goes to its org there, too.")
    else:
        question = say("Join it? What this node has becomes the org's.")
    confirm(question, yes=False)


def _joined(api: "Api", taken: dict[str, Any]) -> dict[str, Any]:
    """Wait until the node has started anew; its place at the hub then.

    :raises Unavailable: ``join_unfinished``.
    """
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        time.sleep(_PAUSE_S)
        try:
            place: dict[str, Any] = api.get(HUB)
        except Unauthenticated:
            # A login over the network is of the org that the node was before.
            return {**taken, "state": "joined"}
        except Error as error:
            if not isinstance(error, Unavailable):
                raise
            continue
        if place["state"] == "joined":
            return place
    raise Unavailable(
        "join_unfinished",
        say("The node has not come back yet."),
        hint=say("See `unibos logs`; it goes on with joining whenever it starts."),
    )
