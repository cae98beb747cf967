"""A node at two hubs: it writes to the first, and to the second while the first is gone."""

import json
from contextlib import ExitStack

import pytest

from tests.e2e.family import QUICK, Household, log_in, online, until
from tests.e2e.server import Server, run

pytestmark = pytest.mark.e2e

NOTES = "/api/v1/collections/notes/records"
OWNER = "owner@example.org"


@pytest.fixture
def held():
    with ExitStack() as stack:
        yield stack


class Story:
    """The node, its hub, and the hub beside it."""

    def __init__(self, folder, held):
        self.home = Household(folder, held)
        place = folder / "other" / "data"
        place.parent.mkdir()
        environ = QUICK | {"UNIBOS_HUB_NAME": "other"}
        self.other = held.enter_context(Server(place, roles=("hub",), **environ))
        self.other_owner = held.enter_context(self.other.set_up())
        place = folder / "one" / "data"
        place.parent.mkdir()
        self.node = held.enter_context(Server(place, UNIBOS_SYNC_FAILOVER_SECONDS="1"))
        self.home.join(self.node, self.home.owner)
        until(lambda: online(self.node))
        token = log_in(self.node, OWNER).json()["access_token"]
        self.person = held.enter_context(self.node.client(token))
        said = self.person.put("/api/v1/export", json={"collection": "notes", "export": "hub"})
        assert said.status_code == 200, said.text

    def cli(self, *words):
        done = run(self.node.data, *words)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def write(self, title):
        made = self.person.post(NOTES, json={"data": {"title": title}})
        assert made.status_code == 201, made.text
        return made.json()["id"]

    def sync(self):
        return self.person.get("/api/v1/sync").json()

    def written_to(self):
        return [peer["id"] for peer in self.sync()["peers"] if peer["writes"]]

    def has(self, owner, id_):
        return owner.get(f"{NOTES}/{id_}").status_code == 200


@pytest.fixture
def story(tmp_path, held):
    return Story(tmp_path, held)


def test_writes_go_to_the_other_hub_while_the_first_is_gone(story):
    first = story.write("before")
    until(lambda: story.has(story.home.owner, first))
    (home,) = story.written_to()
    joined_beside(story, home)

    story.home.hub.kill()
    until(lambda: story.written_to() != [home])
    second = story.write("while it is gone")
    until(lambda: story.has(story.other_owner, second))
    assert story.has(story.other_owner, first)
    assert story.sync()["mode"] == "online"
    assert online(story.node)

    story.home.start_hub()
    until(lambda: story.written_to() == [home])
    again = story.home.hub.client(log_in(story.home.hub, OWNER).json()["access_token"])
    with again:
        until(lambda: story.has(again, second))
    both_gone(story)


def joined_beside(story, home):
    token = story.home.token(story.other_owner)
    place = story.cli("join", token, "--also", "--yes", "--json")
    assert place["state"] == "joined"
    (beside,) = place["beside"]
    assert (beside["hub"]["name"], beside["state"]) == ("other", "joined")
    until(lambda: len([peer for peer in story.sync()["peers"] if peer["state"] == "idle"]) == 2)
    assert story.written_to() == [home]
    again = run(story.node.data, "join", story.home.token(story.other_owner), "--also", "--yes")
    assert "already_joined" in again.stderr


def both_gone(story):
    story.other.kill()
    story.home.hub.kill()
    until(lambda: story.sync()["mode"] == "offline")
    until(lambda: not online(story.node))


def test_a_hub_beside_ends_only_its_own_membership(story):
    token = story.home.token(story.other_owner)
    story.cli("join", token, "--also", "--yes", "--json")
    nodes = story.other_owner.get("/api/v1/nodes").json()["items"]
    assert story.other_owner.delete(f"/api/v1/nodes/{nodes[0]['id']}").status_code == 204

    def ended():
        place = story.person.get("/api/v1/hub").json()
        return [beside["state"] for beside in place["beside"]] == ["revoked"]

    until(ended)
    until(lambda: len(story.sync()["peers"]) == 1)
    assert story.person.get("/api/v1/hub").json()["state"] == "joined"
    place = story.cli("leave", "--hub", "other", "--yes", "--json")
    assert place["beside"] == []
    id_ = story.write("at home")
    until(lambda: story.has(story.home.owner, id_))
    gone = run(story.node.data, "leave", "--hub", "other", "--yes")
    assert "hub_not_found" in gone.stderr
