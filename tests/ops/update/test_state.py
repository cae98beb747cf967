"""The state machine of a change."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unibos.base.errors import Damaged
from unibos.core.store.system import System
from unibos.ops.update.state import (
    TRIALS,
    Change,
    Copied,
    History,
    StateFiles,
    moved,
    remembered,
    resumed,
)

CHANGE = Change("update", "1.0", "1.1", "2026-11-01T00:00:00Z", "/data")
PHASES = ("copying", "trying", "returning", "finishing")


@given(st.lists(st.sampled_from([*PHASES, "cut"]), max_size=30))
def test_whatever_happens(events):
    change, trials, passed = CHANGE, 0, False
    for event in events:
        if event == "cut":
            next_one = resumed(change)
            if next_one is None:
                assert change.phase == "copying"
                return
            if change.phase == "trying" and next_one.phase == "trying":
                trials += 1
        else:
            try:
                next_one = moved(change, event)
            except ValueError:
                continue
            if change.phase == "copying":
                trials = 1
                next_one = moved(change, event, trials=1)
        # Nothing goes back after the commit point, and nothing that goes back is trusted.
        if passed or change.phase == "returning":
            assert next_one.phase == change.phase
        change = next_one
        passed = passed or change.phase == "finishing"
        assert trials <= TRIALS


def test_the_third_reboot_in_a_trial_goes_back():
    change = moved(CHANGE, "trying", trials=1)
    for trial in (2, 3):
        change = resumed(change)
        assert (change.phase, change.trials) == ("trying", trial)
    assert resumed(change).phase == "returning"
    assert "3 times" in resumed(change).reason


def passed(change, **facts):
    return moved(moved(change, "trying", trials=1), "finishing", **facts)


def test_what_is_remembered():
    history = remembered(History(failed=("1.1",)), passed(CHANGE), "later")
    assert (history.previous, history.failed, history.last.result) == ("1.0", (), "passed")
    back = Change("rollback", "1.1", "1.0", "2026-11-02T00:00:00Z", "/data")
    history = remembered(history, passed(back), "later")
    assert (history.previous, history.failed) == ("1.1", ("1.1",))
    again = remembered(history, moved(moved(CHANGE, "trying"), "returning", reason="x"), "later")
    assert (again.previous, again.failed, again.last.reason) == ("1.1", ("1.1",), "x")
    assert remembered(history, CHANGE, "later").last.result == "abandoned"


@pytest.mark.parametrize(("after", "changed"), [({"node": 2}, False), ({"node": 3}, True)])
def test_whether_the_old_program_can_read_the_databases(after, changed):
    change = moved(CHANGE, "trying", copied=(Copied("node", 2, 10),))
    kept = remembered(History(), moved(change, "finishing", after=after), "later").kept
    assert kept.schema_changed == changed


class Full(System):
    """A disk on which nothing new fits until something is removed."""

    full = False

    def write(self, file, data):
        if self.full and (self.root / "spare").exists():
            raise OSError(28, "No space left on device")
        super().write(file, data)


def test_it_is_noted_on_a_full_disk_too(tmp_path):
    system = Full()
    system.root = tmp_path
    files = StateFiles(tmp_path, system)
    files.begin(CHANGE)
    system.full = True
    files.note(moved(CHANGE, "trying"))
    assert files.change().phase == "trying"
    files.end(History(previous="1.0"))
    assert (files.change(), files.history().previous) == (None, "1.0")


@pytest.mark.parametrize("text", ["", "{}", '{"kind": "other"}'])
def test_a_damaged_file_is_told(tmp_path, text):
    (tmp_path / "change.json").write_text(text)
    with pytest.raises(Damaged) as told:
        StateFiles(tmp_path, System()).change()
    assert told.value.code == "update_state_damaged"
