"""What is asked of the person at the terminal.

Passwords come from a prompt or from standard input, never from the command line: other users of
the machine can read that.
"""

import sys

import click

from unibos.base.errors import Invalid
from unibos.clients.cli.words import say

STDIN_HELP = "Read the password from standard input."


def password(prompt: str, *, from_stdin: bool, confirm: bool = False) -> str:
    """Ask for a password.

    :raises Invalid: ``password_missing`` when there is nobody to ask.
    """
    if from_stdin:
        given = sys.stdin.readline().rstrip("\r\n")
        if given:
            return given
    elif _person_there():
        answer: str = click.prompt(
            prompt, hide_input=True, confirmation_prompt=say("The same again") if confirm else False
        )
        return answer
    raise Invalid(
        "password_missing",
        say("There is no password."),
        hint=say("Give it on standard input with --password-stdin."),
    )


def text(value: str | None, prompt: str, option: str) -> str:
    """A value that was given, or asked for now.

    :raises UsageError: nothing was given, and there is nobody to ask.
    """
    if value:
        return value
    if not _person_there():
        raise click.UsageError(say("{option} is missing.", option=option))
    answer: str = click.prompt(prompt)
    return answer


def confirm(question: str, *, yes: bool) -> None:
    """Ask before something that can't be taken back.

    :raises Abort: the answer is no.
    :raises UsageError: there is nobody to ask.
    """
    if yes:
        return
    if not _person_there():
        raise click.UsageError(say("{option} is missing.", option="--yes"))
    click.confirm(question, abort=True)


def _person_there() -> bool:
    return sys.stdin.isatty()
