"""The house rules that a program can check."""

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = sorted((ROOT / "unibos").rglob("*.py"))
ALL_PYTHON = [
    path for folder in ("unibos", "tests", "benchmarks") for path in (ROOT / folder).rglob("*.py")
]
LINES, FUNCTION_LINES = 500, 50
UNNAMED = {"utils", "util", "helpers", "helper", "common", "misc", "manager", "managers"}


def test_imports_go_down():
    done = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("path", ALL_PYTHON, ids=lambda path: str(path.relative_to(ROOT)))
def test_files_are_small_and_named_for_what_they_are(path):
    assert len(path.read_text().splitlines()) <= LINES
    assert not UNNAMED & {part.removesuffix(".py") for part in path.relative_to(ROOT).parts}


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_functions_are_short_and_what_is_public_is_documented(path):
    tree = ast.parse(path.read_text())
    assert ast.get_docstring(tree), "a module says what it is for"
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or 0) - node.lineno + 1
            declares = _declares_endpoints(node)
            assert length <= FUNCTION_LINES or declares, f"{node.name} has {length} lines"


def _declares_endpoints(node: ast.AST) -> bool:
    """A table of endpoints with their handlers is as long as the table."""
    return getattr(node, "name", "") == "endpoints"


def test_every_dependency_has_its_reason():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = {re.split(r"[<>=\[]", item)[0] for item in project["dependencies"]}
    told = (ROOT / "docs/dependencies.md").read_text()
    assert wanted == set(re.findall(r"^\| \[?`([a-z0-9-]+)`", told, re.MULTILINE))


def test_every_dependency_is_locked():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    for extra, lock in (([], "requirements.lock"), (["dev"], "requirements-dev.lock")):
        wanted = [*project["dependencies"]]
        for name in extra:
            wanted += project["optional-dependencies"][name]
        pins = re.compile(r"^([a-z0-9-]+)(?:\[[a-z0-9,-]+\])?==", re.MULTILINE)
        locked = set(pins.findall((ROOT / lock).read_text()))
        missing = {re.split(r"[<>=\[]", item)[0] for item in wanted} - locked
        assert not missing, f"{lock}: make lock"


def test_documents_point_only_at_what_is_there():
    for page in [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]:
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name} points at {target}"


def test_places_named_in_the_map_exist():
    told = (ROOT / "docs/architecture.md").read_text()
    for place in re.findall(
        r"`((?:core|roles|transports|modules|base|clients|ops)/[\w/.]+)`", told
    ):
        assert (ROOT / "unibos" / place).exists(), place


def test_nothing_is_left_unfinished():
    word = re.compile(r"\b(TODO|FIXME|XXX|NotImplementedError)\b")
    for path in SOURCES:
        assert not word.search(path.read_text()), path
