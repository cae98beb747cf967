"""Export control over HTTP: on a node, and what a hub has of it."""

import pytest

from tests.box import RunningHub
from unibos.core.store import export_log, peers

EXPORT, LOG = "/api/v1/export", "/api/v1/export/log"


class OpenHub(RunningHub):
    """A hub whose store a test can write to."""

    def _tell(self, running):
        self.store = running.parts.store
        super()._tell(running)


@pytest.fixture(scope="module")
def hub(tmp_path_factory):
    with OpenHub(tmp_path_factory.mktemp("hub")) as running:
        running.set_up()
        yield running


@pytest.fixture
def books(owner):
    """A collection with two records, and one that is deleted."""
    made = owner.post("/api/v1/collections", json={"name": "books", "schema": {}})
    assert made.status_code in {201, 409}
    owner.put(EXPORT, json={"collection": "books", "export": "local"})
    place = "/api/v1/collections/books/records"
    for one in owner.get(place).json()["items"]:
        owner.delete(f"{place}/{one['id']}")
    made = [owner.post(place, json={"data": {"title": "x"}}).json()["id"] for _ in range(3)]
    owner.delete(f"{place}/{made[0]}")
    return "books"


def of(answer, name):
    assert answer.status_code == 200, answer.text
    return next(one for one in answer.json()["items"] if one["collection"] == name)


def test_everything_stays_by_default(owner):
    told = owner.get(EXPORT).json()
    assert told["items"]
    assert {(one["export"], one["to_nodes"], one["to_hub"]) for one in told["items"]} == {
        ("local", False, False)
    }
    assert (told["kill_switch"], told["stopped_at"]) == (False, None)


def test_a_policy_is_set_and_told(owner, books):
    assert of(owner.get(EXPORT), books)["records"] == 2
    for wanted, nodes, hub in (
        ("nodes", True, False),
        ("hub", True, True),
        ("local", False, False),
    ):
        one = of(owner.put(EXPORT, json={"collection": books, "export": wanted}), books)
        assert (one["export"], one["to_nodes"], one["to_hub"]) == (wanted, nodes, hub)
        assert of(owner.get(EXPORT), books) == one
        shown = owner.get(f"/api/v1/collections/{books}").json()
        assert shown["export"] == wanted


def test_what_cannot_be_set_is_refused(owner, books):
    for asked, status, code in (
        ({"collection": "nothing", "export": "hub"}, 404, "collection_not_found"),
        ({"collection": books}, 422, "export_unclear"),
        ({"export": "hub"}, 422, "export_unclear"),
        ({}, 422, "export_unclear"),
        ({"collection": books, "export": "hub", "kill_switch": True}, 422, "export_unclear"),
        ({"collection": books, "export": "world"}, 400, "body_invalid"),
        ({"collection": books, "export": "hub", "more": 1}, 400, "body_invalid"),
    ):
        answer = owner.put(EXPORT, json=asked)
        assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert of(owner.get(EXPORT), books)["export"] == "local"


def test_the_kill_switch_goes_on_and_off(owner):
    on = owner.put(EXPORT, json={"kill_switch": True}).json()
    assert on["kill_switch"]
    assert on["stopped_at"].endswith("Z")
    assert owner.get(EXPORT).json()["stopped_at"] == on["stopped_at"]
    assert not owner.put(EXPORT, json={"kill_switch": False}).json()["kill_switch"]


def test_it_is_for_admins(box, owner):
    member = box.member("member", "member@example.org")
    admin = box.member("admin", "admin@example.org")
    for method, path in (("GET", EXPORT), ("PUT", EXPORT), ("GET", LOG)):
        refused = member.request(method, path, json={} if method == "PUT" else None)
        assert refused.json()["code"] == "role_required"
    assert admin.get(EXPORT).status_code == admin.get(LOG).status_code == 200


def test_the_log_is_told_page_by_page(hub):
    org = hub.login["user"]["org"]

    def fill(tx):
        peers.meet(tx, "peer-1", "epoch-1", "node", "attic")
        for number in range(3):
            export_log.add(tx, "peer-1", "books", "push", number, 100, number, number)
        export_log.add(tx, "peer-2", "notes", "pull", 0, 0, 9, 9, blocked="export_stopped")

    hub.running.store.write(fill, org)
    first = hub.owner.get(LOG, params={"limit": 3}).json()
    assert [one["records"] for one in first["items"]] == [0, 2, 1]
    assert [one["peer_name"] for one in first["items"]] == ["", "attic", "attic"]
    assert first["items"][0]["blocked"] == "export_stopped"
    second = hub.owner.get(LOG, params={"limit": 3, "cursor": first["next"]}).json()
    assert ([one["records"] for one in second["items"]], second["next"]) == ([0], None)
    for narrowed, count in (({"peer": "peer-2"}, 1), ({"collection": "books"}, 3)):
        assert len(hub.owner.get(LOG, params=narrowed).json()["items"]) == count
    for cursor in ("x", "-1", "9" * 40):
        answer = hub.owner.get(LOG, params={"cursor": cursor})
        assert (answer.status_code, answer.json()["code"]) == (422, "cursor_invalid")


def test_a_hub_has_the_switch_and_leaves_policies_to_nodes(hub):
    assert hub.owner.get(EXPORT).json()["items"] == []
    answer = hub.owner.put(EXPORT, json={"collection": "books", "export": "local"})
    assert (answer.status_code, answer.json()["code"]) == (403, "export_at_nodes")
    other = hub.second_org("Other", "other@example.org").client
    assert hub.owner.put(EXPORT, json={"kill_switch": True}).json()["kill_switch"]
    assert not other.get(EXPORT).json()["kill_switch"]
    assert other.get(LOG).json()["items"] == []
