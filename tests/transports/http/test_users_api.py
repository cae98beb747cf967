"""Users and roles, over the wire."""

import pytest

from tests.box import PASSWORD
from unibos.base.ids import new_id

USERS = "/api/v1/users"
ME = "/api/v1/me"
NOTES = "/api/v1/collections/notes/records"


def refused(answer, status, code):
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    return answer.json()


@pytest.fixture(scope="module")
def by_role(box):
    """A client of each role; the fixture's owner is another than the first one."""
    return {role: box.member(role, f"{role}-of-all@example.org") for role in ROLES}


ROLES = ("viewer", "member", "admin", "owner")


def make(asker, role="member", **changed):
    asked = {"email": f"{new_id()}@example.org", "name": "X", "password": PASSWORD, "role": role}
    return asker.post(USERS, json=asked | changed)


def made(asker, role="member"):
    answer = make(asker, role)
    assert answer.status_code == 201, answer.text
    return answer.json()


# No such thing; the same in every process, which names the tests.
ABSENT = "01a207db-7f80-7000-8000-000000000000"
# What is asked, and the least role that gets through.
ASKED = [
    ("GET", "/api/v1/me", None, "viewer"),
    ("GET", NOTES, None, "viewer"),
    ("GET", "/api/v1/search?q=a", None, "viewer"),
    ("GET", "/api/v1/documents", None, "viewer"),
    ("GET", "/api/v1/jobs", None, "viewer"),
    ("GET", "/api/v1/status", None, "viewer"),
    ("POST", NOTES, {"data": {}}, "member"),
    (
        "POST",
        "/api/v1/batch",
        {"writes": [{"op": "create", "collection": "notes", "data": {}}]},
        "member",
    ),
    ("PATCH", f"{NOTES}/{ABSENT}", {"data": {}}, "member"),
    ("DELETE", f"{NOTES}/{ABSENT}", None, "member"),
    ("DELETE", f"/api/v1/documents/{ABSENT}", None, "member"),
    ("POST", f"/api/v1/documents/{ABSENT}/reprocess", None, "member"),
    ("POST", "/api/v1/jobs", {"kind": "documents.read"}, "member"),
    ("DELETE", f"/api/v1/jobs/{ABSENT}", None, "member"),
    ("GET", f"/api/v1/blobs/{'0' * 64}/upload", None, "member"),
    ("GET", USERS, None, "admin"),
    ("GET", f"{USERS}/{ABSENT}", None, "admin"),
    ("POST", "/api/v1/collections", {"name": "documents"}, "admin"),
    ("DELETE", f"{USERS}/{ABSENT}/sessions", None, "admin"),
    ("GET", "/api/v1/integrity", None, "owner"),
]


@pytest.mark.parametrize(("method", "path", "body", "least"), ASKED)
def test_each_role_gets_as_far_as_it_may(by_role, method, path, body, least):
    for role in ROLES:
        answer = by_role[role].request(method, path, json=body)
        if ROLES.index(role) < ROLES.index(least):
            assert refused(answer, 403, "role_required")["role"] == least
        else:
            assert answer.status_code != 403, answer.text


def test_a_viewer_cannot_send_bytes(by_role):
    for method, path in (("PUT", f"/api/v1/blobs/{'0' * 64}"), ("POST", "/api/v1/documents")):
        refused(by_role["viewer"].request(method, path, content=b"x"), 403, "role_required")


def test_nobody_gives_a_role_above_their_own(by_role):
    for role in ("viewer", "member"):
        for wanted in ROLES:
            refused(make(by_role[role], wanted), 403, "role_required")
    refused(make(by_role["admin"], "owner"), 403, "role_required")
    assert made(by_role["admin"], "admin")["role"] == "admin"
    assert made(by_role["owner"], "owner")["role"] == "owner"


def test_nobody_touches_who_stands_above_them(box, by_role):
    owner = f"{USERS}/{box.login['user']['id']}"
    admin = by_role["admin"]
    refused(admin.patch(owner, json={"name": "Mine"}), 403, "role_required")
    refused(admin.patch(owner, json={"role": "viewer"}), 403, "role_required")
    refused(admin.delete(owner), 403, "role_required")
    refused(admin.delete(f"{owner}/sessions"), 403, "role_required")
    taken = {"password": "taken over by force"}
    refused(admin.put(f"{owner}/password", json=taken), 403, "role_required")
    me = admin.get(ME).json()["id"]
    refused(admin.patch(f"{USERS}/{me}", json={"role": "owner"}), 403, "role_required")


def test_one_may_read_and_name_oneself_and_nothing_more(by_role):
    viewer = by_role["viewer"]
    one = f"{USERS}/{viewer.get(ME).json()['id']}"
    assert viewer.get(one).json()["role"] == "viewer"
    assert viewer.patch(one, json={"name": "Vera"}).json()["name"] == "Vera"
    for change in ({"role": "owner"}, {"email": "x@example.org"}, {"disabled": False}):
        refused(viewer.patch(one, json=change), 403, "role_required")
    refused(viewer.delete(one), 403, "role_required")
    refused(viewer.put(f"{one}/password", json={"password": PASSWORD}), 403, "role_required")


