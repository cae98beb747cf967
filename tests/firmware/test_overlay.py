"""The files laid over a tree: units and scripts, tried in a folder with made-up programs."""

import configparser
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import tree

FIRMWARE = Path(__file__).parents[2] / "firmware"
OVERLAY = FIRMWARE / "overlay"
UNITS = sorted((OVERLAY / "usr/lib/systemd/system").iterdir())
SCRIPTS = sorted((OVERLAY / "usr/lib/unibos-image").iterdir())
PROGRAMS = "basename cat dirname head mkdir mv printf readlink sh tr".split()


class Box:
    """A root folder and a PATH with little in it; what is called is noted."""

    def __init__(self, folder):
        self.root, self.bin, self.calls = folder / "root", folder / "bin", folder / "calls"
        self.root.mkdir()
        self.bin.mkdir()
        self.calls.touch()
        for name in PROGRAMS:
            (self.bin / name).symlink_to(shutil.which(name))

    def program(self, name, does=":"):
        path = self.bin / name
        path.write_text(f'#!/bin/sh\necho {name} "$@" >> "{self.calls}"\n{does}\n')
        path.chmod(0o755)

    def file(self, name, text):
        (self.root / name).parent.mkdir(parents=True, exist_ok=True)
        (self.root / name).write_text(text)

    def run(self, script):
        done = subprocess.run(
            [OVERLAY / "usr/lib/unibos-image" / script, self.root],
            env={"PATH": str(self.bin)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return self.calls.read_text()


@pytest.fixture
def box(tmp_path):
    return Box(tmp_path)


def small_partition(box, whole):
    box.file("sys/devices/mmc/block/mmcblk0/size", f"{whole}\n")
    box.file("sys/devices/mmc/block/mmcblk0/mmcblk0p2/partition", "2\n")
    box.file("sys/devices/mmc/block/mmcblk0/mmcblk0p2/start", "532480\n")
    box.file("sys/devices/mmc/block/mmcblk0/mmcblk0p2/size", "3000000\n")
    (box.root / "sys/dev/block").mkdir(parents=True)
    link = box.root / "sys/dev/block/179:2"
    link.symlink_to(box.root / "sys/devices/mmc/block/mmcblk0/mmcblk0p2")
    box.program("mountpoint", "echo 179:2")
    box.program("sfdisk", f'cat >> "{box.calls}"')
    box.program("partx")


def test_a_root_partition_takes_the_room_behind_it(box):
    small_partition(box, whole=62333952)
    _, sfdisk, table, partx = box.run("grow-root").splitlines()
    assert sfdisk == "sfdisk --quiet --force --no-reread --no-tell-kernel -N 2 /dev/mmcblk0"
    assert table == ", +"
    assert partx == "partx --update --nr 2 /dev/mmcblk0"


def test_a_root_partition_without_room_is_left_alone(box):
    small_partition(box, whole=532480 + 3000000 + 100)
    assert "sfdisk" not in box.run("grow-root")


@pytest.mark.parametrize(
    ("files", "called"),
    [
        ({}, True),
        ({"var/lib/unibos-image/card": "cid-1\nserial\n"}, False),
        ({"var/lib/unibos-image/card": "cid-0\nserial\n"}, True),
        (
            {"var/lib/unibos-image/card": "cid-1\n\n", "boot/firmware/unibos.toml": ""},
            True,
        ),
        (
            {"var/lib/unibos-image/card": "cid-1\n\n", "boot/firmware/unibos.erasing.toml": ""},
            True,
        ),
        (
            {"var/lib/unibos-image/card": "cid-1\n\n", "boot/firmware/unibos.applied.toml": ""},
            False,
        ),
    ],
)
def test_a_start_calls_unibos_only_where_it_has_something_to_do(box, files, called):
    box.program("unibos")
    box.file("sys/block/mmcblk0/device/cid", "cid-1\n")
    box.file("proc/device-tree/serial-number", "serial\0")
    for name, text in files.items():
        box.file(name, text)
    calls = box.run("start")
    wanted = f"unibos first-boot --boot {box.root}/boot/firmware --card cid-1 --board serial\n"
    assert calls == (wanted if called else "")


def test_a_card_that_tells_nothing_of_itself_is_no_other_card(box):
    box.program("unibos")
    box.file("var/lib/unibos-image/card", "cid-1\nserial\n")
    assert box.run("start") == ""


def test_the_screen_shows_the_setup_code_while_there_is_one(box):
    box.program("agetty")
    box.program("hostname", "echo unibos-ab23")
    box.program("systemctl", "echo active")
    box.file("var/lib/unibos/setup-code", "123456-654321\n")
    box.run("console")
    screen = box.root / "run/issue.d/unibos.issue"
    assert "Setup code: 123456-654321\n" in screen.read_text()
    assert r"http://\n.local:8001" in screen.read_text()
    (box.root / "var/lib/unibos/setup-code").unlink()
    box.run("console")
    assert "code" not in screen.read_text()


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd-analyze is missing")
@pytest.mark.parametrize("unit", UNITS, ids=lambda path: path.name)
def test_units_say_what_systemd_understands(unit, tmp_path):
    # It looks for the programs, too, which are here under another root.
    text = re.sub("=/usr/lib/unibos-image/", f"={OVERLAY}/usr/lib/unibos-image/", unit.read_text())
    (tmp_path / unit.name).write_text(text)
    service = unit.with_suffix(".service")
    if service != unit:
        (tmp_path / service.name).write_text("[Service]\nType=oneshot\nExecStart=/bin/true\n")
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", "--recursive-errors=yes", tmp_path / unit.name],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_every_unit_of_the_image_is_switched_on():
    assert {unit.name for unit in UNITS} <= set(tree.ON)


def test_drop_ins_are_well_formed():
    for path in OVERLAY.rglob("*.conf"):
        if "sysctl" not in path.parts[-2]:
            parser = configparser.ConfigParser(strict=False, interpolation=None)
            parser.read(path)
            assert parser.sections(), path


@pytest.mark.skipif(not shutil.which("shellcheck"), reason="shellcheck is missing")
def test_shell_scripts_are_clean():
    doors = [
        FIRMWARE / name for name in ("build", "native-tools", "setup", "test-boot", "test-power")
    ]
    done = subprocess.run(
        ["shellcheck", *SCRIPTS, *doors], capture_output=True, text=True, check=False
    )
    assert done.stdout == ""
