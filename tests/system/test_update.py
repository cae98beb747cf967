"""Updates of releases side by side, with the real units.

The built program is laid out as release 0.0.9, and offered as what it is: to the new one it passes,
and on the way back the old one does not tell the version that it should.
"""

import json
from pathlib import Path

import pytest

from tests.ops.update.installation import PUBLIC, SECRET, offering
from unibos import __version__
from unibos.base.origin import architecture
from unibos.core.store.copies import NEWEST_SCHEMA

UNITS = Path(__file__).parents[2] / "systemd/update"
NODE, RESUME = "unibos-node.service", "unibos-update-resume.service"
ROOT = "/var/lib/unibos-releases"
LAID_OUT = f"""
systemctl stop unibos-node
mkdir -p {ROOT}/releases /root/source
cp -a /usr/lib/unibos {ROOT}/releases/0.0.9
rm {ROOT}/releases/0.0.9/installed-by-apt
ln -s releases/0.0.9 {ROOT}/current
ln -s releases/0.0.9 {ROOT}/good
ln -sf {ROOT}/current/unibos /usr/bin/unibos
cat >> /etc/unibos/unibos.toml <<END

[update]
source = "/root/source"
key = "{PUBLIC}"
settle_seconds = 3
patience_seconds = 20
END
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


@pytest.fixture
def box(node, source):
    """The machine with releases side by side, and a record in its node."""
    node.does("sh", "-ec", LAID_OUT)
    for path in source.iterdir():
        node.write(f"/root/source/{path.name}", path.read_bytes())
    for unit in UNITS.iterdir():
        node.write(f"/etc/systemd/system/{unit.name}", unit.read_bytes())
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
