"""Acknowledged writes per second at the store itself, without HTTP.

Client threads create notes as fast as each is acknowledged, that is after the commit and its
fsync. JSON goes to standard output; the exit code is 1 when a target is missed. See
benchmarks/README.md.
"""

import argparse
import json
import os
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import machine
from load import percentile
from notes import make_notes
from peers import SCHEMA

sys.path.append(str(Path(__file__).resolve().parents[1]))

from unibos.core.store import collections, records
from unibos.core.store.definitions import Collection, Search
from unibos.core.store.drafts import Schema
from unibos.core.store.store import OrgStore, Store

TARGETS = {1: 2500.0, 16: 12_000.0}
ROUNDS = 5
NOTES = make_notes(500)
PLAIN = Collection("plain", Schema({}))
CHECKED = Collection("checked", Schema(SCHEMA))
SEARCHED = Collection("searched", Schema(SCHEMA), search=Search("title", ("body", "tags")))


def main() -> None:
    """Measure and print."""
    options = arguments()
    rows = []
    about = {"benchmark": "store", **machine.describe()}
    with tempfile.TemporaryDirectory(prefix="unibos-store-") as folder:
        sync_ms = time_sync(Path(folder) / "probe")
        store = Store(Path(folder), "node", "benchmark")
        try:
            org = store.org("benchmark")
            for collection in (PLAIN, CHECKED, SEARCHED):
                org.write(partial(collections.declare, collection=collection))
                rows += [measure(org, collection, clients, options.seconds) for clients in TARGETS]
        finally:
            store.close()
    ok = all(row.get("ok", True) for row in rows)
    about |= {
        "seconds": options.seconds,
        "rounds": ROUNDS,
        "durability": "SQLite WAL, synchronous=FULL; group commit",
        "bare_fsync_ms": sync_ms,
    }
    print(json.dumps({**about, "ok": ok, "cases": rows}, indent=2))
    sys.exit(not ok)


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=5.0, help="per case")
    return parser.parse_args()


def time_sync(path: Path, count: int = 200) -> float:
    """The median time of appending a page and syncing it, in ms: what the disk itself takes."""
    times = []
    with path.open("wb") as file:
        for _ in range(count):
            file.write(bytes(4096))
            file.flush()
            begin = time.perf_counter()
            os.fdatasync(file.fileno())
            times.append(time.perf_counter() - begin)
    return round(statistics.median(times) * 1000, 3)


def measure(
    store: OrgStore, collection: Collection, clients: int, seconds: float
) -> dict[str, object]:
    """One case: rounds of ``clients`` threads, each waiting for its own acknowledgement."""
    rates: list[float] = []
    latencies: list[float] = []
    cpu = time.process_time()
    for _ in range(ROUNDS):
        begin = time.perf_counter()
        times = together(clients, lambda: create(store, collection, seconds / ROUNDS))
        rates.append(len(times) / (time.perf_counter() - begin))
        latencies += times
    cpu = time.process_time() - cpu
    rate = statistics.median(rates)
    row: dict[str, object] = {
        "collection": collection.name,
        "clients": clients,
        "per_second": round(rate, 1),
        "p50_ms": round(percentile(latencies, 50) * 1000, 3),
        "p99_ms": round(percentile(latencies, 99) * 1000, 3),
        "cpu_ms_per_write": round(cpu * 1000 / len(latencies), 3),
    }
    if collection is PLAIN:
        row |= {"target": TARGETS[clients], "ok": rate >= TARGETS[clients]}
    print(json.dumps(row), file=sys.stderr, flush=True)
    return row


def together(count: int, work: Callable[[], list[float]]) -> list[float]:
    """Run ``work`` on several threads at once and put their results together."""
    results: list[float] = []
    threads = [threading.Thread(target=lambda: results.extend(work())) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def create(store: OrgStore, collection: Collection, seconds: float) -> list[float]:
    """Create notes one after another; the latency of each, check and encoding included."""
    latencies = []
    number = 0
    end = time.perf_counter() + seconds
    while (begin := time.perf_counter()) < end:
        draft = collection.draft(NOTES[number % len(NOTES)])
        store.write(partial(records.create, collection=collection.name, draft=draft))
        latencies.append(time.perf_counter() - begin)
        number += 1
    return latencies


if __name__ == "__main__":
    main()
