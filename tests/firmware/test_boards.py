"""The board files, and what is written of them."""

import re
from pathlib import Path

import board
import pytest

from unibos.base.board import model_of

ROOT = Path(__file__).parents[2]
BOARDS = board.every()


@pytest.mark.parametrize("one", BOARDS.values(), ids=lambda one: one.key)
def test_a_board_has_what_an_image_needs(one):
    assert one.consoles
    assert one.notes.endswith(".")
    assert one.tmp_mb + one.journal_mb + one.zram_mb < one.memory_mb
    assert (one.imager == ()) == (one.key == "virt")
    assert one.key in ("virt", model_of(one.name))


def test_an_armv6_board_gets_armel_and_never_armhf():
    assert BOARDS["zero"].architecture == "armel"
    assert {one.architecture for one in BOARDS.values()} == {"arm64", "armel"}


def test_boards_of_one_release_share_a_tree():
    shared = {BOARDS[key].tree for key in ("virt", "pi3", "pi4", "zero2w")}
    assert len(shared) == 1
    assert BOARDS["pi5"].tree not in shared


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (('suite = "bookworm"', ""), "suite"),
        (('suite = "', 'sweet = "'), "there is no sweet"),
        (('evidence = "static"', 'evidence = "surely"'), "evidence"),
        (('architecture = "arm64"', 'architecture = "armhf"'), "architecture"),
    ],
)
def test_a_wrong_file_is_refused(tmp_path, change, why):
    text = (board.FOLDER / "pi4.toml").read_text()
    (tmp_path / "pi9.toml").write_text(text.replace(*change))
    with pytest.raises(SystemExit, match=why):
        board.read(tmp_path / "pi9.toml")


def test_the_table_says_of_each_board_what_its_file_says():
    told = (ROOT / "docs/firmware.md").read_text()
    for one in BOARDS.values():
        row = re.search(rf"^\| `{one.key}` \|.*$", told, re.MULTILINE)
        assert row, one.key
        assert board.EVIDENCE[one.evidence] in row[0]
        assert f"{one.suite} {one.architecture}" in row[0]
