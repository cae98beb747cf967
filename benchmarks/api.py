"""UNIBOS beside PocketBase over HTTP: get, list, login, create and batch.

Both run as real processes with the same preloaded records. Rounds alternate between them
(A B A B …), so that a slow moment of the machine hits both. JSON goes to standard output,
progress to standard error. See benchmarks/README.md for how to read it.
"""

import argparse
import json
import statistics
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import machine
import peers
import process
from load import Case, Round, percentile, ratios, run
from notes import make_notes
from peers import Peer

ROUNDS = 5
WARM_UP_SECONDS = 0.5
PRELOADED = 10_000
NOTES = 500
SYNC_REQUESTS = 300


def main() -> None:
    """Run the comparison and print its result."""
    options = arguments()
    with tempfile.TemporaryDirectory(prefix="unibos-api-") as folder:
        rivals = [make_peer(name, Path(folder) / name) for name in options.servers]
        try:
            for peer in rivals:
                say(f"{peer.name}: healthy after {peer.server.start():.2f} s, preloading")
                peer.prepare()
                peer.preload(make_notes(options.records, seed=3))
            result = about(rivals, options)
            result["cases"] = [
                compare(rivals, name, connections, options.seconds)
                for name in options.only or peers.CASES
                for connections in options.connections
            ]
            result["syncs_per_create"] = count_syncs(rivals, options.connections, Path(folder))
        finally:
            for peer in rivals:
                peer.server.stop()
    print(json.dumps(result, indent=2))


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=5.0, help="per server and case")
    parser.add_argument("--only", nargs="+", choices=peers.CASES, help="only these cases")
    parser.add_argument("--connections", type=numbers, default=[1, 32], help="such as 1,32")
    parser.add_argument("--records", type=int, default=PRELOADED, help="preloaded into each")
    parser.add_argument("--servers", nargs="+", default=["unibos", "pocketbase"])
    return parser.parse_args()


def numbers(text: str) -> list[int]:
    """``1,32`` as a list of numbers."""
    return [int(part) for part in text.split(",")]


def make_peer(name: str, folder: Path) -> Peer:
    """One of the servers, with its data in a new folder."""
    folder.mkdir()
    return peers.Unibos(folder) if name == "unibos" else peers.PocketBase(folder)


def about(rivals: Sequence[Peer], options: argparse.Namespace) -> dict[str, object]:
    """What was measured, on what."""
    return {
        "benchmark": "api",
        **machine.describe(),
        "records": options.records,
        "seconds": options.seconds,
        "rounds": ROUNDS,
        "batch_writes": peers.BATCH_WRITES,
        "durability": {peer.name: peer.durability for peer in rivals},
    }


def compare(
    rivals: Sequence[Peer], name: str, connections: int, seconds: float
) -> dict[str, object]:
    """Run one case in alternating rounds; the first, short one of each warms up."""
    notes = make_notes(NOTES, seed=4)
    cases: list[Case] = []
    for peer in rivals:
        peer.sign_in()
        cases.append(peer.case(name, notes))
        run(peer.server.address, cases[-1], connections, seconds=WARM_UP_SECONDS)
    rounds: dict[str, list[Round]] = {peer.name: [] for peer in rivals}
    cpu = dict.fromkeys(rounds, 0.0)
    for _ in range(ROUNDS):
        for peer, case in zip(rivals, cases, strict=True):
            before = process.cpu_seconds(peer.server.pid)
            done = run(peer.server.address, case, connections, seconds=seconds / ROUNDS)
            cpu[peer.name] += process.cpu_seconds(peer.server.pid) - before
            rounds[peer.name].append(done)
    result: dict[str, object] = {"case": name, "connections": connections}
    for peer in rivals:
        result[peer.name] = summary(rounds[peer.name], cpu[peer.name])
    if "unibos" in rounds and "pocketbase" in rounds:
        rates = {side: [done.per_second for done in many] for side, many in rounds.items()}
        found = ratios(rates["unibos"], rates["pocketbase"])
        result["ratio"] = {key: round(value, 3) for key, value in found.items()}
    say(json.dumps(result))
    return result


def summary(rounds: Sequence[Round], cpu: float) -> dict[str, float]:
    """The figures of one server in one case."""
    latencies = [latency for done in rounds for latency in done.latencies]
    seconds = sum(done.seconds for done in rounds)
    return {
        "per_second": round(statistics.median(done.per_second for done in rounds), 1),
        "p50_ms": round(percentile(latencies, 50) * 1000, 3),
        "p99_ms": round(percentile(latencies, 99) * 1000, 3),
        "requests": len(latencies),
        "server_cpu_ms_per_request": round(cpu * 1000 / len(latencies), 3),
        "client_cpu_share": round(sum(done.client_cpu for done in rounds) / seconds, 2),
    }


def count_syncs(
    rivals: Sequence[Peer], connections: Sequence[int], folder: Path
) -> dict[str, dict[str, float | None]]:
    """fsync calls per acknowledged create, by strace; null where strace cannot be used."""
    result: dict[str, dict[str, float | None]] = {}
    for peer in rivals:
        peer.sign_in()
        case = peer.case("create", make_notes(NOTES, seed=5))
        counts = result[peer.name] = {}
        for many in connections:
            with process.count_syncs(peer.server.pid, folder / "strace") as counted:
                run(peer.server.address, case, many, limit=SYNC_REQUESTS)
            calls = counted.calls
            counts[str(many)] = None if calls is None else round(calls / SYNC_REQUESTS, 3)
    return result


def say(line: str) -> None:
    """One line of progress."""
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
