"""`unibos-worker stop`: let the worker of this machine end what it does, and end."""

import time

import click

from unibos.base.errors import Error, Unavailable
from unibos.clients.cli import show
from unibos.clients.cli.asked import Asked
from unibos.clients.cli.command import command
from unibos.clients.cli.words import say
from unibos.clients.cli.worker import local
from unibos.clients.problems import UNREACHABLE

_PAUSE_S = 0.2
_MORE_S = 30.0
"""Beyond the time of the drain: handing back, and the end of the process."""


@command("stop", "sudo unibos-worker stop", "sudo unibos-worker stop --drain 0 --json")
@click.option(
    "--drain",
    type=click.IntRange(0, 86400),
    metavar="SECONDS",
    help="Time that running jobs get before they are handed back.",
)
@click.pass_obj
def stop(asked: Asked, drain: int | None) -> None:
    """Have the worker of this machine take no more jobs, end or hand back those it has, and end."""
    data = asked.settings().data
    wanted = {} if drain is None else {"drain": drain}
    seconds = local.ask(data, "stop", **wanted)["drain_seconds"]
    if not _ended(asked, time.monotonic() + seconds + _MORE_S):
        raise Unavailable(
            "stop_unfinished",
            say("The worker has not stopped yet."),
            hint=say("See what it does: unibos-worker tasks"),
        )
    if asked.json:
        show.document({"stopped": True, "drain_seconds": seconds})
    else:
        click.echo(say("The worker has stopped."))


def _ended(asked: Asked, until: float) -> bool:
    """Wait until it has nothing in its hands any more."""
    data = asked.settings().data
    while time.monotonic() < until:
        try:
            told = local.ask(data, "status")
        except Error as error:
            if error.code != UNREACHABLE:
                raise
            return True
        if told["state"] == "stopped":
            # Its process is also a node or a hub, and goes on.
            return True
        time.sleep(_PAUSE_S)
    return False
