"""Sync: notes from a node to a hub to a second node, beside PouchDB Server's replication.

For each number of notes: how many arrive in a second on each way, bytes on the wire, the round in
which nothing is new, the peak of each process's memory, what the database takes. JSON goes to
standard output, progress to standard error. See benchmarks/README.md for how to read it.
"""

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import machine
from notes import make_notes
from replicas import PouchDb, Trio, Unibos, forget_peak, peak_mib, pouchdb_program
from rivals import say

SIZES = (1_000, 10_000, 100_000)
BESIDE = 20_000
QUIET_ROUNDS = 20
TARGET_RATIO = 5.0
TARGET_QUIET_MS = 50.0
TARGET_PEAK_MIB = 150.0
EDGE = ("--profile", "edge")


def main() -> None:
    """Measure and print."""
    options = arguments()
    result: dict[str, object] = {"benchmark": "sync", **machine.describe()}
    grown = [growth(size) for size in options.sizes]
    result["growth"] = grown
    verdict = {
        "quiet_ms": max(float(one["quiet_ms"]) for one in grown) < TARGET_QUIET_MS,
        "peak_mib": max(max(one["peak_mib"].values()) for one in grown) < TARGET_PEAK_MIB,
    }
    if options.pouchdb:
        beside = beside_pouchdb(options.beside, pouchdb_program(options.pouchdb))
        result["beside_pouchdb"] = beside
        verdict["ratio"] = beside["ratio"]["both_ways"] >= TARGET_RATIO
    result["targets_met"] = verdict
    print(json.dumps(result, indent=2))
    raise SystemExit(0 if all(verdict.values()) else 1)


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--sizes", type=_numbers, default=SIZES, help="numbers of notes, such as 1000,1000000"
    )
    parser.add_argument("--beside", type=int, default=BESIDE, help="notes beside PouchDB Server")
    parser.add_argument(
        "--pouchdb",
        default="",
        metavar="PROGRAM",
        help="pouchdb-server of npm, such as node_modules/.bin/pouchdb-server; left out without",
    )
    return parser.parse_args()


def growth(size: int) -> dict[str, Any]:
    """One number of notes, with the settings of a small board."""
    with tempfile.TemporaryDirectory(prefix="unibos-sync-") as name:
        trio = Unibos(Path(name), *EDGE)
        try:
            trio.start()
            trio.load(make_notes(size))
            for server in trio.servers().values():
                forget_peak(server)
            found = _exchange(trio, size)
            found["peak_mib"] = {
                place: peak_mib(server) for place, server in trio.servers().items()
            }
            found |= _quiet(trio)
            stored = trio.stored_bytes()
            found["stored_bytes_per_record"] = {
                place: round(size_ / size) for place, size_ in stored.items()
            }
            say(json.dumps(found))
            return found
        finally:
            trio.stop()


def beside_pouchdb(size: int, program: str) -> dict[str, Any]:
    """The same notes over both, one after the other."""
    result: dict[str, Any] = {"records": size}
    with tempfile.TemporaryDirectory(prefix="unibos-sync-") as name:
        rivals: tuple[Callable[[], Trio], ...] = (
            lambda: Unibos(Path(name) / "unibos"),
            lambda: PouchDb(Path(name) / "pouchdb", program),
        )
        rates = {}
        for make in rivals:
            trio = make()
            try:
                trio.start()
                trio.load(make_notes(size))
                found = _exchange(trio, size) | _quiet(trio)
            finally:
                trio.stop()
            say(json.dumps({trio.name: found}))
            result[trio.name] = found
            rates[trio.name] = found
    ours, theirs = rates["unibos"], rates["pouchdb-server"]
    result["ratio"] = {
        "give": round(ours["give_per_second"] / theirs["give_per_second"], 2),
        "take": round(ours["take_per_second"] / theirs["take_per_second"], 2),
        "both_ways": round(ours["per_second"] / theirs["per_second"], 2),
    }
    return result


def _exchange(trio: Trio, size: int) -> dict[str, Any]:
    began, bytes_ = time.perf_counter(), trio.tap.bytes
    trio.give()
    given = time.perf_counter()
    given_bytes = trio.tap.bytes - bytes_
    trio.take()
    taken = time.perf_counter()
    present = trio.count()
    if present != size:
        raise SystemExit(f"{trio.name}: {present} of {size} notes arrived")
    return {
        "records": size,
        "give_per_second": round(size / (given - began), 1),
        "take_per_second": round(size / (taken - given), 1),
        "per_second": round(size / (taken - began), 1),
        "give_bytes_per_record": round(given_bytes / size, 1),
        "take_bytes_per_record": round((trio.tap.bytes - bytes_ - given_bytes) / size, 1),
    }


def _quiet(trio: Trio) -> dict[str, float]:
    """Rounds in which nothing is new."""
    trio.take()
    began_bytes, times = trio.tap.bytes, []
    for _ in range(QUIET_ROUNDS):
        began = time.perf_counter()
        trio.take()
        times.append((time.perf_counter() - began) * 1000)
    return {
        "quiet_ms": round(statistics.median(times), 2),
        "quiet_bytes": round((trio.tap.bytes - began_bytes) / QUIET_ROUNDS),
    }


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(","))


if __name__ == "__main__":
    main()
