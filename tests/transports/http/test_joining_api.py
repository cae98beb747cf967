"""A node joins a real hub over HTTPS and leaves it; both are whole, and asked over sockets."""

from collections.abc import Iterator

import pytest

from tests.box import Box, Running, RunningHub
from unibos.core.identity.registry.join_string import JoinToken


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


def changed(node, path, body):
    """Ask for what makes the node start anew; its place afterwards."""
    before = node.running.lives
    answer = node.local().post(path, json=body)
    assert answer.status_code == 202, answer.text
    node.running.lived(before + 1)
    return node.local().get("/api/v1/hub").json()


def refusal(answer):
    return answer.status_code, answer.json()["code"]


def listed(hub):
    return {one["id"]: one["state"] for one in hub.owner.get("/api/v1/nodes").json()["items"]}


def test_a_node_joins_and_leaves(hub, node):
    assert node.owner.get("/api/v1/hub").json()["state"] == "none"
    assert refusal(node.owner.post("/api/v1/hub/check")) == (409, "not_joined")
    assert refusal(node.owner.post("/api/v1/hub/leave", json={})) == (409, "not_joined")
    note = {"data": {"title": "Before", "body": "made here"}}
    made = node.owner.post("/api/v1/collections/notes/records", json=note).json()

    token = hub.join_token()
    lead = node.owner.post("/api/v1/hub/preview", json={"token": token}).json()
    assert lead["hub"]["id"] == JoinToken.parse(token).hub
    assert (lead["hub"]["name"], lead["url"]) != ("", "")
    assert node.local().get("/api/v1/hub").json()["state"] == "none"

    place = node.join(token)
    assert place["state"] == "joined"
    assert place["hub"] == {**lead["hub"], "urls": place["hub"]["urls"]}
    org = hub.owner.get("/api/v1/me").json()["org"]
    assert place["org"]["id"] == node.local().get("/health").json()["org"] == org
    instance = node.local().get("/health").json()["instance"]
    assert listed(hub)[instance] == "online"
    assert node.local().get(f"/api/v1/collections/notes/records/{made['id']}").json() == made
    assert node.log_in("owner@example.org")["user"]["org"] == org

    place = node.local().post("/api/v1/hub/check").json()
    assert place["online"] is True
    assert abs(place["clock_skew_ms"]) < 60_000
    assert place["last_contact"] < place["member_until"]
    again = node.local().post("/api/v1/hub/join", json={"token": hub.join_token()})
    assert refusal(again) == (409, "already_joined")

    assert changed(node, "/api/v1/hub/leave", {})["state"] == "none"
    assert instance not in listed(hub)
    assert node.local().get(f"/api/v1/collections/notes/records/{made['id']}").json() == made
    assert node.log_in("owner@example.org")["user"]["org"] == org


def test_a_revoked_node_keeps_its_own_and_may_come_back(hub, node):
    node.join(hub.join_token())
    instance = node.local().get("/health").json()["instance"]
    assert hub.owner.delete(f"/api/v1/nodes/{instance}").status_code == 204
    before = node.running.lives
    assert refusal(node.local().post("/api/v1/hub/check")) == (403, "node_revoked")
    node.running.lived(before + 1)
    place = node.local().get("/api/v1/hub").json()
    assert (place["state"], place["online"]) == ("revoked", False)
    assert refusal(node.local().post("/api/v1/hub/check")) == (409, "not_joined")
    assert node.log_in("owner@example.org")["user"]["role"] == "owner"
    assert node.join(hub.join_token())["state"] == "joined"


def test_who_may_do_what(node):
    member = node.member("member", "member@example.org")
    viewer = node.member("viewer", "viewer@example.org")
    admin = node.member("admin", "admin@example.org")
    assert viewer.get("/api/v1/hub").status_code == 200
    assert node.client().get("/api/v1/hub").status_code == 401
    assert refusal(member.post("/api/v1/hub/check")) == (409, "not_joined")
    assert refusal(viewer.post("/api/v1/hub/check")) == (403, "role_required")
    for path in ("preview", "join", "leave"):
        body = {} if path == "leave" else {"token": "x"}
        assert refusal(admin.post(f"/api/v1/hub/{path}", json=body)) == (403, "role_required")


def test_tokens_that_lead_nowhere(hub, node):
    def join(text):
        return refusal(node.owner.post("/api/v1/hub/join", json={"token": text}))

    assert join("unibos-join-AAAA") == (422, "join_string_invalid")
    assert join("x" * 5000) == (400, "body_invalid")
    whole = JoinToken.parse(hub.join_token())
    guessed = whole.secret[:-8] + "AAAAAAAA"

    def other(**change):
        fields = {name: getattr(whole, name) for name in whole.__struct_fields__}
        return JoinToken(**fields | change).format()

    # Who asks the node is who they say: that the hub does not know the token is not theirs.
    assert join(other(secret=guessed)) == (403, "join_token_invalid")
    assert join(other(hub="a" * 52)) == (503, "hub_not_genuine")
    assert join(other(urls=["https://127.0.0.1:1"])) == (503, "hub_unreachable")
    assert join(other(urls=["http://192.0.2.1"])) == (503, "hub_unreachable")
    assert node.owner.get("/api/v1/hub").json()["state"] == "none"


def test_offline_nobody_is_asked(hub, tmp_path):
    with Running(tmp_path / "node", {"offline": "true"}) as node:
        for path in ("preview", "join"):
            asked = {"token": hub.join_token()}
            answer = node.local().post(f"/api/v1/hub/{path}", json=asked)
            assert refusal(answer) == (503, "hub_unreachable")
            assert "talk to nobody" in answer.json()["detail"]
