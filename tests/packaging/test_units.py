"""The units are valid, and shut in as far as they can be."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

UNITS = sorted((Path(__file__).parents[2] / "systemd").glob("*.service"))
IMAGE = Path(__file__).parents[2] / "firmware/overlay/etc/systemd/system"
# In tenths: systemd calls anything up to 2.0 well shut in.
EXPOSURE = 20

pytestmark = pytest.mark.skipif(
    not shutil.which("systemd-analyze"), reason="systemd-analyze is not on this machine"
)


def analyze(*words):
    done = subprocess.run(
        ["systemd-analyze", *map(str, words)], capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout + done.stderr


def version():
    return int(re.search(r"systemd (\d+)", analyze("--version")[1])[1])


@pytest.fixture
def folder(tmp_path):
    """The units with a program that is on this machine, without settings newer than its systemd."""
    for unit in UNITS:
        text = unit.read_text().replace("/usr/bin/unibos", "/bin/true")
        if version() < 254:
            text = re.sub(r"^Restart(Steps|MaxDelaySec)=.*\n", "", text, flags=re.MULTILINE)
        (tmp_path / unit.name).write_text(text)
    return tmp_path


def test_there_are_units():
    assert {unit.stem for unit in UNITS} == {"unibos-hub", "unibos-node", "unibos-worker"}


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_a_unit_is_valid(folder, unit):
    checked = analyze("verify", "--man=no", "--recursive-errors=yes", folder / unit.name)
    assert checked == (0, "")


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_a_unit_is_shut_in(folder, unit):
    status, said = analyze(
        "security", "--offline=yes", f"--threshold={EXPOSURE}", folder / unit.name
    )
    assert status == 0, said


def test_an_image_restarts_its_machine_in_the_end(folder):
    """The drop-ins of the image are valid, too, laid over the units."""
    for unit in ("unibos-node", "unibos-hub"):
        (folder / f"{unit}.service.d").mkdir()
        text = (IMAGE / f"{unit}.service.d/70-appliance.conf").read_text()
        assert "StartLimitAction=reboot" in text
        if version() < 254:
            text = re.sub(r"(?m)^Restart(Steps|MaxDelaySec)=.*\n", "", text)
        (folder / f"{unit}.service.d/70-appliance.conf").write_text(text)
        checked = analyze(
            "verify", "--man=no", "--recursive-errors=yes", folder / f"{unit}.service"
        )
        assert checked == (0, "")


def test_a_wrong_key_would_be_found(folder):
    unit = folder / "unibos-node.service"
    unit.write_text(unit.read_text().replace("\nTasksMax=", "\nTaskMaximum="))
    status, said = analyze("verify", "--man=no", "--recursive-errors=yes", unit)
    assert status != 0
    assert "TaskMaximum" in said
