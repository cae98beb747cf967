"""Two nodes of one org that exchange what may go to nodes, and nowhere else."""

import pytest

from tests.box import Running, RunningHub

NOTES = "/api/v1/collections/notes/records"


@pytest.fixture
def hub(tmp_path):
    with RunningHub(tmp_path / "hub") as running:
        running.owner = running.local()
        yield running


def share(node):
    body = {"collection": "notes", "export": "nodes"}
    answer = node.local().put("/api/v1/export", json=body)
    assert answer.status_code == 200, answer.text


def join(node, hub):
    node.join(hub.join_token())


def rounds(node, peer):
    """What came of a whole round with one peer."""
    told = node.local().post("/api/v1/sync/now", timeout=60).json()["peers"]
    return next(one for one in told if one["id"] == peer)


def id_of(node):
    return node.local().get("/health").json()["instance"]


def test_what_may_go_to_nodes_goes_from_one_to_the_other(hub, tmp_path):
    with Running(tmp_path / "garden", {"node.tls": True}) as garden:
        join(garden, hub)
        share(garden)
        settings = {"sync.peers": garden.url}
        with Running(tmp_path / "kitchen", settings) as kitchen:
            join(kitchen, hub)
            share(kitchen)
            said = garden.local().get("/.well-known/unibos").json()
            assert said.keys() == {"statement", "membership"}
            made = kitchen.local().post(NOTES, json={"data": {"title": "tea", "body": ""}})
            assert made.status_code == 201
            grown = garden.local().post(NOTES, json={"data": {"title": "basil", "body": ""}})
            done = rounds(kitchen, id_of(garden))
            assert done["error"] is None
            for node in (kitchen, garden):
                titles = {one["data"]["title"] for one in node.local().get(NOTES).json()["items"]}
                assert titles == {"tea", "basil"}
            assert grown.status_code == 201
        assert hub.owner.get(NOTES).json()["code"] == "collection_not_found"


def test_a_node_that_joined_no_hub_answers_no_peer(tmp_path):
    with Running(tmp_path / "lonely") as lonely:
        lonely.set_up()
        # It says who it is, to its workers, but nobody vouches for it.
        said = lonely.client().get("/.well-known/unibos").json()
        assert (bool(said["statement"]), said["membership"]) == (True, "")
        asked = {"authorization": "Bearer x"}
        answer = lonely.client().post("/api/v1/sync/hello", json={}, headers=asked)
        assert (answer.status_code, answer.json()["code"]) == (403, "peers_need_hub")


def test_a_node_that_is_revoked_is_no_peer_any_more(hub, tmp_path):
    with Running(tmp_path / "garden", {"node.tls": True}) as garden:
        join(garden, hub)
        with Running(tmp_path / "kitchen", {"sync.peers": garden.url}) as kitchen:
            join(kitchen, hub)
            assert rounds(kitchen, id_of(garden))["error"] is None
            hub.owner.delete(f"/api/v1/nodes/{id_of(kitchen)}").raise_for_status()
            garden.local().post("/api/v1/hub/check").raise_for_status()
            error = rounds(kitchen, id_of(garden))["error"]
            assert error["code"] == "node_revoked"
