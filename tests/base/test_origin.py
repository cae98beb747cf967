"""What the program says of itself."""

import json
import subprocess

import pytest

from unibos import __version__
from unibos.base.origin import Origin, commit_of, origin

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture
def package(tmp_path):
    folder = tmp_path / "unibos"
    folder.mkdir()
    return folder


def test_a_build_tells_its_stamp_whatever_lies_around_it(package):
    (package.parent / ".git").mkdir()
    (package.parent / ".git/HEAD").write_text("f" * 40)
    (package / "commit").write_text(f"{COMMIT}-dirty\n")
    assert commit_of(package) == f"{COMMIT}-dirty"


def test_a_checkout_tells_its_branch_wherever_git_keeps_it(package):
    assert commit_of(package) == ""
    (package.parent / ".git").mkdir()
    (package.parent / ".git/HEAD").write_text("ref: refs/heads/main\n")
    assert commit_of(package) == ""
    (package.parent / ".git/packed-refs").write_text(
        f"# pack-refs with: peeled\n{'e' * 40} refs/heads/not/refs/heads/main2\n"
        f"{COMMIT} refs/heads/main\n"
    )
    assert commit_of(package) == COMMIT
    (package.parent / ".git/refs/heads").mkdir(parents=True)
    (package.parent / ".git/refs/heads/main").write_text(f"{'d' * 40}\n")
    assert commit_of(package) == "d" * 40
    (package.parent / ".git/HEAD").write_text(f"{COMMIT}\n")
    assert commit_of(package) == COMMIT


def test_a_checkout_tells_what_git_tells(tmp_path):
    run = ["git", "-C", tmp_path, "-c", "user.name=o", "-c", "user.email=owner@example.org"]
    subprocess.run([*run, "init", "--quiet"], check=True)
    subprocess.run([*run, "commit", "--quiet", "--allow-empty", "-m", "x"], check=True)
    asked = subprocess.run([*run, "rev-parse", "HEAD"], capture_output=True, text=True, check=True)
    assert commit_of(tmp_path / "unibos") == asked.stdout.strip()


def test_people_get_a_line_and_machines_all_of_it():
    assert Origin("1.2.0", f"{COMMIT}-dirty", "arm64").line() == (
        "unibos 1.2.0 (arm64, commit 0123456789ab-dirty)"
    )
    assert Origin("1.2.0", "", "armel").line() == "unibos 1.2.0 (armel)"
    assert json.loads(Origin("1.2.0", COMMIT, "arm64").document()) == {
        "version": "1.2.0",
        "commit": COMMIT,
        "architecture": "arm64",
    }
    assert origin().version == __version__
