"""Orgs, invitations and shared accounts, over the wire."""

import hashlib

import pytest

from tests.box import PASSWORD, RunningHub

ORGS = "/api/v1/orgs"
INVITATIONS = "/api/v1/invitations"


def refused(answer, status, code):
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    return answer.json()


@pytest.fixture(scope="module")
def hub(tmp_path_factory):
    with RunningHub(tmp_path_factory.mktemp("hub")) as running:
        running.set_up()
        yield running


@pytest.fixture(scope="module")
def smith(hub):
    return hub.second_org("Smith", "owner@smith.example")


@pytest.fixture(scope="module")
def other(hub):
    return hub.second_org("Other", "owner@other.example")


def invite(asker, email, role="member"):
    answer = asker.post(INVITATIONS, json={"email": email, "role": role})
    assert answer.status_code == 201, answer.text
    return answer.json()


def test_an_org_as_the_operator_makes_it(hub):
    asked = {"name": "Işık Ailesi", "owner": "isik@example.org", "type": "family", "plan": "free"}
    answer = hub.owner.post(ORGS, json=asked)
    assert answer.status_code == 201
    made = answer.json()
    assert made["org"] | {"id": "", "created_at": ""} == {
        "id": "",
        "created_at": "",
        "name": "Işık Ailesi",
        "slug": "isik-ailesi",
        "type": "family",
        "plan": "free",
        "max_users": None,
        "max_nodes": None,
        "max_storage_gb": None,
        "enabled_modules": None,
        "custom_domain": None,
        "delete_after": None,
        "usage": None,
    }
    assert made["invitation"]["invitation"]["role"] == "owner"
    link, secret = made["invitation"]["link"], made["invitation"]["secret"]
    assert link == f"{hub.url}/invitation/{secret}"
    refused(hub.owner.post(ORGS, json=asked | {"slug": "isik-ailesi"}), 409, "slug_taken")


@pytest.mark.parametrize(
    "wrong", [{"type": "club"}, {"plan": "gold"}, {"max_users": 3}, {"name": 1}, {"owner": None}]
)
def test_what_is_no_org_is_refused(hub, wrong):
    asked = {"name": "X", "owner": "x@example.org"} | wrong
    refused(hub.owner.post(ORGS, json=asked), 400, "body_invalid")


@pytest.mark.parametrize("limit", ["max_users", "max_nodes", "max_storage_gb"])
@pytest.mark.parametrize("value", [-1, 1.5, "3", 1_000_001, True])
def test_what_is_no_limit_is_refused(hub, smith, limit, value):
    asked = hub.owner.patch(f"{ORGS}/{smith.org}", json={limit: value})
    refused(asked, 400, "body_invalid")


def test_members_see_their_own_org_only(hub, smith, other):
    for name in (smith.org, "smith"):
        read = smith.client.get(f"{ORGS}/{name}").json()
        assert (read["id"], read["usage"]["users"]) == (smith.org, 1)
        refused(other.client.get(f"{ORGS}/{name}"), 404, "org_not_found")
    refused(smith.client.get(ORGS), 403, "operator_required")
    refused(smith.client.post(ORGS, json={"name": "X", "owner": "x@y.z"}), 403, "operator_required")
    listed = hub.owner.get(ORGS, params={"limit": 1}).json()
    assert len(listed["items"]) == 1
    assert listed["next"]
    refused(hub.owner.get(ORGS, params={"cursor": "x"}), 422, "cursor_invalid")


def test_the_local_socket_acts_in_the_org_that_it_names(hub, smith):
    local = hub.local()
    me = local.get("/api/v1/me", headers={"unibos-org": "smith"}).json()
    assert (me["org"], me["role"]) == (smith.org, "owner")
    users = local.get("/api/v1/users", headers={"unibos-org": smith.org}).json()["items"]
    assert [one["email"] for one in users] == ["owner@smith.example"]
    refused(local.get("/api/v1/me", headers={"unibos-org": "nobody"}), 404, "org_not_found")
    # Over the network the header is nobody's.
    me = smith.client.get("/api/v1/me", headers={"unibos-org": "other"}).json()
    assert me["org"] == smith.org


def test_storage_is_limited_where_bytes_come_in(hub, smith):
    limit = f"{ORGS}/smith"
    hub.owner.patch(limit, json={"max_storage_gb": 0}).raise_for_status()
    bytes_ = b"persimmon"
    name = hashlib.sha256(bytes_).hexdigest()
    told = refused(smith.client.put(f"/api/v1/blobs/{name}", content=bytes_), 403, "limit_reached")
    assert (told["limit"], told["present"], told["allowed"]) == ("max_storage_gb", 0, 0)
    assert told["hint"].endswith("sudo unibos hub orgs set smith --max-storage-gb N")
    part = {"content-range": f"bytes 0-3/{len(bytes_)}"}
    asked = smith.client.put(f"/api/v1/blobs/{name}", content=bytes_[:4], headers=part)
    refused(asked, 403, "limit_reached")

    def pieces():
        yield bytes_

    asked = smith.client.put(f"/api/v1/blobs/{name}", content=pieces())
    refused(asked, 403, "limit_reached")
    hub.owner.patch(limit, json={"max_storage_gb": 1}).raise_for_status()
    assert smith.client.put(f"/api/v1/blobs/{name}", content=bytes_).status_code == 201
    hub.owner.patch(limit, json={"max_storage_gb": 0}).raise_for_status()
    # What the org has is no more than it has.
    assert smith.client.put(f"/api/v1/blobs/{name}", content=bytes_).status_code == 200
    usage = smith.client.get(limit).json()["usage"]
    assert usage["storage_bytes"] == len(bytes_)
    hub.owner.patch(limit, json={"max_storage_gb": None}).raise_for_status()


