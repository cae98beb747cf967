"""Every text of the command line has its Turkish, with the same facts in it."""

import ast
import string
from pathlib import Path

import click
import pytest

import unibos
from unibos.base.config import settings
from unibos.clients.cli import words
from unibos.clients.cli.app import cli
from unibos.clients.cli.words.tr import TURKISH, TURKISH_CODES
from unibos.clients.problems import unreachable

PACKAGE = Path(unibos.__file__).parent
# Words that come over the wire, and units.
DYNAMIC = {
    *("queued", "running", "done", "failed", "cancelled", "ok", "warn", "fail"),
    *("receipt", "invoice", "letter", "other"),
    *("photo", "video", "exact", "near"),
    *("owner", "admin", "member", "viewer"),
    *("individual", "family", "team", "organization", "nonprofit", "enterprise"),
    *("current", "next", "retired"),
    *("online", "late", "offline", "revoked"),
    *("starting", "idle", "failing", "stopped", "blobs"),
    *("d", "h", "min", "s"),
    *("local", "nodes", "hub", "push", "pull", "blob", "job"),
    *("unattached", "working", "away", "stopping", "fetching", "sending", "reporting"),
    *("back", "lost"),
    "documents",
    "progress",
}
# Click's own.
HELP_OPTION = "Show this message and exit."


@pytest.fixture(autouse=True)
def english_again():
    yield
    words.use("en")


def constants(node):
    return [node.value] if isinstance(node, ast.Constant) and isinstance(node.value, str) else []


def said_in(path):
    """The literals given to ``say``, hints of errors, and the texts of checks."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.keyword) and node.arg == "hint":
            yield from constants(node.value)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            if node.func.id == "say":
                yield from constants(node.args[0])
            elif node.func.id == "Check":
                yield from (text for arg in node.args[2:4] for text in constants(arg))
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) in ("said", "todo"):
            yield from constants(node.value)


def commands(command, ctx):
    yield command
    if isinstance(command, click.Group):
        for name in command.list_commands(ctx):
            yield from commands(command.get_command(ctx, name), ctx)


def help_texts():
    for command in commands(cli, click.Context(cli)):
        yield " ".join(command.help.split())
        yield from (param.help for param in command.params if isinstance(param, click.Option))


def all_texts():
    found = set(DYNAMIC) | {HELP_OPTION} | set(help_texts())
    speaking = ("clients", "ops", "modules/care")
    for path in sorted(path for room in speaking for path in (PACKAGE / room).rglob("*.py")):
        found |= set(said_in(path))
    return found


def places(text):
    return sorted(name for _, name, _, _ in string.Formatter().parse(text) if name)


def test_every_text_has_its_turkish():
    assert all_texts() - set(TURKISH) == set()


def test_nothing_is_translated_that_nobody_says():
    assert set(TURKISH) - all_texts() == set()


def test_translations_hold_the_same_facts():
    for english, turkish in TURKISH.items():
        assert places(english) == places(turkish), english


def test_every_command_and_option_has_help():
    for command in commands(cli, click.Context(cli)):
        assert command.help
        for param in command.params:
            assert not isinstance(param, click.Option) or param.help, (command.name, param.name)


def test_every_command_has_an_example_that_calls_it():
    for command in commands(cli, click.Context(cli)):
        if not isinstance(command, click.Group):
            assert any(f"{command.name}" in example for example in command.examples), command.name


def test_every_setting_with_an_option_has_turkish_help():
    for setting in settings():
        if setting.about.flag and setting.key != "data":
            assert setting.about.help in TURKISH


def test_facts_go_in_by_name():
    words.use("tr")
    assert words.say("{count} added", count=3) == TURKISH["{count} added"].format(count=3)
    assert words.say("never translated {x}", x=1) == "never translated 1"


def test_errors_are_told_by_their_code():
    error = unreachable("http://a", "refused")
    assert words.tell(error) == error.detail
    words.use("tr")
    assert words.tell(error) == TURKISH_CODES["unreachable"].format(**error.facts)


@pytest.mark.parametrize(
    ("asked", "environ", "language"),
    [
        (None, {}, "en"),
        (None, {"LANG": "tr_TR.UTF-8"}, "tr"),
        (None, {"LANG": "de_DE.UTF-8"}, "en"),
        (None, {"LANG": "tr_TR.UTF-8", "LC_MESSAGES": "en_GB"}, "en"),
        (None, {"LC_MESSAGES": "en_GB", "LC_ALL": "tr_TR"}, "tr"),
        (None, {"LC_ALL": "C", "UNIBOS_LANG": "tr"}, "tr"),
        ("en", {"LANG": "tr_TR.UTF-8"}, "en"),
        ("tr", {"LANG": "C"}, "tr"),
    ],
)
def test_the_language_is_the_flags_then_the_environments(asked, environ, language):
    assert words.wanted(asked, environ) == language
