"""Ten seconds of the soak: a node killed again and again loses nothing that it acknowledged."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

SOAK = Path(__file__).parents[2] / "benchmarks" / "soak.py"


@pytest.mark.fault
@pytest.mark.e2e
def test_a_node_that_is_killed_loses_no_acknowledged_write():
    run = subprocess.run(
        [sys.executable, SOAK, "--seconds", "10", "--kill-every", "2"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    verdict = json.loads(run.stdout)
    assert verdict["lost"] == verdict["half"] == 0
    assert verdict["kills"] >= 3
    assert verdict["acknowledged"] > 100
    assert verdict["documents"] > 0
    assert verdict["blobs"] > 0
