"""`unibos dev`, also called `unibos-dev`: for whoever has the source."""

import subprocess
import sys
from pathlib import Path

import click

import unibos
from unibos.base.errors import NotFound, Unavailable
from unibos.clients.cli import show
from unibos.clients.cli.asked import Asked
from unibos.clients.cli.command import SpokenGroup, command
from unibos.clients.cli.words import say

_ARCHITECTURES = ("amd64", "arm64", "armhf", "armel")


@command(
    "build",
    "unibos-dev build all",
    "unibos-dev build node --platform arm64 --platform armhf --json",
)
@click.argument(
    "what", type=click.Choice(("node", "hub", "worker", "worker-core", "all")), default="all"
)
@click.option(
    "--platform",
    "platforms",
    type=click.Choice(_ARCHITECTURES),
    multiple=True,
    help="For this architecture, by emulation where it is another; may be repeated.",
)
@click.option("--sign", metavar="KEY", help="Sign the checksums with this secret key of minisign.")
@click.pass_obj
def build(asked: Asked, what: str, platforms: tuple[str, ...], sign: str | None) -> None:
    """Build the program and its packages below build/; one program is every role."""
    checkout = _checkout()
    words = [word for one in platforms for word in ("--platform", one)]
    words += ["--sign", str(Path(sign).resolve())] if sign else []
    # The progress is for people; the answer is what was built.
    told = sys.stderr if asked.json else None
    done = subprocess.run([checkout / "packaging/build", *words], stdout=told, check=False)
    if done.returncode != 0:
        raise Unavailable("build_failed", say("The build has failed; what it said stands above."))
    if asked.json:
        built = sorted((checkout / "build").glob("*/checksums.sha256"))
        wanted = [one for one in built if not platforms or one.parent.name in platforms]
        show.document({"items": [_built(one) for one in wanted]})


def _built(checksums: Path) -> dict[str, object]:
    lines = checksums.read_text().splitlines()
    files = {name: digest for digest, name in (line.split("  ", 1) for line in lines)}
    return {
        "architecture": checksums.parent.name,
        "folder": str(checksums.parent),
        "sha256": files,
    }


def _checkout() -> Path:
    """The source that this program runs from.

    :raises NotFound: ``no_source``.
    """
    found = Path(unibos.__file__).parents[1]
    if not (found / "packaging/build").exists():
        raise NotFound(
            "no_source",
            say("This program was not started from its source; only that can be built."),
            hint=say("Get the source, then: make run, and .venv/bin/unibos-dev build"),
        )
    return found


dev = SpokenGroup("dev", help="Build the program from its source.", commands=[build], hidden=True)
