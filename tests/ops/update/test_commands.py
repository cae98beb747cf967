"""What `unibos update` refuses before anything stops, and what it says."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.ops.update.installation import OTHER_PUBLIC, Installation, Served
from unibos.ops.update.schedule import within

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    box = Installation(tmp_path_factory.mktemp("made"))
    with Served(box):
        pass
    box.offer("1.1.0", notes={"en": "Better.", "tr": "Daha iyi."})
    return box


@pytest.fixture
def box(made, tmp_path):
    return Installation.like(made, tmp_path / "box")


def test_what_nobody_signed_is_not_read(box):
    code = "update_signature_wrong"
    assert box.fails("update", "check", UNIBOS_UPDATE_KEY=OTHER_PUBLIC) == code
    listed = box.source / "stable.json"
    listed.write_text(listed.read_text().replace('"minimum": "1.0.0"', '"minimum": "0.0.1"'))
    assert box.fails("update", "apply") == code
    (box.source / "stable.json.minisig").unlink()
    assert box.fails("update", "apply") == "update_source_unreachable"
    assert box.fails("update", "apply", UNIBOS_UPDATE_KEY="") == "update_key_missing"
    assert box.fails("update", "apply", UNIBOS_UPDATE_SOURCE="") == "update_source_missing"
    assert box.releases_present() == ["1.0.0"]


def test_an_old_list_is_refused_once_a_newer_one_was_seen(box):
    old = [(path, path.read_bytes()) for path in box.source.glob("stable.json*")]
    box.releases = [one | {"held": "it burns"} for one in box.releases]
    box.publish()
    assert box.does("update", "apply")["outcome"] is None
    for path, content in old:
        path.write_bytes(content)
    assert box.fails("update", "apply") == "update_index_older"
    assert box.fails("update", "check") == "update_index_older"


def test_a_truncated_and_a_changed_archive(box):
    archive = box.source / "unibos_1.1.0.tar.xz"
    whole = archive.read_bytes()
    archive.write_bytes(whole[:-1000])
    assert box.fails("update", "apply") == "update_source_unreachable"
    archive.write_bytes(whole[:-1000] + bytes(1000))
    assert box.fails("update", "apply") == "update_download_wrong"
    assert box.releases_present() == ["1.0.0"]
    assert list((box.root / "downloads").iterdir()) == []


def test_a_program_for_another_machine(box):
    box.offer("1.2.0", "foreign")
    assert box.fails("update", "apply") == "update_program_broken"
    assert (box.releases_present(), box.clean()) == (["1.0.0"], True)


def test_a_downgrade_and_versions_that_are_held(box):
    box.offer("0.9.0", minimum="0.1.0")
    box.offer("1.2.0", held="it burns")
    box.offer("1.3.0", minimum="1.2.0")
    expected = {
        "0.9.0": "update_downgrade",
        "1.0.0": "update_not_offered",
        "1.2.0": "update_held",
        "1.3.0": "update_minimum",
    }
    found = {one: box.fails("update", "apply", "--version", one) for one in expected}
    assert found == expected
    asked = box.does("update", "check", UNIBOS_UPDATE_HOLD="1.1.0")
    assert asked["offer"] is None
    assert {one["version"]: one["code"] for one in asked["refused"]} == {
        "1.1.0": "update_held",
        "1.2.0": "update_held",
        "1.3.0": "update_minimum",
    }


def test_a_server_that_no_service_runs_is_in_the_way(box):
    with Served(box):
        assert box.fails("update", "apply") == "database_in_use"
        assert box.fails("update", "rollback") == "database_in_use"
    assert box.releases_present() == ["1.0.0"]


def test_one_at_a_time(box):
    (box.root / "lock").touch()
    holder = subprocess.Popen(["flock", box.root / "lock", "cat"], stdin=subprocess.PIPE)
    try:
        while not subprocess.run(
            ["flock", "-n", box.root / "lock", "true"], check=False
        ).returncode:
            assert holder.poll() is None
        assert box.fails("update", "apply") == "update_running"
    finally:
        holder.communicate()


@pytest.mark.skipif(os.geteuid() != 0, reason="needs a second user")
def test_only_who_may_write_to_the_releases_changes_them(box):
    # Everybody on the way to it may pass.
    for folder in (box.folder, *box.folder.parents):
        if folder.stat().st_uid == 0 and folder.name.startswith("pytest-"):
            folder.chmod(0o755)
    done = subprocess.run(
        [
            *("setpriv", "--reuid=65534", "--clear-groups"),
            *(box.root / "current/unibos", "update", "resume", "--json"),
        ],
        env=box.environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    if "Permission denied" in done.stderr:
        pytest.skip("another user cannot get here")
    assert json.loads(done.stderr)["code"] == "update_forbidden"


def test_by_itself_only_when_it_is_time(box):
    every = {"UNIBOS_UPDATE_AUTO": "true", "UNIBOS_UPDATE_WINDOW": "04-04"}
    hours = {hour for hour in range(24) if within("22-04", hour)}
    assert hours == {22, 23, 0, 1, 2, 3}
    assert {hour for hour in range(24) if within("02-05", hour)} == {2, 3, 4}
    assert all(within("04-04", hour) for hour in range(24))
    asked = ("update", "apply", "--scheduled")
    assert box.run(*asked, UNIBOS_UPDATE_WINDOW="04-04").stdout == ""
    assert box.current == "1.0.0"
    box.does(*asked, **every)
    assert box.current == "1.1.0"
    copies = box.data / "update/1.0.0"
    assert (copies / "node.db").exists()
    box.does(*asked, **every)
    assert copies.exists()
    box.does(*asked, UNIBOS_UPDATE_KEEP_DAYS="0", **every)
    assert not copies.exists()


def test_it_speaks_to_people_too(box):
    said = box.run("update", "check").stdout.splitlines()
    assert said[0].startswith("1.1.0 is there (")
    assert said[1:] == ["Better.", "To take it: sudo unibos update apply"]
    assert "Daha iyi." in box.run("update", "check", "--lang", "tr").stdout
    done = box.run("update", "apply")
    assert (done.returncode, done.stdout) == (0, "1.1.0 runs in place of 1.0.0.\n")
    assert done.stderr.splitlines()[0] == "Stopping the program."
    said = box.run("update", "status", "--lang", "tr").stdout
    assert "1.0.0 yerine 1.1.0 geçti" in said
    assert box.run("update", "resume").stdout == "No update is under way.\n"


def test_what_apt_installed_is_left_to_apt(box):
    folder = box.folder / "usr/lib/unibos"
    shutil.copytree(box.root / "releases/1.0.0", folder)
    (folder / "installed-by-apt").touch()
    box.root = box.folder / "usr/lib"
    assert box.fails("update", "apply", by="unibos") == "update_by_apt"
    assert box.does("update", "status", by="unibos")["installed"] == "package"
    (folder / "installed-by-apt").unlink()
    assert box.fails("update", "apply", by="unibos") == "update_not_here"


def test_the_package_says_that_apt_installed_it():
    source = Path(__file__).parents[3] / "packaging/deb.py"
    assert '"usr/lib/unibos/installed-by-apt"' in source.read_text()
