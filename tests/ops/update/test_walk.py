"""Whole updates with real programs: to a new release and back, and releases that are bad."""

import json

import pytest

from tests.ops.update.installation import Served

pytestmark = pytest.mark.e2e


def records(box):
    with Served(box):
        return [one["data"]["title"] for one in box.does("record", "list", "notes")["items"]]


def add(box, title):
    with Served(box):
        box.does("record", "create", "notes", json.dumps({"title": title}))


def test_from_old_to_new_and_back(box):
    add(box, "old")
    box.offer("1.1.0", notes={"en": "Better.", "tr": "Daha iyi."})
    seen = box.does("update", "check")
    assert (seen["present"], seen["offer"]["version"]) == ("1.0.0", "1.1.0")
    done = box.does("update", "apply")["outcome"]
    assert (done["old"], done["new"], done["result"]) == ("1.0.0", "1.1.0", "passed")
    assert (box.current, box.good, box.clean()) == ("1.1.0", "1.1.0", True)
    add(box, "new")
    done = box.does("update", "rollback")["outcome"]
    assert (done["old"], done["new"], done["result"]) == ("1.1.0", "1.0.0", "passed")
    assert (box.current, box.good, box.clean()) == ("1.0.0", "1.0.0", True)
    # The schema is the same: nothing is lost.
    assert sorted(records(box)) == ["new", "old"]
    # It was taken back, so it is not taken again unasked.
    assert box.does("update", "apply")["outcome"] is None
    assert box.does("update", "apply", "--version", "1.1.0")["outcome"]["new"] == "1.1.0"


@pytest.mark.parametrize("kind", ["crash", "deaf", "broken-migration"])
def test_a_bad_release_goes_back_by_itself(box, kind):
    add(box, "kept")
    database = (box.data / "node.db").read_bytes()
    box.offer("1.1.0", kind)
    code = box.fails("update", "apply", UNIBOS_UPDATE_PATIENCE_SECONDS="3")
    assert code == "update_returned"
    assert (box.current, box.good, box.clean()) == ("1.0.0", "1.0.0", True)
    assert (box.data / "node.db").read_bytes() == database
    assert records(box) == ["kept"]
    status = box.does("update", "status")
    assert (status["last"]["result"], status["failed"]) == ("returned", ["1.1.0"])
    assert box.does("update", "apply")["outcome"] is None
    assert box.does("update", "check")["refused"] == [
        {"version": "1.1.0", "code": "update_failed_before"}
    ]


def test_a_way_back_over_a_changed_schema(box):
    add(box, "old")
    box.offer("1.1.0", "migrates")
    box.does("update", "apply")
    add(box, "new")
    assert box.fails("update", "rollback") == "update_would_lose"
    assert box.current == "1.1.0"
    box.does("update", "rollback", "--force")
    assert box.current == "1.0.0"
    assert records(box) == ["old"]
    # What is gone from there is still somewhere.
    assert b"new" in (box.data / "update/1.1.0/node.db").read_bytes()
