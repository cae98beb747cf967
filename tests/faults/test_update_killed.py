"""Updates with real programs that are killed at each step, as a power cut would end them.

What the machine does at its next boot is ``unibos update resume``, by the release that passed last.
"""

import os
import subprocess

import pytest

from tests.ops.update.installation import PATIENCE, Installation, Served

pytestmark = pytest.mark.fault

# In the order in which they are passed.
FORWARD = (
    *("piece", "loaded", "unpacked", "placed", "noted.copying", "stopped", "copied"),
    *("noted.trying", "switched", "started", "examined", "noted.finishing", "remembered"),
)
BACKWARD = ("noted.returning", "log_removed", "put_back", "remembered")
BEFORE_ANYTHING = FORWARD[:4]
ABANDONED = FORWARD[4:7]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """An installation with a record, and with a good and a bad release to take."""
    box = Installation(tmp_path_factory.mktemp("made"))
    with Served(box):
        box.does("record", "create", "notes", '{"title": "kept"}')
    box.offer("1.1.0", "migrates")
    box.offer("1.2.0", "broken-migration")
    return box


@pytest.fixture
def box(made, tmp_path):
    return Installation.like(made, tmp_path / "box")


def killed(box, version, point, *words, by="current"):
    words = words or ("update", "apply", "--version", version)
    done = box.run(*words, by=by, DIE_AT=f"update.{point}:1")
    assert done.returncode == -9, done.stdout + done.stderr


def resumed(box):
    """What the boot comes to: nothing, or the code of the error that it ends with."""
    done = box.run("update", "resume", "--json", by="good")
    return done.stderr and box_code(done)


def box_code(done):
    assert "Traceback" not in done.stderr
    return done.stderr.rpartition('"code": "')[2].partition('"')[0]


def still_whole(box, version):
    assert (box.current, box.good, box.clean()) == (version, version, True)
    with Served(box) as served:
        items = box.does("record", "list", "notes")["items"]
        assert [one["data"]["title"] for one in items] == ["kept"]
        assert not [line for line in served.lines if "rror" in line]


@pytest.mark.parametrize("point", FORWARD)
def test_a_good_update_is_killed(box, point):
    killed(box, "1.1.0", point)
    code = resumed(box)
    if point in BEFORE_ANYTHING or point in ABANDONED:
        assert code == ("update_abandoned" if point in ABANDONED else "")
        assert (box.current, box.good) == ("1.0.0", "1.0.0")
        # The next attempt goes on with what is there.
        box.does("update", "apply", "--version", "1.1.0")
    else:
        assert code == ""
    still_whole(box, "1.1.0")


@pytest.mark.parametrize("point", BACKWARD)
def test_the_way_back_is_killed(box, point):
    killed(box, "1.2.0", point)
    assert resumed(box) == "update_returned"
    assert box.does("update", "status")["failed"] == ["1.2.0"]
    still_whole(box, "1.0.0")


def test_a_program_that_takes_the_machine_down_thrice_goes_back(box):
    killed(box, "1.1.0", "started")
    for _ in range(2):
        killed(box, "1.1.0", "started", "update", "resume", by="good")
    assert resumed(box) == "update_returned"
    still_whole(box, "1.0.0")


def test_while_databases_are_put_back_nobody_serves_them(box):
    killed(box, "1.2.0", "log_removed")
    for program in ("current", "good"):
        done = box.run("serve", "--json", by=program)
        assert box_code(done) == "update_unfinished"
    assert resumed(box) == "update_returned"


def test_a_trial_is_reached_from_this_machine_only(box):
    killed(box, "1.1.0", "started")
    with Served(box, UNIBOS_NODE_HOST="0.0.0.0", UNIBOS_NODE_PORT="1") as served:
        assert served.address.startswith("http://127.0.0.1:")
    assert resumed(box) == ""
    still_whole(box, "1.1.0")


def can_mount():
    if os.geteuid() != 0:
        return False
    return subprocess.run(["unshare", "--mount", "true"], check=False).returncode == 0


@pytest.mark.skipif(not can_mount(), reason="a small file system cannot be mounted here")
def test_a_disk_that_is_really_full(made, tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", disk], check=True)
    try:
        box = Installation.like(made, disk)
        assert box.fails("update", "apply", "--version", "1.1.0") == "update_disk_full"
        assert box.does("update", "status")["change"] is None
        still_whole(box, "1.0.0")
        subprocess.run(["mount", "-o", "remount,size=400m", disk], check=True)
        box.does("update", "apply", "--version", "1.1.0")
        still_whole(box, "1.1.0")
    finally:
        subprocess.run(["umount", disk], check=True, timeout=PATIENCE)
