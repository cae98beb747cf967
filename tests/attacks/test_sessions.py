"""Sessions that are stolen, used twice, or held open past their end."""

import hashlib
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.attacks.conftest import MEMBER, code, me, nobody
from tests.box import PASSWORD, Running
from tests.wire import Wire

REUSED = (401, "refresh_reused")
ENDED = (401, "session_ended")
REFRESH = "/api/v1/auth/refresh"


def exchange(box, token):
    return nobody(box).post(REFRESH, json={"refresh_token": token})


def ended(doors, *logins):
    """Whether nothing of a session opens anything any more."""
    for door in doors:
        for login in logins:
            assert code(exchange(door, login["refresh_token"])) == ENDED
    for login in logins:
        assert me(doors[0], login["access_token"]) == ENDED
    return True


@pytest.mark.parametrize("first", ["hub", "one"])
@pytest.mark.parametrize("second", ["hub", "one"])
def test_a_refresh_token_twice(home, first, second):
    login = home.one.log_in(MEMBER)
    renewed = exchange(getattr(home, first), login["refresh_token"])
    assert renewed.status_code == 200, renewed.text
    assert code(exchange(getattr(home, second), login["refresh_token"])) == REUSED
    assert ended([home.hub, home.one], login, renewed.json())


def test_the_node_hears_that_a_session_ended(home):
    login = home.one.log_in(MEMBER)
    renewed = exchange(home.hub, login["refresh_token"]).json()
    assert code(exchange(home.hub, login["refresh_token"])) == REUSED
    home.one.local().post("/api/v1/hub/check").raise_for_status()
    assert me(home.one, login["access_token"]) == ENDED
    assert me(home.one, renewed["access_token"]) == ENDED


def test_a_refresh_token_by_many_at_once(home):
    """Through the hub and the node together: one gets a pair, and it is worth nothing."""
    login = home.one.log_in(MEMBER)
    doors = [home.hub, home.one] * 4
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda box: exchange(box, login["refresh_token"]), doors))
    good = [answer.json() for answer in answers if answer.status_code == 200]
    assert len(good) == 1
    refusals = {code(answer) for answer in answers if answer.status_code != 200}
    assert refusals <= {REUSED, ENDED}
    assert ended([home.hub, home.one], login, good[0])


def test_forged_refresh_tokens(home):
    session, generation, mac = home.login["refresh_token"].split(".")
    other = home.hub.log_in("owner@example.org")["refresh_token"]
    for forged in (
        f"{session}.2.{mac}",
        f"{session}.1.",
        f"{session}.1.{'A' * 43}",
        f"{session}.01.{mac}",
        f"{session}.{generation}.{other.split('.')[2]}",
        f"{other.split('.')[0]}.{generation}.{mac}",
        f"{session.upper()}.{generation}.{mac}",
        f"{session}.{generation}.{mac}=",
        f"{session}.{generation}.{mac} ",
        f"{session}.99999999999.{mac}",
        "..",
        "",
    ):
        for door in (home.hub, home.one):
            assert code(exchange(door, forged)) == (401, "refresh_invalid"), forged
    assert exchange(home.hub, other).status_code == 200


def test_another_orgs_node_neither_takes_nor_ends_a_session(home):
    login = home.one.log_in(MEMBER)
    assert code(exchange(home.theirs, login["refresh_token"])) == ENDED
    assert me(home.theirs, login["access_token"]) == (401, "token_invalid")
    assert me(home.one, login["access_token"])[0] == 200
    assert exchange(home.one, login["refresh_token"]).status_code == 200


def test_a_session_does_not_lead_into_another_org(home):
    login = home.hub.log_in(MEMBER)
    with_token = home.hub.client(login["access_token"])
    for org in (home.other.org, "other", "", "../other", "nowhere", "\x00"):
        answer = with_token.post("/api/v1/auth/org", json={"org": org})
        if org:
            assert code(answer) == (404, "org_not_found"), org
        else:
            assert answer.json()["user"]["org"] == login["user"]["org"]
    for name in ("unibos-org", "Unibos-Org", "x-org"):
        told = with_token.get("/api/v1/me", headers={name: "other"}).json()
        assert told["org"] == login["user"]["org"]
        assert told["role"] == "member"


