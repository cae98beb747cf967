"""Libraries of the program: what is missing is found, what is not wanted is stood in for."""

import ctypes
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGING = Path(__file__).parents[2] / "packaging"
sys.path.append(str(PACKAGING))

import needed  # noqa: E402 -- the programs of packaging/ are found by the path above
from stand_ins import stand_in  # noqa: E402

TOLD = """
module.so:     file format elf32-littlearm

Dynamic Section:
  NEEDED               libc.so.6
  NEEDED               ld-linux.so.3
  NEEDED               libm.so.6
  NEEDED               libxcb.so.1
  NEEDED               libjpeg.so.62
  SONAME               libmodule.so.1
"""


def test_a_library_that_is_neither_bundled_nor_of_glibc_is_missing():
    assert needed.missing_of(TOLD, {"libjpeg.so.62"}) == {"libxcb.so.1"}
    assert needed.missing_of(TOLD, {"libjpeg.so.62", "libxcb.so.1"}) == set()


@pytest.fixture
def module(tmp_path):
    """A library that asks for two functions, which it gets from nowhere yet."""
    source = (
        "long liq_in(void), liq_version(void);\nlong f(void) { return liq_in() + liq_version(); }"
    )
    target = tmp_path / "module.so"
    command = ("cc", "-shared", "-fPIC", "-o", str(target), "-xc", "-")
    subprocess.run(command, input=source, text=True, check=True)
    return target


def test_a_stand_in_has_the_functions_that_are_asked_for(tmp_path, module):
    made = stand_in(tmp_path, "libliq.so.0", module, r"liq_\w+", {"liq_in": 7})
    assert made.name == "libliq.so.0"
    assert stand_in(tmp_path, "libliq.so.0", module, r"liq_\w+", {"liq_in": 7}) == made
    library = ctypes.CDLL(str(made))
    assert (library.liq_version(), library.liq_in()) == (0, 7)


@pytest.mark.parametrize(("known", "told"), [("liq_version", "liq_in"), (r"jbg_\w+", "nothing")])
def test_what_is_not_known_to_be_harmless_is_not_stood_in_for(tmp_path, module, known, told):
    with pytest.raises(SystemExit, match=told):
        stand_in(tmp_path, "libliq.so.0", module, known)


def test_a_program_without_a_library_of_its_own_is_not_released(tmp_path, module):
    made = stand_in(tmp_path, "libliq.so.0", module, r"liq_\w+")
    onedir = tmp_path / "onedir"
    onedir.mkdir()
    linked = ("cc", "-shared", "-Wl,--no-as-needed", "-o", str(onedir / "linked.so"), str(made))
    subprocess.run(linked, check=True)
    with pytest.raises(SystemExit, match=r"libliq\.so\.0"):
        needed.check(onedir)
    made.rename(onedir / made.name)
    needed.check(onedir)
