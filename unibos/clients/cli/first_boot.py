"""`unibos first-boot`: what a card from an image calls when it starts."""

from pathlib import Path

import click

from unibos.clients.cli.command import Spoken


@click.command("first-boot", cls=Spoken, hidden=True, examples=("sudo unibos first-boot",))
@click.option("--boot", default="/boot/firmware", help="Folder of the boot partition.")
@click.option("--card", default="", help="What the card says of itself.")
@click.option("--board", default="", help="What the board says of itself.")
def first_boot(boot: str, card: str, board: str) -> None:
    """Name this machine and take the settings on its boot partition; for images only."""
    from unibos.ops.first_boot.host import run_here
    from unibos.ops.first_boot.start import start

    for line in start(Path("/"), Path(boot), run_here, card=card, board=board):
        click.echo(line)
