"""Builds for other architectures, as far as that goes without one."""

import os
import sys
from pathlib import Path

import pytest

PACKAGING = Path(__file__).parents[2] / "packaging"
sys.path.append(str(PACKAGING))

import foreign  # noqa: E402 -- the programs of packaging/ are found by the path above
from origin import Origin  # noqa: E402

HERE = Origin(version="1.2.0", commit="c" * 40, time=7, architecture="amd64")


def test_what_cannot_be_built_is_said():
    with pytest.raises(SystemExit, match="there are arm64, armhf, armel"):
        foreign.build("sparc", HERE)


def test_it_asks_for_root_before_it_does_anything(monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(SystemExit, match="sudo packaging/build"):
        foreign.build("arm64", HERE)


def test_a_tree_gets_what_it_cannot_find_out_and_nothing_else(monkeypatch, tmp_path):
    monkeypatch.setattr(os, "environ", {"PIP_INDEX_URL": "https://pip.example.org", "SECRET": "x"})
    command = foreign.inside(foreign.FOREIGNS["arm64"], tmp_path, HERE, "true", "yes")
    assert "SECRET=x" not in command
    for told in (f"UNIBOS_BUILD_COMMIT={HERE.commit}", "SOURCE_DATE_EPOCH=7"):
        assert told in command
    assert "PIP_INDEX_URL=https://pip.example.org" in command
    assert not [word for word in command if word.startswith("QEMU_CPU")]
    assert command[-2:] == ["true", "yes"]


def test_every_foreign_debian_is_the_oldest_there_is():
    found = {one.architecture: one.suite for one in foreign.FOREIGNS.values()}
    assert found == {"arm64": "bookworm", "armhf": "bookworm", "armel": "trixie"}


def test_an_arm_program_is_made_on_the_oldest_processor_that_it_is_for(tmp_path):
    for architecture, processor in (("armhf", "cortex-a7"), ("armel", "arm1176")):
        command = foreign.inside(foreign.FOREIGNS[architecture], tmp_path, HERE)
        assert f"QEMU_CPU={processor}" in command


def test_armel_has_the_compiled_modules_of_debian():
    found = {one for one in foreign.FOREIGNS["armel"].packages if one.startswith("python3-")}
    assert {"python3-cryptography", "python3-pil", "python3-argon2"} <= found
    text = (PACKAGING / "armel.in").read_text()
    assert len(found) == len([line for line in text.splitlines() if not line.startswith("#")])


def test_what_debian_has_or_nobody_is_in_no_lock():
    """A lock that names a module would have pip compile it, or fetch one for another processor."""
    missing = ("pillow-heif", "uvloop", "pypdfium2", "cryptography", "pillow", "rpds-py", "cffi")
    for name in ("armel.lock", "armel-dev.lock"):
        lines = (PACKAGING / name).read_text().splitlines()
        assert "msgspec" in {line.partition("==")[0] for line in lines}
        assert not {line.partition("==")[0] for line in lines} & set(missing)


def test_other_sources_are_for_the_suites_that_they_name(monkeypatch, tmp_path):
    (tmp_path / "bookworm.list").touch()
    assert foreign.sources("bookworm") == []
    monkeypatch.setenv("UNIBOS_DEBIAN_SOURCES", str(tmp_path))
    assert foreign.sources("bookworm") == [str(tmp_path / "bookworm.list")]
    assert foreign.sources("trixie") == []
