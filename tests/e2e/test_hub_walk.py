"""A hub, two orgs, three nodes: one account on every node of its org, with the hub and without."""

from contextlib import ExitStack

import pytest

from tests.e2e.family import Household, log_in, online, refresh, until
from tests.e2e.server import PASSWORD, run

pytestmark = pytest.mark.e2e

MEMBER, OTHER = "member@example.org", "other@example.net"
NOTES = "/api/v1/collections/notes/records"
NODES = ("one", "two", "theirs")
NEW_PASSWORD = "battery staple correct"


@pytest.fixture
def held():
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def home(tmp_path, held):
    return Household(tmp_path, held)


def me(node, login):
    with node.client(login["access_token"]) as somebody:
        return somebody.get("/api/v1/me")


def code(answer):
    return answer.status_code, answer.json().get("code")


class Story:
    """The hub with its two orgs, their nodes, and what the chapters hand on."""

    def __init__(self, home, held):
        self.home, self.held = home, held
        self.other = home.org("Other", OTHER)
        home.member(home.owner, MEMBER)
        self.one, self.two, self.theirs = (home.start_node(name) for name in NODES)

    def lose_the_hub(self):
        self.home.hub.kill()
        until(lambda: not online(self.one))

    def find_the_hub(self):
        self.home.start_hub()
        until(lambda: online(self.one))

    def as_owner(self):
        token = log_in(self.home.hub, "owner@example.org").json()["access_token"]
        return self.held.enter_context(self.home.hub.client(token))


@pytest.fixture
def story(home, held):
    return Story(home, held)


def test_one_account_on_every_node_of_its_org(story):
    note = joining(story)
    login = with_the_hub(story, note)
    story.lose_the_hub()
    offline = without_the_hub(story, login)
    story.find_the_hub()
    another_password(story, login, offline)
    story.lose_the_hub()
    assert code(log_in(story.one, MEMBER)) == (401, "login_failed")
    story.find_the_hub()
    revoked(story)
    kept = run(story.one.data, "record", "get", "notes", note, "--json")
    assert "written before" in kept.stdout
    for server in (story.home.hub, story.one, story.two, story.theirs):
        assert not server.errors


def joining(story):
    """What was written before is there after; the note's id."""
    with story.one.set_up() as before:
        note = before.post(NOTES, json={"data": {"title": "written before"}}).json()["id"]
    assert story.home.join(story.one, story.home.owner)["org"]["slug"] == "home"
    story.home.join(story.two, story.home.owner)
    assert story.home.join(story.theirs, story.other)["org"]["name"] == "Other"
    return note


def with_the_hub(story, note):
    """One login opens all nodes of the org and no other's; the login."""
    login = log_in(story.one, MEMBER)
    assert login.status_code == 200, login.text
    assert login.json()["offline"] is False
    with story.one.client(login.json()["access_token"]) as member:
        assert member.get(f"{NOTES}/{note}").json()["data"]["title"] == "written before"
    assert me(story.two, login.json()).status_code == 200
    assert me(story.theirs, login.json()).status_code == 401
    assert code(log_in(story.theirs, MEMBER)) == (401, "login_failed")
    assert code(log_in(story.one, OTHER)) == (401, "login_failed")
    return login.json()


def without_the_hub(story, login):
    """Where one was before, one gets in again; the offline login."""
    offline = log_in(story.one, MEMBER)
    assert offline.status_code == 200, offline.text
    assert offline.json()["offline"] is True
    told = me(story.one, offline.json()).json()
    assert (told["offline"], told["online"]) == (True, False)
    assert told["offline_until"]
    assert code(log_in(story.one, MEMBER, "not the password")) == (401, "login_failed")
    assert code(log_in(story.two, MEMBER)) == (401, "login_failed")
    assert code(log_in(story.one, OTHER)) == (401, "login_failed")
    assert me(story.two, offline.json()).status_code == 401
    assert me(story.two, login).status_code == 200
    assert code(refresh(story.one, login)) == (503, "hub_unreachable")
    renewed = refresh(story.one, offline.json())
    assert renewed.status_code == 200
    return renewed.json()


def another_password(story, login, offline):
    """Once the node has heard of it, the old logins are over."""
    changed = {"current_password": PASSWORD, "new_password": NEW_PASSWORD}
    present = log_in(story.home.hub, MEMBER).json()
    with story.home.hub.client(present["access_token"]) as member:
        assert member.post("/api/v1/auth/password", json=changed).status_code == 200
    until(lambda: me(story.one, offline).status_code == 401)
    assert refresh(story.one, login).status_code == 401
    assert refresh(story.one, offline).status_code == 401
    assert me(story.one, login).status_code == 401


def revoked(story):
    """The node's next call is refused; its org's other nodes go on."""
    assert log_in(story.one, MEMBER, NEW_PASSWORD).status_code == 200
    owner = story.as_owner()
    with story.one.client() as nobody:
        id_ = nobody.get("/health").json()["instance"]
    assert owner.get(f"/api/v1/nodes/{id_}").json()["state"] == "online"
    assert owner.delete(f"/api/v1/nodes/{id_}").status_code == 204
    until(lambda: not online(story.one))
    until(lambda: log_in(story.one, MEMBER, NEW_PASSWORD).status_code == 401)
    assert log_in(story.two, MEMBER, NEW_PASSWORD).status_code == 200
