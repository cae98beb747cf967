"""The source is killed between a report's receipt and its answer: the worker reports again, and
each job has changed its record exactly once."""

import json
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.fault

LIVES = str(Path(__file__).with_name("lease_lives.py"))
POINTS = ("writer.item", "writer.before_commit", "writer.after_commit")


def life(folder, *point):
    return subprocess.run(
        [sys.executable, LIVES, str(folder), *point],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.mark.parametrize("point", POINTS)
@pytest.mark.parametrize("round_", range(3))
def test_each_report_lands_once(tmp_path, point, round_):
    number = random.Random(f"{point} {round_}").randint(1, 3 if "commit" in point else 7)
    ended = life(tmp_path, f"{point}:{number}")
    assert ended.returncode == -signal.SIGKILL, ended.stderr
    ended = life(tmp_path)
    assert ended.returncode == 0, ended.stderr
    told = json.loads(ended.stdout)
    assert set(told["codes"]) <= {"", "job_lost"}
    assert set(told["again"]) == {"job_lost"}
    assert set(told["states"].values()) == {"done"}
    assert sorted(job for job, _ in told["seen"]) == sorted(told["states"])
    assert told["folders"] == []
