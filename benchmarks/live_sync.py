"""How long until a write on one node can be read on another, through their hub; as JSON.

A hub and two nodes run on this machine. A note is written on the first node; from the moment that
the write is acknowledged the second is asked for it, again and again, until it has it. There is no
line in between, so what is measured is all that UNIBOS adds to one.

    python benchmarks/live_sync.py [--writes 50] [--idle 60]
"""

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import machine
import peers
import process
from servers import Client, ServerError

WRITES = 50
IDLE_S = 60.0
PAUSE_S = 0.1
ASKED_EVERY_S = 0.001
PATIENCE_S = 60.0
TARGET_MS = 1000.0


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--writes", type=int, default=WRITES)
    parser.add_argument(
        "--idle",
        type=float,
        default=IDLE_S,
        help="seconds to look at nodes that have nothing to do",
    )
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        live = Live(Path(folder))
        try:
            live.start()
            measured = live.measure(options.writes)
            idle = live.idle(options.idle) if options.idle else {}
        finally:
            live.stop()
    met = measured["p99_ms"] < TARGET_MS
    result = {"benchmark": "live_sync", **machine.describe(), "latency": measured, "idle": idle}
    print(json.dumps(result | {"targets_met": met}, indent=2))
    raise SystemExit(0 if met else 1)


class Live:
    """A hub and two nodes that let notes travel."""

    def __init__(self, folder: Path) -> None:
        for name in ("hub", "first", "second"):
            (folder / name).mkdir()
        self._hub = peers.Unibos(folder / "hub", "--no-hub-tls", roles=("hub",))
        self._nodes = [peers.Unibos(folder / name) for name in ("first", "second")]

    def start(self) -> None:
        """Start all three, joined."""
        self._hub.server.start()
        self._hub.set_up()
        for node in self._nodes:
            node.server.start()
            node.prepare()
            made = self._hub.client.call("POST", "/api/v1/tokens", {"label": "benchmark"})
            node.client.call("POST", "/api/v1/hub/join", {"token": made["token"]})
            _until_synced(node)
            wanted = {"collection": peers.COLLECTION, "export": "hub"}
            node.client.call("PUT", "/api/v1/export", wanted)

    def stop(self) -> None:
        """Stop all three."""
        for one in (*self._nodes, self._hub):
            one.server.stop()

    def measure(self, writes: int) -> dict[str, float | int]:
        """The time of as many writes, one after the other."""
        # The first one goes with the collection's definition and brings the policies.
        self._write("warm-up")
        times = [self._write(f"note {number}") * 1000 for number in range(writes)]
        return {
            "writes": writes,
            "p50_ms": round(statistics.median(times), 1),
            "p99_ms": round(_quantile(times, 0.99), 1),
            "most_ms": round(max(times), 1),
        }

    def idle(self, seconds: float) -> dict[str, dict[str, float]]:
        """What the three take while nobody asks for anything."""
        named = {"hub": self._hub, "first": self._nodes[0], "second": self._nodes[1]}
        before = {name: _taken(one) for name, one in named.items()}
        time.sleep(seconds)
        told = {}
        for name, one in named.items():
            cpu, written = _taken(one)
            told[name] = {
                "cpu_percent": round((cpu - before[name][0]) / seconds * 100, 3),
                "written_bytes": written - before[name][1],
            }
        return told

    def _write(self, title: str) -> float:
        first, second = (node.client for node in self._nodes)
        made = first.call("POST", self._nodes[0].records, {"data": {"title": title}})
        path = f"{self._nodes[1].records}/{made['id']}"
        began = time.perf_counter()
        while second.send("GET", path, None)[0] != 200:
            if time.perf_counter() - began > PATIENCE_S:
                raise ServerError(f"{title} never came")
            time.sleep(ASKED_EVERY_S)
        took = time.perf_counter() - began
        time.sleep(PAUSE_S)
        return took


def _until_synced(node: peers.Unibos) -> None:
    """A node starts anew when it has joined; then its owner logs in again."""
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        try:
            node.client = Client(node.server.address)
            node.sign_in()
            if node.client.call("GET", "/api/v1/sync")["mode"] == "online":
                return
        except (OSError, ServerError):
            pass
        time.sleep(0.1)
    raise ServerError("the node did not join")


def _taken(one: peers.Unibos) -> tuple[float, int]:
    pid = one.server.pid
    return process.cpu_seconds(pid), process.written_bytes(pid)


def _quantile(times: Sequence[float], share: float) -> float:
    ordered = sorted(times)
    return ordered[min(len(ordered) - 1, round(share * (len(ordered) - 1)))]


if __name__ == "__main__":
    main()
