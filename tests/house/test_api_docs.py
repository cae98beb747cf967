"""docs/api.md tells of every endpoint and every code of an error, and of none that is not there."""

import ast
import dataclasses
from pathlib import Path
from unittest.mock import MagicMock

import pytest

from unibos.base import errors
from unibos.base.config import load
from unibos.clients.cli.exits import exit_of
from unibos.roles import hub_endpoints, node_endpoints
from unibos.roles.care import care
from unibos.roles.modules import modules
from unibos.transports.http.errors import status_of

ROOT = Path(__file__).parents[2]
KINDS = {
    name: kind
    for name, kind in vars(errors).items()
    if isinstance(kind, type) and issubclass(kind, errors.Error)
}


def section(title):
    """The rows of the table below a heading, as lists of cells."""
    text = (ROOT / "docs/api.md").read_text().partition(f"\n## {title}\n")[2]
    lines = [line for line in text.partition("\n## ")[0].splitlines() if line.startswith("|")]
    assert len(lines) > 2, f"there is no table of {title}"
    return [[cell.strip().strip("`") for cell in line.strip("|").split("|")] for line in lines[2:]]


ANSWERS = section("Codes of answers")
FAILURES = section("Codes of jobs and documents that failed")
COMMANDS = section("Codes of the command line")


def raised():
    """Codes in the source → the kinds that they are raised as."""
    found = {}
    for path in (ROOT / "unibos").rglob("*.py"):
        tree = ast.parse(path.read_text())
        named = dict(constants(tree))
        for node in ast.walk(tree):
            kind = getattr(node, "func", None)
            kind = getattr(kind, "id", getattr(kind, "attr", ""))
            if not isinstance(node, ast.Call) or kind not in {*KINDS, "JobError"} or not node.args:
                continue
            first = node.args[0]
            code = getattr(first, "value", None) or named.get(getattr(first, "id", ""))
            if isinstance(code, str):
                found.setdefault(code, set()).add(kind)
    return found


def constants(tree):
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant):
            yield from ((name.id, node.value.value) for name in node.targets)


RAISED = raised()


def declared(room):
    """What a role can be asked."""
    config = load({}, {}, None)
    given = {
        "config": config,
        "modules": modules(config.documents, config.media, care(config, dict).module),
    }
    names = [field.name for field in dataclasses.fields(room.Parts)]
    parts = {name: given.get(name, MagicMock()) for name in names}
    return {
        (one.method, one.full_path, one.asked_by, one.summary)
        for one in room.endpoints(room.Parts(**parts))
    }


def test_every_endpoint_is_told():
    node, hub = declared(node_endpoints), declared(hub_endpoints)
    where = {True: "node", False: "hub"}
    present = {
        (method, path, "both" if one in node & hub else where[one in node], *rest)
        for one in node | hub
        for method, path, *rest in [one]
    }
    told = [tuple(row) for row in section("Endpoints")]
    assert set(told) == present
    assert len(told) == len(present)


def test_every_code_is_told_once():
    told = [row[0] for row in (*ANSWERS, *FAILURES, *COMMANDS)]
    assert sorted(told) == sorted(RAISED)


@pytest.mark.parametrize(("code", "status", "meaning"), ANSWERS, ids=[row[0] for row in ANSWERS])
def test_a_code_of_an_answer_has_its_status(code, status, meaning):
    possible = {status_of(KINDS[kind](code, "")) for kind in RAISED[code] & KINDS.keys()}
    assert int(status) in possible
    assert meaning


@pytest.mark.parametrize(
    ("code", "exit_code", "_meaning"), COMMANDS, ids=[row[0] for row in COMMANDS]
)
def test_a_code_of_the_command_line_has_its_exit_code(code, exit_code, _meaning):
    assert {int(exit_of(KINDS[kind](code, ""))) for kind in RAISED[code]} == {int(exit_code)}
