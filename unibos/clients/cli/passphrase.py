"""The secret of a backup: a passphrase or a key file, never on the command line itself."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from unibos.base.errors import Invalid
from unibos.clients.cli.asking import password
from unibos.clients.cli.words import say

if TYPE_CHECKING:
    from unibos.ops.backup.age import Secret

_LEAST_LETTERS = 12

Function = TypeVar("Function", bound=Callable[..., Any])


def secret_options(function: Function) -> Function:
    """The place of the repository, a folder or an address, and the ways to give its secret."""
    for declared in (
        click.option("--key-file", metavar="FILE", help="The key in place of a passphrase."),
        click.option("--passphrase-stdin", is_flag=True, help="Read the passphrase from there."),
        click.option("--passphrase-file", metavar="FILE", help="Its first line is the passphrase."),
        click.argument("place", metavar="PLACE"),
    ):
        function = declared(function)
    return function


def read_secret(
    passphrase_file: str | None, key_file: str | None, *, from_stdin: bool, new: bool = False
) -> "Secret":
    """The secret that was given, or asked for now.

    :param new: it is for a new repository: a key file is made where there is none.
    :raises Invalid: ``passphrase_missing``, ``passphrase_too_short``, ``backup_key_invalid``.
    """
    from unibos.ops.backup import keys
    from unibos.ops.backup.age import Passphrase

    if sum((bool(passphrase_file), bool(key_file), from_stdin)) > 1:
        raise click.UsageError(say("Give one of passphrase and key, not several."))
    if key_file:
        path = Path(key_file)
        if new and not path.exists():
            made = keys.make_file(path)
            click.echo(say("{file} is made: keep a copy of it elsewhere.", file=path), err=True)
            return made
        return keys.read(path.read_text())
    return Passphrase(_passphrase(passphrase_file, from_stdin=from_stdin, new=new))


def _passphrase(file: str | None, *, from_stdin: bool, new: bool) -> str:
    if file:
        lines = Path(file).read_text().splitlines()
        given = lines[0] if lines else ""
    else:
        given = _asked_for(from_stdin=from_stdin, new=new)
    if new and len(given) < _LEAST_LETTERS:
        raise Invalid(
            "passphrase_too_short",
            say("A backup's passphrase has at least {least} letters.", least=_LEAST_LETTERS),
            hint=say("Some words by chance are good, or use a key file: --key-file."),
        )
    return given


def _asked_for(*, from_stdin: bool, new: bool) -> str:
    given = sys.stdin.readline().rstrip("\r\n") if from_stdin else ""
    if not given and (from_stdin or not sys.stdin.isatty()):
        raise Invalid(
            "passphrase_missing",
            say("There is no passphrase."),
            hint=say("Give --passphrase-file, --passphrase-stdin or --key-file."),
        )
    return given or password(say("Passphrase of the backup"), from_stdin=False, confirm=new)
