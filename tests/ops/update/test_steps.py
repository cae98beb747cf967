"""The steps of a change over real databases, with services that behave as they are told."""

import contextlib
import errno
import os
import sqlite3
from pathlib import Path

import pytest

from unibos.base.errors import Conflict, Error, NotFound, StorageFull, Unavailable
from unibos.core.store import system
from unibos.core.store.owner import OwnerLock
from unibos.core.store.schema import MIGRATIONS
from unibos.core.store.store import Store
from unibos.core.store.system import System
from unibos.ops.update import gate, steps
from unibos.ops.update.databases import Databases
from unibos.ops.update.gate import Patience
from unibos.ops.update.place import Releases
from unibos.ops.update.prepare import way_back
from unibos.ops.update.state import Change, StateFiles
from unibos.ops.update.steps import Tools

NOW = len(MIGRATIONS)
"""The schema of this program."""


class Cut(BaseException):
    """The power goes."""


@pytest.fixture(autouse=True)
def nobody_listens():
    yield
    system.listen(None)


class Box:
    """Releases of nothing but folders, a data folder, and services that write into it.

    :ivar works: the versions that get ready.
    :ivar adds: what a version does to the schema at its start.
    """

    def __init__(self, folder: Path, system: System | None = None) -> None:
        self.releases = Releases(folder / "root", system)
        for version in ("1.0.0", "1.1.0"):
            self.releases.folder(version).mkdir(parents=True)
            self.releases.program(version).touch()
        self.releases.switch("1.0.0")
        self.releases.trust("1.0.0")
        self.data = folder / "data"
        self.data.mkdir()
        for name in ("node", "hub"):
            Store(self.data, name, "origin").close()
        self.units = ("unibos-node.service",)
        self.works = {"1.0.0", "1.1.0"}
        self.migrates = {"1.1.0"}
        self.done = []
        self.tools = Tools(self.releases, self, Patience(0, 0), self.done.append)
        self.files = StateFiles(self.releases.root, self.releases.system)
        self.databases = Databases(self.data, self.releases.system)

    def start(self):
        version = self.releases.current
        self.done.append(f"start {version}")
        for name in ("node", "hub"):
            with self.database(name) as connection:
                before = connection.execute("PRAGMA user_version").fetchone()[0]
                if version in self.migrates and before == NOW:
                    connection.execute("CREATE TABLE of_tests (version)")
                    connection.execute(f"PRAGMA user_version = {NOW + 1}")
                assert before == NOW or version in self.migrates, "it cannot read this"

    def stop(self):
        self.done.append("stop")

    def trouble(self):
        return ""

    @contextlib.contextmanager
    def database(self, name="node"):
        path = self.data / f"{name}.db"
        with contextlib.closing(sqlite3.connect(path)) as connection, connection:
            yield connection

    def examine(self, sockets, version, patience, trouble):
        return "" if version in self.works and version == self.releases.current else "it is deaf"

    def change(self, kind="update", old="1.0.0", new="1.1.0", **more):
        return Change(kind, old, new, "2026-11-01T00:00:00Z", str(self.data), self.units, **more)

    def schemas(self):
        found = []
        for name in ("node", "hub"):
            with self.database(name) as connection:
                found += connection.execute("PRAGMA user_version").fetchone()
        return found

    def looks(self):
        """Which program runs, is trusted, and finds which schemas."""
        return self.releases.current, self.releases.good, self.schemas()


BEFORE = ("1.0.0", "1.0.0", [NOW, NOW])
AFTER = ("1.1.0", "1.1.0", [NOW + 1, NOW + 1])


@pytest.fixture
def box(tmp_path, monkeypatch):
    made = Box(tmp_path)
    monkeypatch.setattr(steps, "examine", made.examine)
    return made


def test_a_good_update(box):
    steps.begin(box.tools, box.change())
    assert box.looks() == AFTER
    assert [one for one in box.done if one.startswith("start ")] == ["start 1.1.0", "start 1.1.0"]
    assert box.files.change() is None
    kept = box.files.history().kept
    assert ([one.schema for one in kept.databases], dict(kept.after)) == (
        [NOW, NOW],
        {"node": NOW + 1, "hub": NOW + 1},
    )


