"""No-op jobs per second, latency, and jobs lost at ``kill -9``, beside Celery and SqliteHuey.

Prints one JSON document. Rounds alternate (A B A B …), so that a slow moment of the machine hits
all. Needs ``redis-server``, and a Python that has ``celery[redis]`` (``--celery``).
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path

import job_queues
import machine
import peers
import servers
from job_queues import Program, Queue, Unibos
from load import percentile
from rivals import say

RATIO = 5.0
P50_MS = 10.0
WARM_UP = 200

Figures = dict[str, float]


def main() -> None:
    """Measure, print, and end with 1 when a target is missed."""
    parser = argparse.ArgumentParser(description="Jobs per second, beside Celery.")
    parser.add_argument("--jobs", type=int, default=4000, help="no-op jobs of a round")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--latencies", type=int, default=200)
    parser.add_argument("--killed", type=int, default=200, help="jobs whose worker is killed")
    parser.add_argument("--celery", help="a Python that has celery[redis]")
    options = parser.parse_args()
    about = machine.describe()
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        queues = [stack.enter_context(each) for each in chosen(Path(folder), options.celery)]
        rates = many(queues, options.jobs, options.rounds)
        ratio = ratios(rates)
        latency = one_by_one(queues, options.latencies)
        lost = killed(queues, options.killed)
    missed = misses(ratio, latency, lost)
    result = {
        "benchmark": "jobs",
        **about,
        "jobs": options.jobs,
        "durability": {queue.name: queue.durability for queue in queues},
        "many": rates,
        "ratio": ratio,
        "one_by_one": latency,
        "killed": lost,
        "missed": missed,
    }
    print(json.dumps(result, indent=2))
    sys.exit(1 if missed else 0)


def chosen(folder: Path, celery: str | None) -> Iterator[AbstractContextManager[Queue]]:
    """All queues of the comparison."""
    yield local(folder / "local")
    yield with_workers(folder / "workers")
    if celery:
        yield job_queues.celery(folder / "celery", celery, synced=False)
        yield job_queues.celery(folder / "celery_synced", celery, synced=True)
    yield job_queues.huey(folder / "huey")


@contextmanager
def local(folder: Path) -> Iterator[Queue]:
    """A node that does its jobs itself."""
    folder.mkdir()
    node = peers.Unibos(folder)
    node.server.start()
    node.set_up()
    queue = Unibos("unibos", node.durability, node.server, node.client, [])
    try:
        yield queue
    finally:
        queue.close()


@contextmanager
def with_workers(folder: Path) -> Iterator[Queue]:
    """A node whose jobs two workers do, each a process of its own that joined over HTTP."""
    folder.mkdir()
    node = peers.Unibos(folder, "--queues", "realtime")
    node.server.start()
    node.set_up()
    asked = {"role": "worker", "uses": 2}
    token = node.client.call("POST", "/api/v1/tokens", asked)["token"]
    workers = [worker(folder, name, token) for name in ("first", "second")]
    queue = Unibos("unibos_two_workers", node.durability, node.server, node.client, workers)
    try:
        yield queue
    finally:
        queue.close()


def worker(folder: Path, name: str, token: str) -> Program:
    """Join a worker to the node, and start it."""
    data = str(folder / name)
    program = [*servers.SOURCE, "worker"]
    subprocess.run(
        [*program, "join", "--data", data, "--name", name, "-"],
        input=token,
        text=True,
        check=True,
        cwd=servers.REPOSITORY,
        stdout=subprocess.DEVNULL,
    )
    serve = [*servers.SOURCE, "serve", "--role", "worker", "--data", data]
    return Program(serve, {"PYTHONPATH": str(servers.REPOSITORY)}, folder / f"{name}.log")


def many(queues: Sequence[Queue], count: int, rounds: int) -> dict[str, Figures]:
    """Jobs per second, from the first request to the last result."""
    for queue in queues:
        queue.many(WARM_UP)
    rates: dict[str, list[float]] = {queue.name: [] for queue in queues}
    for _ in range(rounds):
        for queue in queues:
            rates[queue.name].append(count / queue.many(count))
            say(f"{queue.name}: {rates[queue.name][-1]:.0f} jobs/s")
    return {
        name: {
            "per_second": round(statistics.median(found)),
            "least": round(min(found)),
            "most": round(max(found)),
        }
        for name, found in rates.items()
    }


def one_by_one(queues: Sequence[Queue], count: int) -> dict[str, Figures]:
    """Milliseconds from request to result while nothing else is asked for."""
    found: dict[str, Figures] = {}
    for queue in queues:
        times = queue.one_by_one(count)
        found[queue.name] = {
            f"p{share}_ms": round(percentile(times, share) * 1000, 2) for share in (50, 99)
        }
        say(f"{queue.name}: {found[queue.name]}")
    return found


def killed(queues: Sequence[Queue], count: int) -> dict[str, Figures]:
    """Jobs lost, and done twice, when the worker is killed a few times meanwhile."""
    found: dict[str, Figures] = {}
    for queue in queues:
        lost = queue.lost(count)
        found[queue.name] = {"lost": lost.asked - lost.done, "twice": lost.twice}
        say(f"{queue.name}: {found[queue.name]}")
    return found


def ratios(rates: Mapping[str, Figures]) -> dict[str, float]:
    """UNIBOS by the others, in jobs per second."""
    return {
        f"{ours} / {theirs}": round(rates[ours]["per_second"] / rates[theirs]["per_second"], 2)
        for ours in rates
        for theirs in rates
        if ours.startswith("unibos") and not theirs.startswith("unibos")
    }


def misses(
    ratio: Mapping[str, float], latency: Mapping[str, Figures], lost: Mapping[str, Figures]
) -> list[str]:
    """The targets that were not reached."""
    found = [
        f"{name}: {value} is below {RATIO}"
        for name, value in ratio.items()
        if name.endswith("/ celery") and value < RATIO
    ]
    for name in latency:
        if not name.startswith("unibos"):
            continue
        if latency[name]["p50_ms"] >= P50_MS:
            found.append(f"{name}: p50 {latency[name]['p50_ms']} ms")
        if lost[name]["lost"]:
            found.append(f"{name}: {lost[name]['lost']} jobs lost")
    return found


if __name__ == "__main__":
    main()
