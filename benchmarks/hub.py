"""The hub: logins and refreshes beside PocketBase, heartbeats of many nodes, memory.

Verification of the hub's access tokens is measured on a node, with more tokens than it remembers,
and with one that it does. JSON goes to standard output, progress to standard error. See
benchmarks/README.md for how to read it.
"""

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import machine
import peers
import process
from fleet import Fleet
from load import Case, request, run
from peers import Peer
from rivals import ROUNDS, compare, say, summary
from servers import HOST, Client, free_port

PLAIN = ("--no-hub-tls",)
EDGE = ("--profile", "edge")
NODES = 1000
TOKENS = 1500
"""More than a node remembers (1,024), so that each is checked anew."""
TOGETHER_BUDGET_MIB = 110.0
SETTLE_SECONDS = 5.0


def main() -> None:
    """Measure and print."""
    options = arguments()
    with tempfile.TemporaryDirectory(prefix="unibos-hub-") as name:
        folder = Path(name)
        result: dict[str, object] = {"benchmark": "hub", **machine.describe()}
        result |= {"seconds": options.seconds, "rounds": ROUNDS, "nodes": options.nodes}
        result["beside_pocketbase"] = beside_pocketbase(folder, options.seconds)
        result["hub"] = alone(folder, options.seconds, options.nodes)
        result["hub_and_node"] = together(folder, options.seconds)
    print(json.dumps(result, indent=2))


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=5.0, help="per server and case")
    parser.add_argument("--nodes", type=int, default=NODES, help="registered at the hub")
    return parser.parse_args()


def hub(folder: Path, *options: str) -> peers.Unibos:
    """A hub with its data in a new folder."""
    folder.mkdir()
    return peers.Unibos(folder, *PLAIN, *options, roles=("hub",))


def beside_pocketbase(folder: Path, seconds: float) -> list[dict[str, object]]:
    """Password logins and refreshes, with 1 and 32 connections."""
    (folder / "pocketbase").mkdir()
    rivals: list[Peer] = [hub(folder / "rival"), peers.PocketBase(folder / "pocketbase")]
    try:
        for peer in rivals:
            say(f"{peer.name}: healthy after {peer.server.start():.2f} s")
            peer.prepare()
        return [
            compare(rivals, name, connections, seconds, _cases(name, connections))
            for name in ("login", "refresh")
            for connections in (1, 32)
        ]
    finally:
        for peer in rivals:
            peer.server.stop()


def _cases(name: str, connections: int) -> Callable[[Peer], Case]:
    if name == "refresh":
        return lambda peer: peer.refresh(connections)
    return lambda peer: peer.case(name, [])


def alone(folder: Path, seconds: float, nodes: int) -> dict[str, object]:
    """Memory of a hub and its heartbeats, edge profile."""
    peer = hub(folder / "alone", *EDGE)
    try:
        started = peer.server.start()
        time.sleep(SETTLE_SECONDS)
        fresh = _mib(peer.server.pid)
        peer.set_up()
        say(f"enrolling {nodes} nodes")
        fleet = Fleet(peer.client, nodes)
        beats = [_heartbeats(peer, fleet, connections, seconds) for connections in (1, 32)]
        return {
            "start_seconds": round(started, 2),
            "fresh_rss_mib": fresh,
            "used_rss_mib": _mib(peer.server.pid),
            "heartbeats": beats,
        }
    finally:
        peer.server.stop()


def _heartbeats(
    peer: peers.Unibos, fleet: Fleet, connections: int, seconds: float
) -> dict[str, object]:
    """Each node's in turn; every token is good for once, so the rounds are made of many."""
    expected = 200
    rounds, cpu = [], 0.0
    for _ in range(ROUNDS):
        # Twice what the round before took, so that they do not run out.
        case = fleet.heartbeats(expected)
        before = process.cpu_seconds(peer.server.pid)
        done = run(peer.server.address, case, connections, seconds=seconds / ROUNDS, limit=expected)
        cpu += process.cpu_seconds(peer.server.pid) - before
        expected = max(expected, int(2 * done.per_second * seconds / ROUNDS))
        rounds.append(done)
    said = {"connections": connections, **summary(rounds, cpu)}
    say(json.dumps(said))
    return said


def together(folder: Path, seconds: float) -> dict[str, object]:
    """Hub and node in one process: memory, and verification on the node."""
    place = folder / "together"
    place.mkdir()
    port = free_port()
    options = (*PLAIN, "--hub-host", HOST, "--hub-port", str(port), *EDGE)
    peer = peers.Unibos(place, *options, roles=("hub", "node"))
    try:
        started = peer.server.start()
        time.sleep(SETTLE_SECONDS)
        fresh = _mib(peer.server.pid)
        peer.client = Client((HOST, port))
        peer.set_up()
        checked = [request("GET", "/api/v1/me", token) for token in peer.tokens(TOKENS)]
        result: dict[str, object] = {
            "start_seconds": round(started, 2),
            "fresh_rss_mib": fresh,
            "verify_new": _verify(peer, checked, seconds),
            "verify_known": _verify(peer, checked[:1], seconds),
        }
        used = _mib(peer.server.pid)
        within = used <= TOGETHER_BUDGET_MIB
        return result | {"used_rss_mib": used, "budget_mib": TOGETHER_BUDGET_MIB, "ok": within}
    finally:
        peer.server.stop()


def _verify(peer: peers.Unibos, requests: list[bytes], seconds: float) -> dict[str, object]:
    case = Case("verify", requests, 200, lambda body: bool(json.loads(body)["id"]))
    before = process.cpu_seconds(peer.server.pid)
    rounds = [run(peer.server.address, case, 32, seconds=seconds / ROUNDS) for _ in range(ROUNDS)]
    cpu = process.cpu_seconds(peer.server.pid) - before
    said = {"connections": 32, **summary(rounds, cpu)}
    say(json.dumps(said))
    return said


def _mib(pid: int) -> float:
    readings = [process.memory_kib(pid)["rss"] / 1024 for _ in range(3)]
    return round(statistics.median(readings), 1)


if __name__ == "__main__":
    main()