def test_a_bad_update(box):
    box.works = {"1.0.0"}
    before = [(box.data / f"{name}.db").read_bytes() for name in ("node", "hub")]
    with pytest.raises(Error) as told:
        steps.begin(box.tools, box.change())
    assert (told.value.code, told.value.facts["reason"]) == ("update_returned", "it is deaf")
    assert [(box.data / f"{name}.db").read_bytes() for name in ("node", "hub")] == before
    assert (box.looks(), box.done[-1]) == (BEFORE, "start 1.0.0")
    assert box.releases.present() == ["1.0.0"]
    # What the bad one did can still be looked at.
    assert {one.name for one in (box.data / "update/tried").iterdir()} >= {"node.db", "hub.db"}


def test_a_database_that_the_new_program_damaged(box):
    def start():
        Box.start(box)
        if box.releases.current == "1.1.0":
            (box.data / "hub.db").write_bytes(b"no database" * 1000)

    box.tools = Tools(box.releases, box, Patience(0, 0))
    box.start = start
    with pytest.raises(Error) as told:
        steps.begin(box.tools, box.change())
    assert told.value.code == "update_returned"
    assert box.looks() == BEFORE


POINTS = (
    *("noted.copying", "stopped", "copied", "noted.trying", "switched", "started", "examined"),
    *("noted.finishing", "remembered"),
)
RETURN_POINTS = ("noted.returning", "log_removed", "put_back", "switched", "remembered")


def cut_at(point, passes=1):
    left = passes

    def listen(name):
        nonlocal left
        left -= name == f"update.{point}"
        if left == 0:
            left = -1
            raise Cut

    system.listen(listen)


@pytest.mark.parametrize("passes", [1, 2])
@pytest.mark.parametrize("point", POINTS)
def test_a_cut_in_a_good_update(box, point, passes):
    cut_at(point, passes)
    try:
        steps.begin(box.tools, box.change())
    except Cut:
        system.listen(None)
        # What a machine finds that boots.
        early = box.files.change() is not None and box.files.change().phase == "copying"
        if early:
            with pytest.raises(Error) as told:
                steps.resume(box.tools)
            assert told.value.code == "update_abandoned"
            assert (box.looks(), box.done[-1]) == (BEFORE, "start 1.0.0")
            steps.begin(box.tools, box.change())
        else:
            steps.resume(box.tools)
    assert box.looks() == AFTER
    assert box.files.change() is None


@pytest.mark.parametrize("passes", [1, 2])
@pytest.mark.parametrize("point", RETURN_POINTS)
def test_a_cut_on_the_way_back(box, point, passes):
    box.works = {"1.0.0"}
    before = [(box.data / f"{name}.db").read_bytes() for name in ("node", "hub")]
    cut_at(point, passes)
    try:
        with pytest.raises(Error):
            steps.begin(box.tools, box.change())
    except Cut:
        system.listen(None)
        if point == "switched" and passes == 1:
            # That was the way there.
            assert box.files.change().phase == "trying"
        with pytest.raises(Error) as told:
            steps.resume(box.tools)
        assert told.value.code == "update_returned"
    assert [(box.data / f"{name}.db").read_bytes() for name in ("node", "hub")] == before
    assert box.looks() == BEFORE
    assert box.files.change() is None


def test_a_machine_that_reboots_in_every_trial_goes_back(box):
    counted = []
    cut_at("started")
    with pytest.raises(Cut):
        steps.begin(box.tools, box.change())
    for _ in range(2):
        cut_at("started")
        with pytest.raises(Cut):
            steps.resume(box.tools, lambda: counted.append(box.releases.current))
    # Even a program that would work now: it had its trials.
    system.listen(None)
    with pytest.raises(Error) as told:
        steps.resume(box.tools, lambda: counted.append(box.releases.current))
    assert told.value.code == "update_returned"
    # The services are let go only once it is clear which program they start.
    assert counted == ["1.1.0", "1.1.0", "1.0.0"]
    assert box.looks() == BEFORE


