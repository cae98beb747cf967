"""Jobs and the state of the instance."""

import json

import pytest

from unibos.clients.cli.exits import Exit

JOBS = "/api/v1/jobs"
ONE = {
    "id": "j1",
    "kind": "documents.read",
    "queue": "ocr",
    "state": "running",
    "progress": {"value": 0.5, "phase": "page 1"},
    "attempt": 1,
    "max_attempts": 3,
    "created_at": "2026-01-02T03:04:05Z",
    "error": None,
}
FAILED = ONE | {"state": "failed", "error": {"code": "timeout", "detail": "It took too long."}}


def test_list(unibos, node):
    node.on("GET", JOBS, node.page(ONE, FAILED))
    ended = unibos("job", "list", "--state", "running")
    assert [line.split(maxsplit=4)[3:] for line in ended.out.splitlines()[1:]] == [
        ["documents.read", "running  50 % page 1"],
        ["documents.read", "failed"],
    ]
    assert node.asked[0].query["state"] == ["running"]


def test_show(unibos, node):
    node.on("GET", f"{JOBS}/j1", FAILED)
    assert "Error    It took too long. [timeout]" in unibos("job", "show", "j1").out
    assert unibos("job", "show", "j1", "--json").json == FAILED


def test_cancel(unibos, node):
    node.on("DELETE", f"{JOBS}/j1", node.Answer(None, 204))
    assert unibos("job", "cancel", "j1").out == "Job j1 is cancelled.\n"
    assert unibos("job", "cancel", "j1", "--json").json == {"id": "j1"}


@pytest.fixture
def stream(node):
    events = [
        ("running", {"at": "2026-01-02T03:04:05.678Z", "data": {"attempt": 1}}),
        ("progress", {"at": "2026-01-02T03:04:06Z", "data": {"value": 0.5, "phase": "page\n1"}}),
        ("failed", {"at": "2026-01-02T03:04:07Z", "data": {"error": FAILED["error"]}}),
    ]
    body = "".join(
        f"id: {number}\nevent: {name}\ndata: {json.dumps(data)}\n\n"
        for number, (name, data) in enumerate(events)
    )
    headers = {"Content-Type": "text/event-stream"}
    node.on("GET", f"{JOBS}/j1/events", node.Answer(body.encode(), headers=headers))


def test_watch_follows_to_the_end(unibos, node, stream):
    node.on("GET", f"{JOBS}/j1", ONE | {"state": "done"})
    ended = unibos("job", "watch", "j1")
    assert ended.code == 0
    assert ended.out.splitlines() == [
        "03:04:05  running",
        "03:04:06  progress  50 % page\\n1",
        "03:04:07  failed  It took too long. [timeout]",
        "done",
    ]
    assert [one["event"] for one in unibos("job", "watch", "j1", "--json").lines] == [
        *("running", "progress", "failed"),
    ]


def test_watching_a_job_that_fails_fails(unibos, node, stream):
    node.on("GET", f"{JOBS}/j1", FAILED)
    ended = unibos("job", "watch", "j1")
    assert (ended.code, ended.err) == (Exit.FAILED, "It took too long. [timeout]\n")


def test_status(unibos, node):
    answer = {
        "version": "0.1.0",
        "instance": "abcd",
        "roles": ["node"],
        "board": "Raspberry Pi 4",
        "profile": "standard",
        "uptime_seconds": 90061,
        "org": "o1",
        "users": 1,
        "records": {"notes": 20},
        "modules": {"documents": {"done": 3, "failed": 0}},
        "jobs": {},
        "disk": {"free": 1024**3, "total": 2 * 1024**3, "database": 4096, "blobs": 0},
        "setup_done": False,
    }
    node.on("GET", "/api/v1/status", answer)
    out = unibos("status").out
    for told in (
        "Raspberry Pi 4 (standard)",
        "20 notes",
        "1 d 1 h",
        "3 done",
        "none",
        "1.0 GiB free of 2.0 GiB; database 4.0 KiB, files 0 B",
        "run `unibos setup`",
    ):
        assert told in out
    assert unibos("status", "--json").json == answer
    turkish = unibos("status", "--lang", "tr").out
    assert "Belgeler        3 bitti" in turkish
