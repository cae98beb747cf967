"""`unibos hub tokens`: what nodes and workers join an org with.

`unibos tokens` makes what workers join a node with.
"""

import re
import shutil
import sys
from typing import Any

import click

from unibos.clients.cli import show
from unibos.clients.cli.asked import Asked
from unibos.clients.cli.command import command, group
from unibos.clients.cli.words import say
from unibos.clients.paths import TOKENS, below

_MINUTES = {"min": 1, "m": 1, "h": 60, "d": 24 * 60}
_LENGTH = re.compile(r"([0-9]{1,5}) ?(min|m|h|d)")
_MOST = 30 * 24 * 60
_BORDER = 2


_uses = click.option(
    "--uses", type=click.IntRange(1, 1000), default=1, help="How many may join with it (1)."
)
_expires = click.option("--expires", default="1h", help="How long it is good: 30min, 12h, 7d (1h).")
_label = click.option("--label", default="", help="What it is for.")
_qr = click.option("--qr/--no-qr", default=None, help="Show it as a QR code, too.")


@command(
    "create",
    "sudo unibos hub tokens create --org smith",
    "unibos hub tokens create --uses 20 --expires 7d --label school",
    "sudo unibos hub tokens create --role worker --all-orgs",
)
@click.option(
    "--role",
    type=click.Choice(("node", "worker")),
    default="node",
    help="What those become who join with it (node).",
)
@click.option("--all-orgs", is_flag=True, help="Have the worker work for all orgs of the hub.")
@_uses
@_expires
@_label
@_qr
@click.pass_obj
def create(
    asked: Asked,
    role: str,
    all_orgs: bool,
    uses: int,
    expires: str,
    label: str,
    qr: bool | None,
) -> None:
    """Make a token to join the org with."""
    wanted = {"uses": uses, "label": label, "expires_minutes": _minutes(expires)}
    if role == "worker" or all_orgs:
        wanted |= {"role": role, "all_orgs": all_orgs}
    _make(asked, wanted, qr)


@command(
    "create",
    "sudo unibos tokens create",
    "unibos tokens create --uses 3 --label attic",
)
@click.option(
    "--role",
    type=click.Choice(("worker",)),
    default="worker",
    help="What those become who join with it (worker).",
)
@_uses
@_expires
@_label
@_qr
@click.pass_obj
def create_for_node(
    asked: Asked, role: str, uses: int, expires: str, label: str, qr: bool | None
) -> None:
    """Make a token for workers to join this node with: they get what its jobs work on."""
    wanted = {"role": role, "uses": uses, "label": label, "expires_minutes": _minutes(expires)}
    _make(asked, wanted, qr)


def _make(asked: Asked, wanted: dict[str, Any], qr: bool | None) -> None:
    made = asked.api().post(TOKENS, wanted)
    if asked.json:
        show.document(made)
        return
    click.echo(show.clean(made["token"]))
    # Beside the token, not in it: `… tokens create > token` keeps the token alone.
    if wanted.get("role") == "worker":
        click.echo(say("On the worker: sudo unibos-worker join, and paste it there."), err=True)
    else:
        click.echo(say("On the node: sudo unibos join, and paste it there."), err=True)
    click.echo(_good(made["uses"], show.moment(made["expires_at"])), err=True)
    if sys.stdout.isatty() if qr is None else qr:
        _show_code(made["token"])


def _good(uses: int, until: str) -> str:
    if uses == 1:
        return say("Good for one use until {until}.", until=until)
    return say("Good for {uses} uses until {until}.", uses=uses, until=until)


@command("list", "sudo unibos hub tokens list", "unibos hub tokens list --json")
@click.pass_obj
def list_tokens(asked: Asked) -> None:
    """List the org's join tokens, without their secrets."""
    items = list(asked.api().each(TOKENS))
    if asked.json:
        show.document({"items": items, "next": None})
        return
    heads = (
        say("Id"),
        say("For"),
        say("Label"),
        say("Uses left"),
        say("Expires"),
        say("State"),
    )
    show.table(heads, (_row(one) for one in items))


@command("revoke", "sudo unibos hub tokens revoke 0197a0c0-5b3e-7c1a-9d55-0a4b2f8e6d11")
@click.argument("token_id", metavar="ID")
@click.pass_obj
def revoke(asked: Asked, token_id: str) -> None:
    """Have nobody join with a token any more."""
    asked.api().change("DELETE", below(TOKENS, token_id))
    if asked.json:
        show.document({"id": token_id})
    else:
        click.echo(say("The token is revoked. Who joined with it stays."))


def _minutes(text: str) -> int:
    """A length such as ``12h`` in minutes.

    :raises BadParameter: it is none, or longer than 30 days.
    """
    found = _LENGTH.fullmatch(text.strip())
    minutes = int(found[1]) * _MINUTES[found[2]] if found else 0
    if not 1 <= minutes <= _MOST:
        raise click.BadParameter(say("{length} is no length up to 30d, such as 12h.", length=text))
    return minutes


def _show_code(token: str) -> None:
    """Draw the token in dark and light whatever the terminal's own colours are."""
    from io import StringIO

    import segno

    code = segno.make(token, error="l", micro=False)
    if sys.stdout.isatty() and code.symbol_size(border=_BORDER)[0] > _columns():
        click.echo(say("The window is too narrow for the QR code."), err=True)
        return
    drawn = StringIO()
    code.terminal(out=drawn, border=_BORDER, compact=True)
    for line in drawn.getvalue().splitlines():
        click.echo(click.style(line, fg="bright_white", bg="black"))


def _columns() -> int:
    return shutil.get_terminal_size().columns


def _row(one: dict[str, Any]) -> list[object]:
    left = f"{one['uses_left']}/{one['uses']}"
    role = say("workers") if one.get("role") == "worker" else say("nodes")
    until = show.moment(one["expires_at"])
    return [one["id"], role, one["label"], left, until, _state(one)]


def _state(one: dict[str, Any]) -> str:
    if one["expired"]:
        return say("expired")
    return say("good") if one["uses_left"] else say("used up")


tokens = group(
    "tokens", create, list_tokens, revoke, text="Manage what nodes and workers join an org with."
)
node_tokens = group(
    "tokens",
    create_for_node,
    list_tokens,
    revoke,
    text="Manage what workers join this node with.",
)
