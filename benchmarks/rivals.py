"""The same case on several servers: rounds alternate (A B A B …), so that noise hits all."""

import json
import statistics
import sys
from collections.abc import Callable, Sequence

import process
from load import Case, Round, percentile, ratios, run
from peers import Peer

ROUNDS = 5
WARM_UP_SECONDS = 0.5


def compare(
    rivals: Sequence[Peer],
    name: str,
    connections: int,
    seconds: float,
    make: Callable[[Peer], Case],
) -> dict[str, object]:
    """Run one case in alternating rounds; the first, short one of each warms up.

    :param make: the case for a server, made anew for each round.
    """
    for peer in rivals:
        run(peer.server.address, make(peer), connections, seconds=WARM_UP_SECONDS)
    rounds: dict[str, list[Round]] = {peer.name: [] for peer in rivals}
    cpu = dict.fromkeys(rounds, 0.0)
    for _ in range(ROUNDS):
        for peer in rivals:
            case = make(peer)
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


def say(line: str) -> None:
    """One line of progress."""
    print(line, file=sys.stderr, flush=True)
