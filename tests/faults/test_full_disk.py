"""A full disk refuses writes, harms nothing, and is forgotten when there is room again."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent

pytestmark = pytest.mark.fault


def run(folder: Path, kind: str, *before: str) -> dict:
    done = subprocess.run(
        [*before, sys.executable, str(HERE / "full_disk.py"), str(folder), kind],
        env=os.environ | {"PYTHONPATH": str(HERE.parents[1])},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


SOUND = {
    "codes": ["storage_full"],
    "refused_upload": True,
    "unreadable": 0,
    "findings": [],
    "missing": 0,
    "left_over": 0,
}


def test_files_that_may_not_grow(tmp_path):
    assert run(tmp_path, "limit") == SOUND


def can_mount() -> bool:
    """Root in a container may be refused a mount all the same."""
    if os.geteuid() != 0 or shutil.which("unshare") is None:
        return False
    tried = subprocess.run(["unshare", "--mount", "true"], capture_output=True, check=False)
    return tried.returncode == 0


@pytest.mark.skipif(not can_mount(), reason="a small file system cannot be mounted here")
def test_a_small_file_system(tmp_path):
    assert run(tmp_path, "tmpfs", "unshare", "--mount") == SOUND
