"""Who logged in through a node stays in that node's org, and no longer than the node does."""

from types import SimpleNamespace

import pytest

from tests.box import PASSWORD, RunningHub
from tests.machine import Machine
from unibos.core.identity import passwords
from unibos.core.identity.passwords import Effort
from unibos.core.identity.signing.revocations import read_revocations

BOTH = "both@example.org"
REFUSED = (403, "session_through_node")
ADDRESS = "192.0.2.9"
OTHER = "four other words entirely"


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A hub with the orgs Home and Other, a member of both, and two nodes of Home's."""
    monkeypatch.setitem(passwords.EFFORTS, "edge", Effort(64, 1))
    with RunningHub(tmp_path / "hub") as hub:
        hub.set_up()
        other = hub.second_org("Other", "stranger@example.net")
        for asker in (hub.owner, other.client):
            invited = asker.post("/api/v1/invitations", json={"email": BOTH}).json()
            member = hub.accept(invited["secret"])
        one, two = (Machine(tmp_path / name, hub.client(), name) for name in ("one", "two"))
        for node in (one, two):
            node.enroll(hub.join_token()).raise_for_status()
        own = hub.login["user"]["org"]
        yield SimpleNamespace(hub=hub, org=own, other=other, member=member, one=one, two=two)


def passed_on(node, what, **said):
    """What a node asks for somebody."""
    answer = node.ask("POST", f"/api/v1/federation/{what}", said)
    return answer.json()


def log_in(node, email=BOTH, password=PASSWORD):
    return passed_on(node, "login", email=email, password=password, address=ADDRESS)


def client(home, login):
    return home.hub.client(login["access_token"])


def code(answer):
    return answer.status_code, answer.json().get("code")


def switch(home, login, org):
    return client(home, login).post("/api/v1/auth/org", json={"org": org})


def alive(home, login):
    return client(home, login).get("/api/v1/me").status_code == 200


def test_it_switches_to_no_other_org_whatever_becomes_of_its_tokens(home):
    login = log_in(home.one)
    assert login["user"]["org"] == home.org
    assert code(switch(home, login, home.other.org)) == REFUSED
    assert code(switch(home, login, home.org)) == REFUSED
    assert code(switch(home, login, "nowhere")) == REFUSED
    token = {"refresh_token": login["refresh_token"]}
    here = home.hub.client().post("/api/v1/auth/refresh", json=token).json()
    assert code(switch(home, here, home.other.org)) == REFUSED
    there = passed_on(home.two, "refresh", refresh_token=here["refresh_token"])
    assert code(switch(home, there, home.other.org)) == REFUSED
    body = {"current_password": PASSWORD, "new_password": OTHER}
    changed = client(home, there).post("/api/v1/auth/password", json=body).json()
    assert code(switch(home, changed, home.other.org)) == REFUSED
    said = {"email": BOTH, "current_password": OTHER, "new_password": PASSWORD}
    again = passed_on(home.one, "password", **said, address=ADDRESS)
    assert code(switch(home, again, home.other.org)) == REFUSED
    direct = home.hub.log_in(BOTH)
    assert switch(home, direct, home.other.org).json()["user"]["org"] == home.other.org


def test_it_does_not_learn_of_other_orgs(home):
    def orgs(login):
        items = client(home, login).get("/api/v1/me/orgs").json()["items"]
        return {one["id"] for one in items}

    assert orgs(log_in(home.one)) == {home.org}
    assert orgs(home.hub.log_in(BOTH)) == {home.org, home.other.org}


def test_it_ends_no_session_elsewhere(home):
    there = home.member
    assert there.org == home.other.org
    login, direct = log_in(home.one), home.hub.log_in(BOTH)
    answer = client(home, login).post("/api/v1/auth/logout?everywhere=true")
    assert answer.status_code == 204
    assert not alive(home, direct)
    assert alive(home, there.login)


def test_an_owner_of_the_hubs_own_org_does_not_run_the_hub_through_a_node(home):
    through = client(home, log_in(home.one, "owner@example.org"))
    for asker, status in ((through, 403), (home.hub.owner, 200)):
        assert asker.get("/api/v1/orgs").status_code == status
    assert code(through.get("/api/v1/orgs")) == (403, "operator_required")
    assert code(through.get(f"/api/v1/orgs/{home.other.org}")) == (404, "org_not_found")
    assert through.get(f"/api/v1/orgs/{home.org}").status_code == 200


@pytest.mark.parametrize("end", ["revoked", "left"])
def test_it_ends_with_the_nodes_membership_and_the_other_nodes_hear_of_it(home, end):
    through, elsewhere = log_in(home.one), log_in(home.two)
    direct = home.hub.log_in(BOTH)
    logins = (through, elsewhere, direct)
    assert all(alive(home, login) for login in logins)
    if end == "revoked":
        path = f"/api/v1/nodes/{home.one.key.id}"
        assert home.hub.owner.delete(path).status_code == 204
    else:
        assert home.one.ask("POST", "/api/v1/leave").status_code == 204
    assert [alive(home, login) for login in logins] == [False, True, True]
    token = {"refresh_token": through["refresh_token"]}
    refreshed = home.hub.client().post("/api/v1/auth/refresh", json=token)
    assert code(refreshed) == (401, "session_ended")
    signed = home.two.ask("GET", "/api/v1/federation/revocations").json()
    listed = read_revocations(signed["revocations"], home.two.hub, home.org)
    assert len(listed.sessions) == 1
    assert listed.nodes == {home.one.key.id}
    # Whoever joins again begins anew.
    home.one.enroll(home.hub.join_token()).raise_for_status()
    assert not alive(home, through)
    assert alive(home, log_in(home.one))