def test_nothing_goes_back_after_the_commit_point(box):
    cut_at("noted.finishing")
    with pytest.raises(Cut):
        steps.begin(box.tools, box.change())
    system.listen(None)
    box.works = {"1.0.0"}
    with pytest.raises(Unavailable) as told:
        steps.resume(box.tools)
    assert told.value.code == "update_not_serving"
    assert box.looks() == AFTER
    assert steps.resume(box.tools) is None


def test_a_server_started_by_hand_costs_no_trial(box):
    cut_at("started")
    with pytest.raises(Cut):
        steps.begin(box.tools, box.change())
    system.listen(None)
    owner = OwnerLock(box.data / "node.db")
    for _ in range(4):
        with pytest.raises(Conflict) as told:
            steps.resume(box.tools)
        assert told.value.code == "database_in_use"
    owner.release()
    steps.resume(box.tools)
    assert box.looks() == AFTER


class Full(System):
    """Room for one more of the large files; for small ones there is always some."""

    large = 1 << 62

    def write(self, file, data):
        self.large -= len(data) > 10_000
        if self.large < 0 and len(data) > 10_000:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        super().write(file, data)


def test_a_disk_too_full_for_the_copies(tmp_path, monkeypatch):
    full = Full()
    box = Box(tmp_path, full)
    monkeypatch.setattr(steps, "examine", box.examine)
    full.large = 1
    with pytest.raises(StorageFull) as told:
        steps.begin(box.tools, box.change())
    assert told.value.code == "update_disk_full"
    assert (box.looks(), box.done[-1]) == (BEFORE, "start 1.0.0")
    assert not (box.data / "update/1.0.0").exists()
    full.large = 1 << 62
    steps.begin(box.tools, box.change())
    assert box.looks() == AFTER


def back(box, **asked):
    return way_back(box.releases, box.files.history(), box.databases, **asked)


def test_a_way_back_that_loses_something_is_asked_for_twice(box):
    with pytest.raises(NotFound) as told:
        back(box, force=False)
    assert told.value.code == "update_nothing_before"
    steps.begin(box.tools, box.change())
    with pytest.raises(Conflict) as told:
        back(box, force=False)
    assert told.value.code == "update_would_lose"
    assert told.value.facts["since"] == "2026-11-01T00:00:00Z"
    epoch = (box.data / "node.replica").read_text()
    new, restore = back(box, force=True)
    assert (new, restore) == ("1.0.0", "1.0.0")
    steps.begin(box.tools, box.change("rollback", "1.1.0", new, restore=restore))
    assert box.looks() == BEFORE
    # Others may have heard of what is gone.
    assert (box.data / "node.replica").read_text() != epoch
    assert {one.name for one in (box.data / "update/1.1.0").iterdir()} == {"node.db", "hub.db"}
    assert box.files.history().failed == ("1.1.0",)


def test_a_way_back_that_fails_loses_nothing(box):
    steps.begin(box.tools, box.change())
    box.works = {"1.1.0"}
    new, restore = back(box, force=True)
    with pytest.raises(Error) as told:
        steps.begin(box.tools, box.change("rollback", "1.1.0", new, restore=restore))
    assert told.value.code == "update_returned"
    assert box.looks() == AFTER
    # Its copies went with the try.
    with pytest.raises(NotFound) as told:
        back(box, force=True)
    assert told.value.code == "update_copy_gone"


def test_a_way_back_that_loses_nothing(box):
    box.migrates = set()
    steps.begin(box.tools, box.change())
    assert back(box, force=False) == ("1.0.0", "")


def test_the_gate_takes_nobody_else_for_the_new_program(tmp_path):
    why = gate.examine([tmp_path / "unibos.sock"], "1.1.0", Patience(0, 0), lambda: "")
    assert "does not answer" in why
    why = gate.examine([tmp_path / "unibos.sock"], "1.1.0", Patience(60, 0), lambda: "it ended")
    assert why == "it ended"
