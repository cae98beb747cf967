"""`unibos logs`: what the service has logged."""

import os
import shutil
import subprocess

import click

from unibos.base.errors import NotFound
from unibos.clients.cli.asked import Asked
from unibos.clients.cli.command import command
from unibos.clients.cli.words import say

UNIT = "unibos-node"
_UNITS = (UNIT, "unibos-hub", "unibos-worker")


@command("logs", "unibos logs", "unibos logs --follow", "unibos logs --since '1 hour ago' --json")
@click.option("-f", "--follow", is_flag=True, help="Go on with what comes.")
@click.option("-n", "--lines", default=100, show_default=False, help="So many lines (100).")
@click.option("--since", metavar="TIME", help="From this time on, such as '1 hour ago'.")
@click.pass_obj
def logs(asked: Asked, follow: bool, lines: int, since: str | None) -> None:
    """Show what the service has logged."""
    program = shutil.which("journalctl")
    if not program or not _has_unit():
        raise NotFound(
            "no_journal",
            say("The service {unit} is not installed here.", unit=UNIT),
            hint=say("`unibos serve` logs to standard error: look where it was started."),
        )
    arguments = [program, *(f"--unit={unit}" for unit in _UNITS)]
    arguments += ["--lines", str(lines), "--no-hostname"]
    arguments += ["--follow"] if follow else ["--no-pager"]
    arguments += ["--since", since] if since else []
    arguments += ["--output", "json"] if asked.json else []
    os.execv(program, arguments)  # noqa: S606 -- no shell; this process has nothing left to do


def _has_unit() -> bool:
    asked = ["systemctl", "list-unit-files", "--quiet", f"{UNIT}.service"]
    try:
        return subprocess.run(asked, capture_output=True, check=False).returncode == 0
    except OSError:
        return False
