"""`unibos doctor`: is the box well, and what to do where it is not."""

import click

from unibos.clients.cli import show
from unibos.clients.cli.asked import Asked
from unibos.clients.cli.command import command
from unibos.clients.cli.exits import Exit
from unibos.clients.cli.words import say

_SIGNS = {"ok": ("✓", "green"), "warn": ("!", "yellow"), "fail": ("✗", "red")}


@command("doctor", "sudo unibos doctor", "unibos doctor --data ./data --json")
@click.pass_obj
def doctor(asked: Asked) -> int:
    """Check this machine and its data, and say what to do."""
    from unibos.ops.doctor import Check, examine

    checks: list[Check] = []
    for check in examine(asked.settings()):
        checks.append(check)
        if not asked.json:
            _tell(check.state, say(check.said, **check.facts), say(check.todo, **check.facts))
    if asked.json:
        items = [
            {
                "name": check.name,
                "state": check.state,
                "said": say(check.said, **check.facts),
                "todo": say(check.todo, **check.facts),
            }
            for check in checks
        ]
        show.document({"items": items})
    return Exit.FAILED if any(check.state == "fail" for check in checks) else Exit.OK


def _tell(state: str, said: str, todo: str) -> None:
    sign, colour = _SIGNS[state]
    click.echo(f"{click.style(sign, fg=colour)} {show.clean(said)}")
    if todo:
        click.echo(f"  → {show.clean(todo)}")