def test_ones_own_password_needs_the_present_one(by_role):
    admin = by_role["admin"]
    one = f"{USERS}/{admin.get(ME).json()['id']}/password"
    refused(admin.put(one, json={"password": "x" * 20}), 403, "current_password_required")


def test_an_org_never_loses_its_last_owner(box, by_role):
    second = by_role["owner"]
    first = f"{USERS}/{box.login['user']['id']}"
    others = [
        user
        for user in box.owner.get(USERS, params={"limit": 200}).json()["items"]
        if user["role"] == "owner" and user["id"] != box.login["user"]["id"]
    ]
    for user in others:
        if user["id"] != second.get(ME).json()["id"]:
            assert box.owner.delete(f"{USERS}/{user['id']}").status_code == 204
    rest = f"{USERS}/{second.get(ME).json()['id']}"
    assert box.owner.patch(rest, json={"role": "admin"}).json()["role"] == "admin"
    refused(box.owner.patch(first, json={"role": "admin"}), 409, "last_owner")
    refused(box.owner.patch(first, json={"disabled": True}), 409, "last_owner")
    refused(box.owner.delete(first), 409, "last_owner")
    assert box.owner.patch(rest, json={"role": "owner"}).json()["role"] == "owner"


@pytest.mark.parametrize("how", ["disabled", "removed", "logged out", "new password"])
def test_what_an_admin_does_to_a_user_ends_their_token_at_once(box, how):
    user = made(box.owner)
    login = box.log_in(user["email"])
    client = box.client(login["access_token"])
    assert client.get(ME).status_code == 200
    one = f"{USERS}/{user['id']}"
    asked = {
        "disabled": lambda: box.owner.patch(one, json={"disabled": True}),
        "removed": lambda: box.owner.delete(one),
        "logged out": lambda: box.owner.delete(f"{one}/sessions"),
        "new password": lambda: box.owner.put(
            f"{one}/password", json={"password": "a fresh password"}
        ),
    }
    assert asked[how]().status_code in (200, 204)
    refused(client.get(ME), 401, "session_ended")
    refused(client.post(NOTES, json={"data": {}}), 401, "session_ended")
    again = box.client().post(
        "/api/v1/auth/refresh", json={"refresh_token": login["refresh_token"]}
    )
    refused(again, 401, "session_ended")


def test_a_lower_role_counts_at_once(box):
    user = made(box.owner, "admin")
    client = box.client(box.log_in(user["email"])["access_token"])
    assert client.get(USERS).status_code == 200
    box.owner.patch(f"{USERS}/{user['id']}", json={"role": "viewer"}).raise_for_status()
    refused(client.get(USERS), 403, "role_required")


def test_an_account_that_was_disabled_comes_back(box):
    user = made(box.owner)
    one = f"{USERS}/{user['id']}"
    box.owner.patch(one, json={"disabled": True}).raise_for_status()
    assert box.owner.get(one).json()["disabled"] is True
    box.owner.patch(one, json={"disabled": False}).raise_for_status()
    assert box.log_in(user["email"])["user"]["id"] == user["id"]


def test_an_address_belongs_to_one_account(box):
    user = made(box.owner)
    refused(make(box.owner, email=user["email"].upper()), 409, "email_taken")
    other = made(box.owner)
    change = {"email": user["email"]}
    refused(box.owner.patch(f"{USERS}/{other['id']}", json=change), 409, "email_taken")


@pytest.mark.parametrize(
    ("changed", "status", "code"),
    [
        ({"email": "nothing"}, 422, "email_invalid"),
        ({"email": "a@b\r\nX: y"}, 422, "email_invalid"),
        ({"name": "tab\tbed"}, 422, "name_invalid"),
        ({"name": ""}, 422, "name_invalid"),
        ({"password": "short"}, 422, "password_too_short"),
        ({"role": "god"}, 400, "body_invalid"),
        ({"id": "mine"}, 400, "body_invalid"),
        ({"email": None}, 400, "body_invalid"),
        ({"password": "x" * 1025}, 400, "body_invalid"),
    ],
)
def test_what_makes_no_account(box, changed, status, code):
    refused(make(box.owner, **changed), status, code)


def test_a_password_is_never_shown(box):
    user = made(box.owner)
    assert set(user) == {"id", "email", "name", "role", "org", "disabled", "created_at"}
    listed = box.owner.get(USERS, params={"limit": 200}).text
    assert "argon2" not in listed
    assert "verifier" not in listed


def test_users_are_paged(box):
    for _ in range(3):
        made(box.owner)
    seen, cursor = [], None
    while True:
        asked = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        page = box.owner.get(USERS, params=asked).json()
        seen += [user["id"] for user in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert len(seen) == len(set(seen)) > 3
    refused(box.owner.get(USERS, params={"cursor": "x"}), 422, "cursor_invalid")


def test_an_unknown_user(box):
    one = f"{USERS}/{new_id()}"
    for method, body in (("GET", None), ("PATCH", {"name": "N"}), ("DELETE", None)):
        refused(box.owner.request(method, one, json=body), 404, "user_not_found")
