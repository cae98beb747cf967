"""Commands and groups that speak the user's language and take the global options anywhere."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import click

from unibos.clients.cli.asked import Asked
from unibos.clients.cli.words import LANGUAGES, say

Loader = Callable[[], click.Command]
_PREFIX = "global_"


class Spoken(click.Command):
    """Help in the user's language, with examples; the global options are added.

    :param examples: calls that work as they stand, shown below the help.
    """

    def __init__(self, *args: Any, examples: Sequence[str] = (), **options: Any) -> None:
        super().__init__(*args, **options)
        self.examples = tuple(examples)
        self.params += _global_options()

    def get_short_help_str(self, limit: int = 45) -> str:
        """The help's first sentence, whole."""
        return say(_first_line(self.help)).removesuffix(".")

    def format_usage(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """How it is called."""
        pieces = " ".join(self.collect_usage_pieces(ctx))
        formatter.write_usage(ctx.command_path, pieces, prefix=say("Usage:") + " ")

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """What it does."""
        formatter.write_paragraph()
        with formatter.indentation():
            formatter.write_text(say(_text(self.help)))

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """What it takes."""
        options = [param for param in self.get_params(ctx) if isinstance(param, click.Option)]
        records = [record for option in options if (record := option.get_help_record(ctx))]
        with formatter.section(say("Options")):
            formatter.write_dl([(names, say(text)) for names, text in records])

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """How others use it."""
        if self.examples:
            with formatter.section(say("Examples")):
                formatter.write("".join(f"  {example}\n" for example in self.examples))


class SpokenGroup(Spoken, click.Group):
    """A group whose commands are imported when they are called.

    :param loaders: by name; functions, so that a frozen program knows what to pack.
    """

    def __init__(
        self, *args: Any, loaders: Mapping[str, Loader] | None = None, **options: Any
    ) -> None:
        super().__init__(*args, **options)
        self.loaders = loaders or {}

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All names, in the order of their declaration."""
        return [*self.loaders, *self.commands]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """One command, imported now."""
        loader = self.loaders.get(cmd_name)
        return loader() if loader else super().get_command(ctx, cmd_name)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command, or name the nearest one."""
        if args and self.get_command(ctx, args[0]) is None and not args[0].startswith("-"):
            from difflib import get_close_matches

            said = say("There is no command {name}.", name=args[0])
            near = get_close_matches(args[0], self.list_commands(ctx), n=1)
            raise click.UsageError(
                f"{said} " + say("Did you mean {near}?", near=near[0]) if near else said, ctx
            )
        return super().resolve_command(ctx, args)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Without a command, help is what is asked for."""
        return super().parse_args(ctx, args or ["--help"])

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """What it takes, and its commands."""
        super().format_options(ctx, formatter)
        rows = []
        for name in self.list_commands(ctx):
            command = self.get_command(ctx, name)
            if command and not command.hidden:
                rows.append((name, command.get_short_help_str()))
        with formatter.section(say("Commands")):
            formatter.write_dl(rows)


def command(name: str, *examples: str) -> Callable[[Callable[..., Any]], Spoken]:
    """Declare a command; the function's docstring is its help, in one paragraph."""

    def declared(function: Callable[..., Any]) -> Spoken:
        return click.command(name, cls=Spoken, examples=examples)(function)

    return declared


def group(name: str, *commands: click.Command, text: str) -> SpokenGroup:
    """Declare a group of commands; ``text`` is its help."""
    return SpokenGroup(name, help=text, commands=list(commands))


def _global_options() -> list[click.Parameter]:
    def option(name: str, *, text: str, hidden: bool = True, **more: Any) -> click.Option:
        # With a prefix, so that a command may call an argument of its own `data`.
        names = f"--{name}", _PREFIX + name
        return click.Option(
            names, help=text, hidden=hidden, expose_value=False, callback=_keep, **more
        )

    return [
        option("json", is_flag=True, default=None, text="Answer in JSON.", hidden=False),
        option("data", metavar="FOLDER", text="Folder of the instance's data."),
        option("config", metavar="FILE", text="File of settings."),
        option("url", metavar="URL", text="Address of an instance on the network."),
        option("org", metavar="ORG", text="Id or short name of the org to act in, on a hub."),
        option("lang", type=click.Choice(LANGUAGES), text="Language of what is said."),
    ]


def _keep(ctx: click.Context, param: click.Parameter, value: object) -> None:
    asked = ctx.find_root().ensure_object(Asked)
    if value is not None and param.name:
        setattr(asked, param.name.removeprefix(_PREFIX), value)


def _text(help_text: str | None) -> str:
    return " ".join((help_text or "").split())


def _first_line(help_text: str | None) -> str:
    return _text((help_text or "").split("\n\n")[0])
