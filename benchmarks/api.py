"""UNIBOS beside PocketBase over HTTP: get, list, login, create and batch.

Both run as real processes with the same preloaded records. Rounds alternate between them
(A B A B …), so that a slow moment of the machine hits both. JSON goes to standard output,
progress to standard error. See benchmarks/README.md for how to read it.
"""

import argparse
import json
import tempfile
from collections.abc import Sequence
from pathlib import Path

import machine
import peers
import process
from load import run
from notes import make_notes
from peers import Peer
from rivals import ROUNDS, compare, say

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
                compare_case(rivals, name, connections, options.seconds)
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


def compare_case(
    rivals: Sequence[Peer], name: str, connections: int, seconds: float
) -> dict[str, object]:
    """One case of all servers, each with a fresh token."""
    notes = make_notes(NOTES, seed=4)
    cases = {}
    for peer in rivals:
        peer.sign_in()
        cases[peer.name] = peer.case(name, notes)
    return compare(rivals, name, connections, seconds, lambda peer: cases[peer.name])


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


if __name__ == "__main__":
    main()