def test_an_invitation_over_the_wire(hub, smith, other):
    made = invite(smith.client, "invited@example.org", "admin")
    (listed,) = smith.client.get(INVITATIONS).json()["items"]
    assert listed == made["invitation"]
    assert other.client.get(INVITATIONS).json()["items"] == []
    path = f"{INVITATIONS}/{listed['id']}"
    refused(other.client.delete(path), 404, "invitation_not_found")
    joined = hub.accept(made["secret"])
    assert joined.login["user"]["role"] == "admin"
    again = {"invitation": made["secret"], "password": PASSWORD}
    answer = hub.client().post(f"{INVITATIONS}/accept", json=again)
    refused(answer, 404, "invitation_not_found")
    made = invite(joined.client, "late@example.org")
    assert joined.client.delete(f"{INVITATIONS}/{made['invitation']['id']}").status_code == 204
    refused(joined.client.post(INVITATIONS, json={"email": "x"}), 422, "email_invalid")
    above = joined.client.post(INVITATIONS, json={"email": "x@example.org", "role": "owner"})
    assert refused(above, 403, "role_required")["role"] == "owner"


def test_accounts_are_not_an_admins(hub, smith):
    made = {"email": "x@example.org", "name": "X", "password": PASSWORD}
    refused(smith.client.post("/api/v1/users", json=made), 403, "invite_instead")
    one = hub.accept(invite(smith.client, "shared@example.org")["secret"])
    path = f"/api/v1/users/{one.login['user']['id']}"
    refused(smith.client.patch(path, json={"email": "y@example.org"}), 403, "account_shared")
    asked = smith.client.put(f"{path}/password", json={"password": PASSWORD})
    refused(asked, 403, "account_shared")
    assert smith.client.patch(path, json={"role": "viewer"}).status_code == 200
    assert one.client.get("/api/v1/me").json()["role"] == "viewer"


def test_one_login_for_several_orgs(hub, smith, other):
    hub.accept(invite(smith.client, "both@example.org")["secret"])
    hub.accept(invite(other.client, "both@example.org", "viewer")["secret"])
    said = {"email": "both@example.org", "password": PASSWORD}
    login = hub.client().post("/api/v1/auth/login", json=said).json()
    assert login["user"]["org"] == smith.org
    client = hub.client(login["access_token"])
    mine = client.get("/api/v1/me/orgs").json()
    assert [(one["slug"], one["role"]) for one in mine["items"]] == [
        ("smith", "member"),
        ("other", "viewer"),
    ]
    switched = client.post("/api/v1/auth/org", json={"org": "other"}).json()
    assert (switched["user"]["org"], switched["user"]["role"]) == (other.org, "viewer")
    there = hub.client().post("/api/v1/auth/login", json=said | {"org": "other"}).json()
    assert there["user"]["org"] == other.org
    refused(client.post("/api/v1/auth/org", json={"org": "home"}), 404, "org_not_found")
    nowhere = hub.client().post("/api/v1/auth/login", json=said | {"org": "home"})
    refused(nowhere, 401, "login_failed")


def test_an_org_is_given_away_closed_and_opened_again(hub):
    mine = hub.second_org("Mine", "owner@mine.example")
    heir = hub.accept(invite(mine.client, "heir@mine.example")["secret"])
    to_heir = {"user": heir.login["user"]["id"]}
    path = f"{ORGS}/mine"
    refused(heir.client.delete(path, params={"slug": "mine"}), 403, "role_required")
    assert mine.client.post(f"{path}/transfer", json=to_heir).status_code == 200
    assert mine.client.get("/api/v1/me").json()["role"] == "admin"
    refused(heir.client.delete(path), 400, "query_invalid")
    refused(heir.client.delete(path, params={"slug": "other"}), 422, "confirmation_wrong")
    closed = heir.client.delete(path, params={"slug": "mine"})
    assert closed.status_code == 202
    told = refused(mine.client.get("/api/v1/me"), 403, "org_closing")
    assert told["delete_after"]
    assert heir.client.get(path).json()["delete_after"] == closed.json()["delete_after"]
    assert heir.client.post(f"{path}/restore").json()["delete_after"] is None
    assert mine.client.get("/api/v1/me").status_code == 200
    own = hub.login["user"]["org"]
    refused(hub.owner.delete(f"{ORGS}/{own}", params={"slug": "home"}), 409, "own_org")
