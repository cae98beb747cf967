"""The command line: its root, and how a call of it ends."""

import contextlib
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from unibos.base.errors import Error
from unibos.base.origin import origin
from unibos.clients.cli import words
from unibos.clients.cli.asked import Asked
from unibos.clients.cli.command import SpokenGroup
from unibos.clients.cli.commands import COMMANDS
from unibos.clients.cli.exits import Exit, exit_of
from unibos.clients.cli.words import say

# The API tells its callers of tokens; who sits at a terminal logs in.
_LOGIN_ENDED = frozenset({"session_ended", "token_expired", "token_invalid", "token_missing"})

# What the shell sets when it asks for completions.
_COMPLETE = "_UNIBOS_COMPLETE"


def run(arguments: Sequence[str]) -> int:
    """Carry out one call and tell its exit code; never raises, never shows a traceback."""
    words.use(words.wanted(_language_asked(arguments), os.environ))
    asked = Asked(json="--json" in arguments)
    try:
        answer = _answer(list(arguments), asked)
    except (click.Abort, EOFError, KeyboardInterrupt):
        click.echo(err=True)
        return Exit.INTERRUPTED
    except Exception as error:  # noqa: BLE001 -- a defect, too, is told in one line
        return _ended(error, asked)
    return answer if isinstance(answer, int) else Exit.OK


def _answer(arguments: list[str], asked: Asked) -> object:
    """What the command returns, or the exit code with which Click ended it."""
    if _COMPLETE in os.environ:
        cli.main(arguments, prog_name="unibos")  # The shell asks; this ends the process.
    # Click's own main would end the process with 1 where the reader of the output has gone.
    try:
        with cli.make_context("unibos", arguments, obj=asked) as ctx:
            return cli.invoke(ctx)
    except click.exceptions.Exit as ended:
        return ended.exit_code


def _ended(error: Exception, asked: Asked) -> int:
    if isinstance(error, click.ClickException):
        return _usage(error, asked)
    if isinstance(error, BrokenPipeError):
        # Whoever read has gone, such as `head`: the rest of the output has no place to go.
        with contextlib.suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Exit.OK
    if isinstance(error, Error):
        return _failed(error, asked)
    if isinstance(error, OSError):
        named = f"{error.filename}: {error.strerror}" if error.filename else str(error)
        return _failed(Error("system_error", named), asked)
    return _failed(_defect(error), asked)


def _usage(error: click.ClickException, asked: Asked) -> int:
    ctx = getattr(error, "ctx", None)
    hint = say("See {command} --help.", command=ctx.command_path if ctx else "unibos")
    _tell("usage", _wrong(error), hint, asked)
    return Exit.USAGE


def _wrong(error: click.ClickException) -> str:
    """What is wrong with a call, in the user's language for the usual slips."""
    if isinstance(error, click.NoSuchOption):
        near = list(error.possibilities or ())
        said = say("There is no option {name}.", name=error.option_name)
        return f"{said} {say('Did you mean {near}?', near=near[0])}" if near else said
    if isinstance(error, click.MissingParameter) and error.param:
        return say("{option} is missing.", option=error.param.human_readable_name)
    return error.format_message()


def _failed(error: Error, asked: Asked) -> int:
    hint = say("Log in: unibos login") if error.code in _LOGIN_ENDED else say(error.hint)
    _tell(error.code, words.tell(error), hint, asked)
    return exit_of(error)


def _tell(code: str, detail: str, hint: str, asked: Asked) -> None:
    from unibos.base.log import escaped

    if asked.json:
        said = {"code": code, "detail": detail, "hint": hint}
        click.echo(json.dumps(said, ensure_ascii=False), err=True)
        return
    head = click.style(say("Error:"), fg="red", bold=True)
    click.echo(f"{head} {escaped(detail)} [{escaped(code)}]", err=True)
    if hint:
        click.echo(f"{say('Hint:')} {escaped(hint)}", err=True)


def _defect(error: Exception) -> Error:
    trace = error.__traceback__
    while trace and trace.tb_next:
        trace = trace.tb_next
    where = f"{Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}" if trace else ""
    return Error(
        "defect",
        f"{type(error).__name__}: {error} ({where})",
        hint=say("This is a defect of UNIBOS: please report it with this line."),
    )


def _language_asked(arguments: Sequence[str]) -> str | None:
    """The value of ``--lang``, read ahead of all else because help depends on it."""
    for index, argument in enumerate(arguments):
        if argument.startswith("--lang="):
            return argument.removeprefix("--lang=")
        if argument == "--lang" and index + 1 < len(arguments):
            return arguments[index + 1]
    return None


def _version(ctx: click.Context, _param: click.Parameter, value: bool) -> None:
    if value:
        here, asked = origin(), ctx.ensure_object(Asked)
        click.echo(here.document() if asked.json else here.line())
        ctx.exit()


cli = SpokenGroup(
    "unibos",
    help="Your own data server: keeps documents and data, reads them, finds them again.",
    loaders=COMMANDS,
    examples=(
        "unibos setup",
        "unibos add receipt.jpg",
        "unibos search coffee",
        "unibos status --json",
    ),
    params=[
        click.Option(
            ("--version",),
            is_flag=True,
            is_eager=True,
            expose_value=False,
            callback=_version,
            help="Show version, commit and architecture.",
        )
    ],
)
for _option in cli.params:
    # Everywhere they are understood; here they are also told.
    if isinstance(_option, click.Option):
        _option.hidden = False
