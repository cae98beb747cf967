"""A backup or restore that is killed harms nothing, and the next one ends well."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ROUNDS = 4

pytestmark = pytest.mark.fault


def run(*arguments: object) -> dict:
    done = subprocess.run(
        [sys.executable, str(HERE / "backups.py"), *map(str, arguments)],
        cwd=HERE.parents[1],
        env=os.environ | {"PYTHONPATH": str(HERE.parents[1])},
        capture_output=True,
        text=True,
        timeout=170,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


# Points that an attempt passes once; at the others it is a matter of chance how far it gets.
ONCE = {
    ("create", "backup.before_header"),
    ("create", "backup.published"),
    ("restore", "restore.before_swap"),
    ("restore", "restore.exchanged"),
    ("restore", "restore.swapped"),
}
OFTEN = {
    ("create", "backup.written"),
    ("create", "backup.renamed"),
    ("create", "anytime"),
    ("prune", "backup.header_removed"),
    ("prune", "backup.object_removed"),
    ("prune", "anytime"),
    ("restore", "restore.database"),
    ("restore", "restore.blob"),
    ("restore", "anytime"),
}


@pytest.mark.parametrize(("kind", "point"), sorted(ONCE | OFTEN))
def test_a_killed_attempt(tmp_path, kind, point):
    told = run(tmp_path, 1, ROUNDS, kind, point, 1 if (kind, point) in ONCE else 4)
    assert told["wrong"] == []
    assert told["killed"] == ROUNDS if (kind, point) in ONCE else told["killed"] >= 1
