"""A store whose process is killed keeps every acknowledged write and no half of any."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ROUNDS = 50

pytestmark = pytest.mark.fault


def run(program: str, *arguments: object) -> dict:
    done = subprocess.run(
        [sys.executable, str(HERE / program), *map(str, arguments)],
        cwd=HERE.parents[1],
        env=os.environ | {"PYTHONPATH": str(HERE.parents[1])},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize(
    "point",
    ["writer.item", "writer.before_commit", "writer.after_commit", "blob.renamed", "anytime"],
)
def test_nothing_acknowledged_is_lost(tmp_path, point):
    told = run("lives.py", tmp_path, 1, ROUNDS, point)
    assert told["wrong"] == []
    assert told["killed"] == ROUNDS
    assert all(count > 0 for count in told["acknowledged"].values()), told


@pytest.mark.parametrize("point", ["migration.before_version", "migration.after_step"])
def test_a_migration_is_made_whole_or_not_at_all(tmp_path, point):
    told = run("migrations.py", tmp_path, point)
    assert told["wrong"] == []
    assert told["killed"] == 3
    assert told["version"] == 4
