"""Updates of releases side by side, with the real units.

The built program is laid out as on a card, as release 0.0.9, and offered as what it is: to the new
one it passes, and on the way back the old one does not tell the version that it should.
"""

import json
import sys
from pathlib import Path

import pytest

from tests.ops.update.installation import PUBLIC, SECRET, offering
from unibos import __version__
from unibos.base.origin import architecture
from unibos.core.store.copies import NEWEST_SCHEMA

FIRMWARE = Path(__file__).parents[2] / "firmware"
NODE, RESUME = "unibos-node.service", "unibos-update-resume.service"
ROOT = "/var/lib/unibos-releases"
SETTINGS = f"""
[update]
source = "/root/source"
key = "{PUBLIC}"
settle_seconds = 3
patience_seconds = 20
"""

# The first test packs and installs all of it, too.
pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def source(built, tmp_path_factory):
    """The built program as a release that is offered."""
    folder = tmp_path_factory.mktemp("source")
    file = offering().pack(built / "unibos", folder / "unibos.tar.xz")
    (folder / "key").write_text(SECRET)
    release = {"version": __version__, "schema": NEWEST_SCHEMA, "minimum": "0.0.1"}
    release |= {"files": {architecture(): file}}
    offering().publish(folder, "stable", [release], folder / "key")
    (folder / "key").unlink()
    return folder


def image_tree():
    """The program that lays releases out on a card does it here."""
    sys.path.append(str(FIRMWARE))
    import tree

    return tree


@pytest.fixture
def box(node, source):
    """The machine with releases side by side, and a record in its node."""
    node.does("systemctl", "stop", "unibos-node")
    image_tree().side_by_side(node.root, "0.0.9")
    node.does("tee", "-a", "/etc/unibos/unibos.toml", stdin=SETTINGS)
    node.does("mkdir", "/root/source")
    for path in source.iterdir():
        node.write(f"/root/source/{path.name}", path.read_bytes())
    node.does("systemctl", "daemon-reload")
    node.does("systemctl", "enable", RESUME, "unibos-update.timer")
    node.does("systemctl", "start", "unibos-node")
    node.does("unibos", "record", "create", "notes", '{"title": "kept"}')
    return node


def served_by(box):
    """The release of the running service, which has the record."""
    unit = box.unit(NODE, "MainPID", "ActiveState")
    assert unit["ActiveState"] == "active"
    [note] = box.unibos("record", "list", "notes")["items"]
    assert note["data"]["title"] == "kept"
    program = Path(box.does("readlink", f"/proc/{unit['MainPID']}/exe"))
    assert str(program).startswith(f"{ROOT}/releases/")
    return program.parent.name


def test_to_the_new_program_and_a_way_back_that_fails(box):
    assert served_by(box) == "0.0.9"
    assert box.unibos("update", "status")["installed"] == "releases"
    assert box.unibos("update", "check")["offer"]["version"] == __version__
    assert box.unibos("update", "apply")["outcome"]["result"] == "passed"
    assert served_by(box) == __version__
    failed = box.run("unibos", "update", "rollback", "--json")
    assert json.loads(failed.stderr)["code"] == "update_returned"
    assert served_by(box) == __version__
    assert box.unibos("update", "status")["failed"] == ["0.0.9"]
    # For everybody again, not for this machine only.
    assert listens(box, 8001)


def listens(box, port):
    lines = box.does("cat", "/proc/net/tcp").splitlines()[1:]
    return any(line.split()[1] == f"00000000:{port:04X}" for line in lines)


def test_a_cut_in_the_trial_goes_on_at_boot(box):
    apply = ("systemd-run", "--unit=applying", "--quiet", "unibos", "update", "apply")
    box.does(*apply)
    box.until(lambda: '"trying"' in box.says("cat", f"{ROOT}/change.json"))
    box.until(lambda: box.unit(NODE, "ActiveState")["ActiveState"] == "active")
    assert not listens(box, 8001)
    box.does("systemctl", "kill", "--signal=KILL", "applying")
    box.does("systemctl", "stop", "unibos-node")
    box.does("systemctl", "reset-failed")
    # Both in one transaction, as at boot.
    box.does("systemctl", "start", "--no-block", RESUME, NODE)
    box.until(lambda: box.run("test", "-e", f"{ROOT}/change.json").returncode)
    box.until(lambda: box.unit(RESUME, "ActiveState")["ActiveState"] == "inactive")
    assert served_by(box) == __version__
    assert listens(box, 8001)
    assert box.unibos("update", "status")["last"]["result"] == "passed"


def test_by_itself(box):
    box.does("sh", "-ec", "printf 'auto = true\\nwindow = \"00-00\"\\n' >> /etc/unibos/unibos.toml")
    box.does("systemctl", "start", "unibos-update.service")
    assert served_by(box) == __version__
    assert box.unit("unibos-update.timer", "UnitFileState")["UnitFileState"] == "enabled"
