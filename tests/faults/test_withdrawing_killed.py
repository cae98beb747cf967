"""Withdrawing goes on after any death, and the kill switch stands once it was acknowledged."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent

pytestmark = pytest.mark.fault


@pytest.mark.parametrize(
    "point", ["withdrawing.page", "writer.before_commit", "writer.after_commit", "writer.item"]
)
def test_it_is_taken_up_again(tmp_path, point):
    done = subprocess.run(
        [sys.executable, str(HERE / "withdrawals.py"), str(tmp_path), point],
        cwd=HERE.parents[1],
        env=os.environ | {"PYTHONPATH": str(HERE.parents[1])},
        capture_output=True,
        text=True,
        timeout=170,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    assert told["wrong"] == []
    assert told["deaths"] >= 2
    # Deaths came in between, and what was done until then was kept.
    assert any(0 < left < 1320 for left in told["left"])
    assert told["left"] == sorted(told["left"], reverse=True)
    assert told["switch"] == [True, False]
