"""A hub and two nodes as real processes: what is written on one is read on the other, at once."""

import json
from contextlib import ExitStack

import pytest

from tests.e2e.family import Household, log_in, online, until
from tests.e2e.server import Server, run

pytestmark = pytest.mark.e2e

NOTES = "/api/v1/collections/notes/records"
OWNER = "owner@example.org"


@pytest.fixture
def held():
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def home(tmp_path, held):
    return Household(tmp_path, held)


def joined(home, held, *names):
    """Nodes of the hub's own org that let notes go to it, each with its owner logged in."""
    nodes = [home.start_node(name) for name in names]
    for node in nodes:
        home.join(node, home.owner)
        until(lambda node=node: online(node))
    people = []
    for node in nodes:
        login = log_in(node, OWNER).json()
        people.append(held.enter_context(node.client(login["access_token"])))
        said = people[-1].put("/api/v1/export", json={"collection": "notes", "export": "hub"})
        assert said.status_code == 200, said.text
    return nodes, people


def write(person, title):
    made = person.post(NOTES, json={"data": {"title": title}})
    assert made.status_code == 201, made.text
    return made.json()["id"]


def read(person, id_):
    found = person.get(f"{NOTES}/{id_}")
    return found.json()["data"] if found.status_code == 200 else None


def cli(node, *words):
    done = run(node.data, *words)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_write_on_one_node_is_read_on_another(home, held):
    nodes, (one, two) = joined(home, held, "one", "two")
    id_ = write(one, "milk")
    until(lambda: read(two, id_) == {"title": "milk"})
    there = two.get(f"{NOTES}/{id_}").json()
    done = two.patch(f"{NOTES}/{id_}", json={"data": {"body": "two litres"}})
    assert done.status_code == 200, done.text
    until(lambda: read(one, id_) == {"title": "milk", "body": "two litres"})
    assert there["id"] == id_
    two.delete(f"{NOTES}/{id_}")
    until(lambda: one.get(f"{NOTES}/{id_}").status_code == 404)

    paused_and_by_command(nodes, one, two)
    told_by_the_hub(home, nodes)
    without_the_hub(home, nodes, one, two)
    for server in (home.hub, *nodes):
        assert not server.errors


def paused_and_by_command(nodes, one, two):
    cli(nodes[0], "sync", "pause")
    id_ = write(one, "bread")
    status = json.loads(cli(nodes[0], "sync", "status", "--json"))
    (peer,) = status["peers"]
    assert status["paused"]
    assert (peer["state"], peer["lag_there"], peer["kind"]) == ("paused", 1, "hub")
    tried = json.loads(cli(nodes[0], "sync", "now", "--json"))
    assert tried["peers"][0]["pushed"] == 1
    until(lambda: read(two, id_) == {"title": "bread"})
    cli(nodes[0], "sync", "resume")
    assert "Sync" in cli(nodes[0], "status")


def told_by_the_hub(home, nodes):
    def settled():
        told = home.owner.get("/api/v1/sync").json()
        lags = [peer["lag_there"] for peer in told["peers"]]
        return lags == [0, 0] and told["mode"] == "online"

    until(settled)


def without_the_hub(home, nodes, one, two):
    home.hub.kill()
    until(lambda: one.get("/api/v1/sync").json()["mode"] == "offline")
    first, second = write(one, "eggs"), write(two, "salt")
    failed = run(nodes[0].data, "sync", "now")
    assert failed.returncode != 0
    assert "sync_failed" in failed.stderr
    home.start_hub()
    until(lambda: read(two, first) and read(one, second))
    assert one.get("/api/v1/sync").json()["mode"] == "online"


def test_two_nodes_sync_directly_while_the_hub_is_away(home, held, tmp_path):
    def node(name, *options, **environ):
        place = tmp_path / name / "data"
        place.parent.mkdir(exist_ok=True)
        return held.enter_context(Server(place, *options, **environ))

    one = node("one", "--tls")
    home.join(one, home.owner)
    two = node("two", UNIBOS_SYNC_PEERS=one.url)
    home.join(two, home.owner)
    people = []
    for server in (one, two):
        until(lambda server=server: online(server))
        login = log_in(server, OWNER).json()
        people.append(held.enter_context(server.client(login["access_token"])))
        said = people[-1].put("/api/v1/export", json={"collection": "notes", "export": "nodes"})
        assert said.status_code == 200, said.text
    home.hub.kill()
    first, second = write(people[0], "from one"), write(people[1], "from two")
    until(lambda: read(people[1], first) and read(people[0], second))
    peers = {peer["kind"]: peer for peer in people[1].get("/api/v1/sync").json()["peers"]}
    assert peers["node"]["state"] in ("idle", "running")
    assert people[1].get("/api/v1/sync").json()["mode"] == "online"
