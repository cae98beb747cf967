"""`unibos completion`: let the shell complete commands and options."""

import click
from click.shell_completion import get_completion_class

from unibos.clients.cli.command import command


@command(
    "completion",
    "unibos completion bash > /etc/bash_completion.d/unibos",
    "unibos completion fish > ~/.config/fish/completions/unibos.fish",
    'eval "$(unibos completion zsh)"',
)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print what makes a shell complete commands and options."""
    known = get_completion_class(shell)
    if known is None:
        raise click.UsageError(shell, ctx)
    click.echo(known(ctx.find_root().command, {}, "unibos", "_UNIBOS_COMPLETE").source())
