"""A node whose power fails while it becomes another org is wholly the one or the other."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent

pytestmark = pytest.mark.fault


@pytest.mark.parametrize(
    ("point", "deaths"), [("adoption.table", 4), ("adoption.done", 1), ("store.first", 1)]
)
def test_everything_is_one_org_s(tmp_path, point, deaths):
    done = subprocess.run(
        [sys.executable, str(HERE / "adoptions.py"), str(tmp_path), point],
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
    assert told["deaths"] >= deaths
    assert set(told["tables"]) >= {"records", "members", "collections", "search", "orgs"}
