"""`unibos-dev`, the door to packaging/build."""

import json
import subprocess
import sys

import pytest

import unibos as package
from unibos.clients.cli.exits import Exit

BUILD = """#!/bin/sh
echo "asked: $*"
mkdir -p build/arm64
echo "aa  unibos_1.deb" > build/arm64/checksums.sha256
"""


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """A source tree whose build only says what it was asked for."""
    (tmp_path / "packaging").mkdir()
    (tmp_path / "unibos").mkdir()
    monkeypatch.setattr(package, "__file__", str(tmp_path / "unibos/__init__.py"))
    monkeypatch.chdir(tmp_path)

    def write(text):
        script = tmp_path / "packaging/build"
        script.write_text(text)
        script.chmod(0o755)
        return tmp_path

    return write


def test_platforms_reach_the_build(unibos, checkout):
    checkout(BUILD)
    ended = unibos("dev", "build", "node", "--platform", "arm64", "--platform", "armel")
    assert ended.code == 0
    assert "asked: --platform arm64 --platform armel" in ended.out


def test_machines_get_files_with_their_hashes(unibos, checkout):
    folder = checkout(BUILD)
    ended = unibos("dev", "build", "all", "--json")
    assert json.loads(ended.out)["items"] == [
        {
            "architecture": "arm64",
            "folder": str(folder / "build/arm64"),
            "sha256": {"unibos_1.deb": "aa"},
        }
    ]


def test_a_failed_build_and_no_source_are_told(unibos, checkout, tmp_path):
    ended = unibos("dev", "build", "--json")
    assert (ended.code, json.loads(ended.err)["code"]) == (Exit.NOT_FOUND, "no_source")
    checkout("#!/bin/sh\nexit 3\n")
    ended = unibos("dev", "build", "--json")
    assert (ended.code, json.loads(ended.err)["code"]) == (Exit.LATER, "build_failed")


@pytest.mark.parametrize(
    ("name", "known"),
    [("unibos-dev", "build"), ("unibos-hub", "invitations"), ("unibos-worker", "explain")],
)
def test_the_name_picks_the_group(tmp_path, name, known):
    script = tmp_path / name
    script.write_text("from unibos.__main__ import main\n\nmain()\n")
    done = subprocess.run(
        [sys.executable, script, "--help"],
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
        env={"PYTHONPATH": package.__path__[0] + "/..", "LANG": "C"},
    )
    assert known in done.stdout.partition("Commands")[2]
