"""Hub and node in one process: one org, one setup, one account; whatever either was before."""

import hashlib
import shutil

import pytest

from tests.box import PASSWORD, Running, RunningBoth, RunningHub
from unibos.base.errors import Misconfigured

NOTES = "/api/v1/collections/notes/records"


def place(box):
    return box.local().get("/api/v1/hub").json()


def org(box):
    return box.local().get("/api/v1/me").json()["org"]


def assert_member(box):
    """The node belongs to its own hub's org, and the hub knows just it."""
    found = place(box)
    assert (found["state"], found["online"]) == ("joined", True)
    assert found["org"]["id"] == org(box) == org(box.hub)
    nodes = box.hub.local().get("/api/v1/nodes").json()["items"]
    assert [(one["id"], one["state"]) for one in nodes] == [(found["hub"]["id"], "online")]


def test_a_new_box_is_set_up_once_at_the_hub(tmp_path):
    with RunningBoth(tmp_path) as box:
        assert_member(box)
        assert box.setup_code is None
        asked = {"setup_code": box.hub.setup_code, "email": "owner@example.org"}
        asked |= {"name": "Owner", "password": PASSWORD}
        refused = box.client().post("/api/v1/setup", json=asked)
        assert (refused.status_code, refused.json()["code"]) == (409, "setup_at_hub")
        assert refused.json()["hub"] == box.hub.url
        box.hub.set_up()
        login = box.log_in("owner@example.org")
        assert login["offline"] is False
        owner = box.client(login["access_token"])
        assert owner.get("/api/v1/me").json()["org"] == org(box)
        owner.post(NOTES, json={"data": {"title": "mine"}}).raise_for_status()
        assert box.hub.client(login["access_token"]).get("/api/v1/me").status_code == 200
        assert not (tmp_path / "setup-code").exists()


def test_it_stays_what_it_became(tmp_path):
    with RunningBoth(tmp_path) as box:
        box.hub.set_up()
        before = org(box)
    with RunningBoth(tmp_path) as box:
        assert_member(box)
        assert org(box) == before
        assert len(box.hub.local().get("/api/v1/tokens").json()["items"]) == 1
        box.log_in("owner@example.org")


def test_a_lone_node_brings_what_it_has(tmp_path):
    with Running(tmp_path) as box:
        box.set_up()
        made = box.owner.post(NOTES, json={"data": {"title": "from before"}}).json()["id"]
        before = org(box)
    with RunningBoth(tmp_path) as box:
        assert_member(box)
        assert org(box) != before
        assert box.hub.setup_code
        owner = box.client(box.log_in("owner@example.org")["access_token"])
        assert owner.get(f"{NOTES}/{made}").json()["data"]["title"] == "from before"
        assert owner.get("/api/v1/me").json()["origin"] == "local"
        found = owner.get("/api/v1/search", params={"q": "before"}).json()["items"]
        assert [item["id"] for item in found] == [made]


def test_a_lone_hub_gets_a_node(tmp_path):
    with RunningHub(tmp_path) as hub:
        hub.set_up()
        before = org(hub)
    with RunningBoth(tmp_path) as box:
        assert_member(box)
        assert org(box) == before
        assert box.client(box.log_in("owner@example.org")["access_token"]).get(NOTES).is_success


def test_a_member_of_the_hubs_own_org_only_gets_in(tmp_path):
    with RunningBoth(tmp_path) as box:
        box.hub.set_up()
        box.hub.second_org("Smith", "smith@example.net")
        said = {"email": "smith@example.net", "password": PASSWORD}
        refused = box.client().post("/api/v1/auth/login", json=said)
        assert (refused.status_code, refused.json()["code"]) == (401, "login_failed")


def test_a_hub_that_lost_its_database_takes_its_node_in_again(tmp_path):
    with RunningBoth(tmp_path) as box:
        box.local().post(NOTES, json={"data": {"title": "kept"}}).raise_for_status()
    for path in tmp_path.glob("hub.*"):
        path.unlink()
    shutil.rmtree(tmp_path / "hub-blobs", ignore_errors=True)
    with RunningBoth(tmp_path) as box:
        assert_member(box)
        (kept,) = box.local().get(NOTES).json()["items"]
        assert kept["data"]["title"] == "kept"


def test_a_node_of_another_hub_is_left_alone(tmp_path):
    with RunningHub(tmp_path / "hub") as hub:
        hub.set_up()
        with Running(tmp_path / "node") as box:
            assert box.join(hub.join_token())["state"] == "joined"
    with pytest.raises(Misconfigured) as raised, RunningBoth(tmp_path / "node"):
        raise AssertionError("it must not start")
    assert raised.value.code == "node_of_another_hub"


def test_each_role_keeps_its_files_apart(tmp_path):
    """Each collects what none of its own rows names."""
    with RunningBoth(tmp_path) as box:
        for one, folder in ((box, "blobs"), (box.hub, "hub-blobs")):
            name = hashlib.sha256(folder.encode()).hexdigest()
            put = one.local().put(f"/api/v1/blobs/{name}", content=folder.encode())
            assert put.status_code == 201
            assert [path.name for path in (tmp_path / folder).glob("??/*")] == [name]
