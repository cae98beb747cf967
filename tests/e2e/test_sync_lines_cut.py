"""Lines that are cut for good: another hub takes over, then nobody does, then nodes have no hub."""

import json
import threading
from contextlib import ExitStack
from functools import partial

import httpx2
import pytest

from tests.e2e.fleet import Fleet, until
from tests.e2e.namespaces import Network, missing

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(bool(missing()), reason=missing() or "there are namespaces"),
    # httpx2 leaves a socket behind where nobody listens.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

NOTES = "collections/notes/records"
PATIENCE_S = 120.0
FAILOVER_S = 2
HTTPS = {"UNIBOS_NODE_TLS": "true"}


@pytest.fixture
def held():
    with ExitStack() as stack:
        yield stack


def write(node, title):
    """A note that was acknowledged; its id."""
    with node.local() as client:
        made = client.post(f"/api/v1/{NOTES}", json={"data": {"title": title}})
    assert made.status_code == 201, made.text
    return made.json()["id"]


def titles(host):
    """What a host has; nothing where it has not heard of notes yet."""
    if "notes" not in {one["name"] for one in host.ask("collections")["items"]}:
        return {}
    return {one["id"]: one["data"]["title"] for one in host.every(NOTES)}


def has(host, *ids):
    return set(ids) <= titles(host).keys()


def sync(node):
    return node.ask("sync")


def ways(node):
    """Which peers a node writes to, by name."""
    return [peer["name"] for peer in sync(node)["peers"] if peer["writes"]]


class Modes(threading.Thread):
    """What the stream of events says of sync's modes, until the node ends with the context."""

    def __init__(self, node):
        super().__init__(name="modes")
        self._node = node
        self._client = node.local()
        self._asked = self._client.stream("GET", "/api/v1/events", params={"topic": "sync"})
        self.told = []

    def __enter__(self):
        self._answer = self._asked.__enter__()
        self.start()
        return self

    def __exit__(self, *_):
        self._node.kill()
        self.join()
        self._client.close()

    def run(self):
        try:
            for line in self._answer.iter_lines():
                if line.startswith("data:"):
                    event = json.loads(line[5:])
                    if event["what"] == "mode":
                        self.told.append((event["mode"], event["writes"]))
        except httpx2.TransportError:
            # The node was killed.
            return


def test_another_hub_takes_over_and_hands_back(tmp_path, held):
    network = held.enter_context(Network("home", "away", "one"))
    nodes = {"one": {"UNIBOS_SYNC_FAILOVER_SECONDS": str(FAILOVER_S)}}
    fleet = held.enter_context(Fleet(tmp_path, network, ("home", "away"), nodes))
    home, away, node = *fleet.hubs.values(), fleet.nodes["one"]
    fleet.join("one", "home")
    fleet.join("one", "away", "--also")
    node.export("notes", "hub")
    modes = held.enter_context(Modes(node))
    names = {peer["name"]: peer["id"] for peer in sync(node)["peers"]}
    assert ways(node) == ["home"]
    first = write(node, "before")
    until(partial(has, home, first), PATIENCE_S)

    home.kill()
    until(lambda: ways(node) == ["away"], PATIENCE_S, lambda: sync(node))
    second = write(node, "while home is gone")
    until(partial(has, away, first, second), PATIENCE_S)
    assert sync(node)["mode"] == "online"

    home.launch()
    until(lambda: ways(node) == ["home"], PATIENCE_S, lambda: sync(node))
    until(partial(has, home, first, second), PATIENCE_S, lambda: sync(node))

    network.change("one", cut=True)
    third = write(node, "offline")
    until(lambda: sync(node)["mode"] == "offline", PATIENCE_S, lambda: sync(node))
    network.change("one")
    until(lambda: sync(node)["mode"] == "online", PATIENCE_S, lambda: sync(node))
    until(partial(has, home, first, second, third), PATIENCE_S, lambda: sync(node))

    node.kill()
    modes.join()
    assert [mode for mode, _ in modes.told].count("offline") == 1
    wanted = iter(modes.told)
    for step in [("online", names["away"]), ("online", names["home"]), ("offline", None)]:
        assert any(step in (told, (told[0], None)) for told in wanted), (step, modes.told)


def test_nodes_without_a_hub_sync_with_each_other(tmp_path, held):
    network = held.enter_context(Network("hub", "one", "two"))
    nodes = {
        "one": HTTPS | {"UNIBOS_SYNC_PEERS": f"https://{network.address('two')}:8001"},
        "two": HTTPS,
    }
    fleet = held.enter_context(Fleet(tmp_path, network, ("hub",), nodes))
    one, two = fleet.nodes.values()
    for name, node in fleet.nodes.items():
        fleet.join(name, "hub")
        node.export("notes", "nodes")
    shared = write(one, "of one")
    until(partial(has, two, shared), PATIENCE_S, lambda: sync(one))

    fleet.hubs["hub"].kill()
    network.change("two", loss=0.1, delay_ms=60, jitter_ms=20)
    ids = [write(node, f"{number}") for number in range(20) for node in (one, two)]
    for node, title in ((one, "changed at one"), (two, "changed at two")):
        with node.local() as client:
            said = {"data": {"title": title}}
            assert client.patch(f"/api/v1/{NOTES}/{shared}", json=said).status_code == 200
    same = lambda: has(one, shared, *ids) and titles(one) == titles(two)  # noqa: E731
    until(same, PATIENCE_S, lambda: sync(one))
    network.change("two", cut=True)
    late = write(two, "while it was cut")
    until(lambda: sync(one)["mode"] == "offline", PATIENCE_S, lambda: sync(one))
    network.change("two")
    until(partial(has, one, late), PATIENCE_S, lambda: sync(one))

    fleet.hubs["hub"].launch()
    fleet.hubs["hub"].ready()
    assert titles(fleet.hubs["hub"]) == {}
