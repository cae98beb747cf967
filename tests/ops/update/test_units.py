"""The units around updates are valid, and name commands that there are."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from unibos.clients.cli.update import update

UNITS = sorted((Path(__file__).parents[3] / "systemd/update").iterdir())


@pytest.mark.skipif(
    not shutil.which("systemd-analyze"), reason="systemd-analyze is not on this machine"
)
@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_a_unit_is_valid(tmp_path, unit):
    for one in UNITS:
        text = re.sub(r"^ExecStart=\S+", "ExecStart=/bin/true", one.read_text(), flags=re.MULTILINE)
        (tmp_path / one.name).write_text(text)
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", "--recursive-errors=yes", tmp_path / unit.name],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_the_units_call_commands_that_there_are():
    called = [
        line.split()[1:]
        for unit in UNITS
        for line in unit.read_text().splitlines()
        if line.startswith("ExecStart=")
    ]
    assert len(called) == 2
    for words in called:
        assert words[0] == "update"
        options = {name for one in update.commands[words[1]].params for name in one.opts}
        assert set(words[2:]) <= options
