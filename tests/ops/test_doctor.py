"""The box looks at itself."""

import os
import shutil
import socketserver
import tempfile
import threading
import time
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from unibos.base import config
from unibos.core.store.store import Store
from unibos.modules.care import checks
from unibos.ops import doctor

GIB = 1024**3


@pytest.fixture
def data(tmp_path):
    return tmp_path / "data"


@pytest.fixture
def database(data):
    Store(data, "node", "test").close()
    return data / "node.db"


@pytest.mark.parametrize(
    ("free", "total", "state"),
    [
        (10 * GIB, 100 * GIB, "ok"),
        (4 * GIB, 100 * GIB, "warn"),
        (GIB // 2, 4 * GIB, "warn"),
        (GIB // 10, 100 * GIB, "fail"),
    ],
)
def test_disk(data, monkeypatch, free, total, state):
    usage = shutil._ntuple_diskusage(total, total - free, free)
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: usage)
    found = checks.disk(data / "not/yet")
    assert found.state == state
    assert found.facts["folder"] == data.parent
    assert bool(found.todo) == (state != "ok")


def test_a_clock_before_this_program_is_wrong(data, tmp_path):
    assert doctor.clock(data, tmp_path, 0).state == "fail"


def test_a_clock_behind_the_database_is_wrong(data, database, tmp_path):
    now = time.time()
    assert doctor.clock(data, tmp_path, now).state == "ok"
    os.utime(database, (now + 3600, now + 3600))
    assert doctor.clock(data, tmp_path, now).state == "fail"


def test_a_clock_that_nobody_confirmed_is_told(data, tmp_path):
    sync = tmp_path / "run/systemd/timesync"
    sync.mkdir(parents=True)
    assert doctor.clock(data, tmp_path, time.time()).state == "warn"
    (sync / "synchronized").touch()
    assert doctor.clock(data, tmp_path, time.time()).state == "ok"


def test_permissions(data, database):
    assert checks.permissions(data).state == "ok"
    (data / "setup-code").write_text("1")
    (data / "setup-code").chmod(0o644)
    found = checks.permissions(data)
    assert (found.state, found.facts["path"]) == ("fail", data / "setup-code")
    (data / "setup-code").chmod(0o600)
    assert checks.permissions(data).state == "ok"


def test_a_folder_that_is_not_there_yet_is_told(data):
    assert checks.permissions(data).state == "warn"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_a_file_of_somebody_else_is_told(data, database):
    os.chown(database, 12345, -1)
    found = checks.permissions(data)
    assert (found.state, found.facts["path"]) == ("fail", database)
    assert found.todo.format(**found.facts) == f"sudo chown --recursive {os.geteuid()} {data}"


def test_a_sound_database(data, database):
    assert doctor.database(data).state == "ok"


def test_a_database_whose_owner_does_not_answer_is_left_alone(data):
    store = Store(data, "node", "test")
    found = doctor.database(data)
    store.close()
    assert (found.state, "owner does not answer" in found.said) == ("warn", True)


def test_no_database_yet(data):
    data.mkdir()
    assert doctor.database(data).state == "ok"


@pytest.mark.parametrize("at", [0, 5000])
def test_a_damaged_database_is_told(data, database, at):
    with database.open("r+b") as file:
        file.seek(at)
        file.write(b"damaged " * 512)
    found = doctor.database(data)
    assert (found.state, found.facts["count"] > 0) == ("fail", True)
    assert "backup" in found.todo


def test_looking_leaves_nothing_behind(data, database):
    before = sorted(path.name for path in data.iterdir())
    doctor.database(data)
    checks.sqlite()
    assert sorted(path.name for path in data.iterdir()) == before


def test_sqlite_tells_its_version(monkeypatch):
    found = checks.sqlite()
    assert (found.state, found.facts["version"].count(".")) == ("ok", 2)
    monkeypatch.setattr(checks, "sqlite_version", lambda: "3.40.1")
    assert "3.51.3" in checks.sqlite().said


@pytest.fixture
def program(tmp_path, monkeypatch):
    """A tesseract made up of a few lines of shell."""

    def make(*lines):
        (tmp_path / "tesseract").write_text("\n".join(("#!/bin/sh", *lines)))
        (tmp_path / "tesseract").chmod(0o755)

    monkeypatch.setenv("PATH", str(tmp_path))
    return make


def test_tesseract_is_missing(program):
    assert checks.tesseract(("eng",)).state == "fail"


def test_tesseract_reads_the_wanted_languages(program):
    program('echo "List of available languages (2):"', "echo eng", "echo chi_sim")
    assert checks.tesseract(("eng", "chi_sim")).state == "ok"
    found = checks.tesseract(("eng", "deu", "chi_tra"))
    assert (found.state, found.facts["missing"]) == ("fail", "deu, chi_tra")
    assert found.facts["packages"] == "tesseract-ocr-deu tesseract-ocr-chi-tra"


def test_tesseract_does_not_run(program):
    program("exit 1")
    assert "does not run" in checks.tesseract(("eng",)).said


@pytest.fixture(params=["unibos.sock", "hub.sock"])
def answering(request):
    """A server on a local socket that answers with a status."""
    folder = Path(tempfile.mkdtemp(prefix="unibos-"))
    status = [200]

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            assert self.path == "/health/ready"
            self.send_response(status[0])
            self.end_headers()

        def log_message(self, *args):
            pass

    with socketserver.UnixStreamServer(str(folder / request.param), Handler) as listening:
        thread = threading.Thread(target=listening.serve_forever, args=(0.01,))
        thread.start()
        yield folder, status
        listening.shutdown()
        thread.join()
    shutil.rmtree(folder)


def test_the_server_answers(answering):
    folder, status = answering
    assert doctor.server(folder).state == "ok"
    status[0] = 503
    assert doctor.server(folder).state == "warn"


def test_one_of_two_roles_that_does_not_answer(answering):
    folder, _ = answering
    for name in ("unibos.sock", "hub.sock"):
        if not (folder / name).exists():
            (folder / name).touch()
            missing = name
    found = doctor.server(folder)
    assert found.state == "fail"
    assert str(found.facts["socket"]).endswith(missing)


def test_a_hub_that_is_missing(data):
    data.mkdir()
    (data / "hub.db").touch()
    assert str(doctor.server(data).facts["socket"]).endswith("hub.sock")


def test_no_server(data):
    found = doctor.server(data)
    assert (found.state, "unibos serve" in found.todo) == ("fail", True)


def test_all_checks_are_made(tmp_path, data, database):
    found = list(doctor.examine(config.load({"data": str(data)}, {}, root=tmp_path), tmp_path))
    assert [check.name for check in found] == [
        "disk", "clock", "permissions", "database", "backup", "sqlite", "tesseract", "server",
    ]  # fmt: skip
    for check in found:
        assert "{" not in check.said.format(**check.facts) + check.todo.format(**check.facts)


def test_a_backup_that_is_missing_or_old(data, database):
    now = time.time()
    fortnight = 15 * 86_400
    assert checks.backup(data, now).state == "ok"
    (data / "instance.key").write_text("")
    assert checks.backup(data, now + 86_400).state == "ok"
    found = checks.backup(data, now + fortnight)
    assert (found.state, found.facts) == ("warn", {"days": 14})
    assert "unibos backup create" in found.todo
    made = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(now))
    (data / "last-backup").write_text(f'{{"made_at": "{made}", "number": 1}}')
    assert checks.backup(data, now + 86_400).state == "ok"
    assert checks.backup(data, now + fortnight).state == "warn"
    (data / "last-backup").write_text("half a li")
    assert checks.backup(data, now + fortnight).state == "warn"
