"""How sync is, over sockets: of a node alone, of one that joined, of its hub."""

from collections.abc import Iterator

import pytest

from tests.box import Box, Running, RunningHub
from tests.transports.http.test_events_api import stream

NOTES = "/api/v1/collections/notes/records"


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Box]:
    """A hub with its own certificate; asked over its local socket."""
    with RunningHub(tmp_path_factory.mktemp("hub"), {"hub.tls": "true"}) as running:
        running.owner = running.local()
        yield running


@pytest.fixture
def node(tmp_path) -> Iterator[Box]:
    with Running(tmp_path / "node") as running:
        running.set_up()
        yield running


def refusal(answer):
    return answer.status_code, answer.json()["code"]


def test_a_node_alone_has_nobody_to_sync_with(node):
    status = node.owner.get("/api/v1/sync").json()
    assert (status["mode"], status["peers"], status["paused"]) == ("alone", [], False)
    assert node.owner.post("/api/v1/sync/now").json() == {"peers": []}


def test_it_can_be_paused(node):
    assert node.owner.post("/api/v1/sync/pause").json()["paused"] is True
    assert node.owner.get("/api/v1/sync").json()["paused"] is True
    assert node.owner.post("/api/v1/sync/resume").json()["paused"] is False
    nobody = node.client()
    assert refusal(nobody.post("/api/v1/sync/pause")) == (401, "token_missing")
    assert refusal(nobody.get("/api/v1/sync")) == (401, "token_missing")


def test_another_hub_needs_a_first_one(hub, node):
    asked = {"token": hub.join_token(), "also": True}
    for path in ("/api/v1/hub/preview", "/api/v1/hub/join"):
        assert refusal(node.owner.post(path, json=asked)) == (409, "not_joined")
    asked = {"hub": "nobody"}
    assert refusal(node.owner.post("/api/v1/hub/leave", json=asked)) == (404, "hub_not_found")


def test_a_round_is_told_while_it_runs(hub, node):
    node.join(hub.join_token())
    local = node.local()
    local.put("/api/v1/export", json={"collection": "notes", "export": "hub"})
    again = {"token": hub.join_token(), "also": True}
    assert refusal(local.post("/api/v1/hub/join", json=again)) == (409, "already_joined")

    with stream(node.local(), topic="sync") as events:
        note = local.post(NOTES, json={"data": {"title": "Live"}}).json()
        told = [next(event for event in events if event.data["what"] == "round")]
    assert told[0].type == "sync"
    assert told[0].data["pushed"] == 1
    assert hub.owner.get(f"{NOTES}/{note['id']}").json()["data"] == {"title": "Live"}

    (tried,) = local.post("/api/v1/sync/now").json()["peers"]
    assert (tried["error"], tried["pushed"]) == (None, 0)
    (peer,) = local.get("/api/v1/sync").json()["peers"]
    assert (peer["kind"], peer["reads"], peer["writes"]) == ("hub", True, True)
    assert (peer["lag_here"], peer["lag_there"], peer["quarantined"]) == (0, 0, 0)
    assert peer["latency_ms"] > 0
    assert peer["sent_bytes"] > 0
    assert peer["last_success"]

    status = hub.owner.get("/api/v1/sync").json()
    (seen,) = [
        one
        for one in status["peers"]
        if one["id"] == node.local().get("/health").json()["instance"]
    ]
    assert (seen["kind"], seen["state"]) == ("node", "online")