class Stalled:
    """A request whose head was sent, and whose body waits."""

    def __init__(self, box, token, method, path, body, kind="application/json"):
        self.wire, self.body = Wire(box.url), body
        self.wire.head(method, path, token, content_type=kind, content_length=len(body))
        self.wire.write(body[:1])
        # An answer to another request shows that the server has long had what was sent before.
        nobody(box).get("/health/live").raise_for_status()

    def finish(self):
        with self.wire:
            self.wire.write(self.body[1:])
            answer = self.wire.answer()
            return answer.status, answer.json().get("code")


@pytest.mark.parametrize("how", ["demoted", "removed", "disabled", "logged out", "new password"])
def test_a_body_that_waits_outlives_no_right(hub, how):
    """A request is let in with its head; its body could wait for a year."""
    invited = hub.owner.post(
        "/api/v1/invitations", json={"email": "admin@example.org", "role": "admin"}
    )
    admin = hub.accept(invited.json()["secret"])
    id_, token = admin.login["user"]["id"], admin.login["access_token"]
    blob = b"bytes of a blob"
    stalled = [
        ("POST", "/api/v1/invitations", b'{"email": "friend@example.net", "role": "admin"}'),
        ("POST", "/api/v1/tokens", b'{"uses": 100}'),
        ("POST", "/api/v1/collections/notes/records", b'{"data": {}}'),
        ("PUT", f"/api/v1/blobs/{hashlib.sha256(blob).hexdigest()}", blob),
    ]
    waiting = [Stalled(hub, token, *asked) for asked in stalled]
    user = f"/api/v1/users/{id_}"
    if how == "demoted":
        hub.owner.patch(user, json={"role": "viewer"}).raise_for_status()
    elif how == "removed":
        hub.owner.delete(user).raise_for_status()
    elif how == "disabled":
        hub.owner.patch(user, json={"disabled": True}).raise_for_status()
    elif how == "logged out":
        admin.client.post("/api/v1/auth/logout").raise_for_status()
    else:
        change = {"current_password": PASSWORD, "new_password": "quite another phrase"}
        admin.client.post("/api/v1/auth/password", json=change).raise_for_status()
    for one in waiting:
        assert one.finish() == (401, "token_expired"), one.body
    assert hub.owner.get("/api/v1/invitations").json()["items"] == []
    assert hub.owner.get("/api/v1/tokens").json()["items"] == []


def test_a_nodes_body_that_waits_outlives_no_membership(hub, machine):
    token = machine.token(hub_now(machine))
    body = b'{"email": "owner@example.org", "password": "x", "address": ""}'
    waiting = Stalled(hub, token, "POST", "/api/v1/federation/login", body)
    hub.owner.delete(f"/api/v1/nodes/{machine.key.id}").raise_for_status()
    assert waiting.finish() == (401, "token_expired")


def hub_now(machine):
    """The hub's time, which right after its start is a little ahead."""
    headers = {"authorization": f"Bearer {machine.token()}"}
    answer = machine._client.get("/api/v1/federation/revocations", headers=headers)
    return answer.json().get("time")


def test_a_connection_that_is_kept_is_asked_each_time(hub):
    login = hub.log_in("owner@example.org")
    with Wire(hub.url) as wire:
        for expected in (200, 401):
            wire.head("GET", "/api/v1/me", login["access_token"])
            assert wire.answer().status == expected
            hub.client(login["access_token"]).post("/api/v1/auth/logout")


def test_what_a_local_account_may_is_its_nodes_business(tmp_path):
    """A node that joined no hub takes nothing that says it is of one."""
    with Running(tmp_path) as alone:
        alone.set_up()
        for path in ("/api/v1/federation/login", "/api/v1/enroll", "/oidc/authorize"):
            answer = alone.client().post(path, json={})
            assert code(answer) == (404, "path_not_found")
