"""What makes a program fit to be frozen: nothing in it is found by a name in a string."""

import ast
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
BY_NAME = {
    "import_module",
    "__import__",
    "entry_points",
    "load_module",
    "find_spec",
    "iter_modules",
}


def called(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call):
            yield getattr(node.func, "attr", getattr(node.func, "id", ""))


def test_no_module_is_found_by_string():
    sources = sorted((REPOSITORY / "unibos").rglob("*.py"))
    assert sources
    assert [(path, one) for path in sources for one in called(path) if one in BY_NAME] == []


def test_the_build_is_told_of_no_hidden_module():
    spec = (REPOSITORY / "packaging/unibos.spec").read_text()
    assert "hiddenimports" not in spec
    assert "collect_submodules" not in spec
