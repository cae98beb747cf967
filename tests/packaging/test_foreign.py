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


@pytest.mark.parametrize(
    ("wanted", "why"), [("armel", "not written yet"), ("sparc", "there are arm64, armhf")]
)
def test_what_cannot_be_built_is_said(wanted, why):
    with pytest.raises(SystemExit, match=why):
        foreign.build(wanted, HERE)


def test_it_asks_for_root_before_it_does_anything(monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(SystemExit, match="sudo packaging/build"):
        foreign.build("arm64", HERE)


def test_a_tree_gets_what_it_cannot_find_out_and_nothing_else(monkeypatch, tmp_path):
    monkeypatch.setattr(os, "environ", {"PIP_INDEX_URL": "https://pip.example.org", "SECRET": "x"})
    command = foreign.inside(foreign.FOREIGNS["arm64"], tmp_path, HERE)
    assert "SECRET=x" not in command
    for told in (f"UNIBOS_BUILD_COMMIT={HERE.commit}", "SOURCE_DATE_EPOCH=7"):
        assert told in command
    assert "PIP_INDEX_URL=https://pip.example.org" in command
    assert command[-1] == "/source/packaging/build"


def test_every_foreign_debian_is_old_enough_for_the_boards():
    assert {one.suite for one in foreign.FOREIGNS.values()} == {"bookworm"}
