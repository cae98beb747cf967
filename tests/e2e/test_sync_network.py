"""Sync between real processes over a network that loses, delays and breaks; nothing is lost.

``NETWORK_SEEDS=3,5`` has these seeds tried, in place of one, or of many in a long run.
"""

import json
import os
import time
from contextlib import ExitStack
from functools import partial

import pytest

from tests.e2e.faults import Faults
from tests.e2e.fleet import Fleet, until
from tests.e2e.ledger import COLLECTION, FIELDS, HOT, Ledger, Writer
from tests.e2e.namespaces import Network, missing

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.fault,
    pytest.mark.skipif(bool(missing()), reason=missing() or "there are namespaces"),
    # httpx2 leaves a socket behind where nobody listens.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

LONG = os.environ.get("HYPOTHESIS_PROFILE") == "long"
SEEDS = range(1, 9) if LONG else range(1, 2)
if "NETWORK_SEEDS" in os.environ:
    SEEDS = [int(seed) for seed in os.environ["NETWORK_SEEDS"].split(",")]
HARM_S, DEATHS = (40.0, 5) if LONG else (15.0, 3)
NODES = ("one", "two", "three")
AHEAD_S = 180
KEPT = (COLLECTION, "documents")
RECORDS = f"collections/{COLLECTION}/records"
PATIENCE_S = 150.0


@pytest.fixture
def held():
    with ExitStack() as stack:
        yield stack


def make_ledger(host, writer):
    """A collection of users' own; it becomes known elsewhere with its first record."""
    properties = {name: {"type": "string"} for name in FIELDS}
    said = {
        "name": COLLECTION,
        "schema": {"type": "object", "properties": properties},
        "strategy": "fields",
        "export": "hub",
    }
    with host.local() as client:
        made = client.post("/api/v1/collections", json=said)
        assert made.status_code == 201, made.text
        for _ in range(HOT):
            writer.create(client)


def share(fleet, *collections):
    """Have collections travel from all nodes, once they know them."""
    for node in fleet.nodes.values():
        for name in collections:
            until(partial(knows, node, name), PATIENCE_S)
            node.export(name, "hub")


def knows(host, collection):
    """Whether a host has heard of a collection."""
    return collection in {one["name"] for one in host.ask("collections")["items"]}


def unsettled(fleet):
    """What there is left to do, as those say it who have to do it."""
    left = []
    for host in fleet.hosts:
        told = host.ask("sync")
        if told["quarantined"] or told["pending_blobs"]:
            left.append(f"{host.name}: {told['quarantined']=} {told['pending_blobs']=}")
        for peer in told["peers"]:
            lag = peer["lag_there"] or (host.role == "node" and peer["lag_here"])
            if lag or peer["state"] not in ("idle", "online"):
                left.append(f"{host.name}: {json.dumps(peer)}")
    return left


def different(fleet, collections):
    """Where hosts do not have the same records."""
    states = {host.name: host.state(collections) for host in fleet.hosts}
    every = set().union(*states.values())
    return [
        f"{key}: { {name: state.get(key) for name, state in states.items()} }"
        for key in sorted(every)
        if len({json.dumps(state.get(key), sort_keys=True) for state in states.values()}) > 1
    ]


def settled(fleet, collections):
    """Whether nobody has anything left to do and all have the same."""
    return not unsettled(fleet) and not different(fleet, collections)


def conflict_log(fleet):
    """What all conflict logs have."""
    return {
        (one["record"], name, text)
        for host in fleet.hosts
        for entry in host.every("sync/conflicts", collection=COLLECTION)
        for one in [host.ask(f"sync/conflicts/{entry['id']}")]
        for name, text in one["lost"].items()
    }


@pytest.mark.timeout(420)
@pytest.mark.parametrize("seed", SEEDS)
def test_nothing_acknowledged_is_lost(tmp_path, held, seed):
    print(f"seed {seed}")
    network = held.enter_context(Network("hub", *NODES))
    nodes = {name: {} for name in NODES} | {"three": {"MORTAL_AHEAD": str(AHEAD_S)}}
    fleet = held.enter_context(Fleet(tmp_path, network, ("hub",), nodes))
    for name in NODES:
        fleet.join(name, "hub")
    ledger = Ledger()
    writers = [Writer(node, ledger, f"{seed} {name}", 0.01) for name, node in fleet.nodes.items()]
    make_ledger(fleet.nodes["one"], writers[0])
    share(fleet, *KEPT)
    until(lambda: settled(fleet, [COLLECTION]), PATIENCE_S, lambda: report(fleet, [COLLECTION]))

    faults = Faults(fleet, seed)
    try:
        for writer in writers:
            writer.start()
        faults.run(HARM_S, DEATHS)
    finally:
        for writer in writers:
            writer.stop()
        print("\n".join(faults.told))
    faults.end()
    healed = time.monotonic()
    until(lambda: settled(fleet, KEPT), PATIENCE_S, lambda: report(fleet, KEPT))
    rest_s = time.monotonic() - healed
    assert [round(skew_s(node) / AHEAD_S) for node in fleet.nodes.values()] == [0, 0, 1]
    assert [line for writer in writers for line in writer.wrong] == []

    logged = conflict_log(fleet)
    final = {one["id"]: one["data"] for one in fleet.hubs["hub"].every(RECORDS)}
    print(
        f"{len(ledger.writes)} writes, {len(ledger.acknowledged)} acknowledged, {len(logged)}"
        f" values in conflict logs, {len(ledger.documents)} documents, {faults.kills} killed,"
        f" {faults.deaths} died at a crash point; all had all {rest_s:.1f} s after it was over"
    )
    assert ledger.lost(final, logged) == []
    assert blobs_wrong(fleet, ledger) == []
    assert faults.deaths >= DEATHS
    assert logged


def skew_s(node):
    """How far a node finds its clock ahead of its hub's."""
    (hub,) = node.ask("sync")["peers"]
    return hub["skew_ms"] / 1000


def blobs_wrong(fleet, ledger):
    """Documents that are not everywhere, whole."""
    wrong = []
    for host in fleet.hosts:
        found = {one["id"]: one["data"] for one in host.every("collections/documents/records")}
        wrong += [f"{host.name}: no document {id_}" for id_ in ledger.documents if id_ not in found]
        hashes = [data["sha256"] for data in found.values()]
        wrong += [
            f"{host.name}: {each} {got}" for each in hashes if (got := host.blob(each)) != each
        ]
    return wrong


def report(fleet, collections):
    """Why they do not come to rest."""
    lines = [*unsettled(fleet), *different(fleet, collections)[:5]]
    for host in fleet.hosts:
        lines += [f"{host.name} said: {line}" for line in host.server.lines[-15:]]
    return "\n".join(lines)
