"""Lives of replicas that exchange blobs and end by SIGKILL; run as a program, so that it can fork.

    blob_lives.py FOLDER SEED ROUNDS POINT    POINT is a crash point

In each life one node takes files in and gives them to the hub, and another fetches them from it,
until the process dies at the point. After each death another process looks at what is there; the
last life ends by itself, and then all must be everywhere. The last line told is a JSON summary.
"""

import asyncio
import hashlib
import json
import os
import random
import signal
import sys
from pathlib import Path

from tests.core.sync.blob_replicas import Keeper, files
from tests.core.sync.replicas import START_MS, Clock
from tests.faults.lives import Death, in_child, read_all, tell
from unibos.core.store import integrity, system

_FILES = 3


def family(folder: Path, life: int) -> tuple[Keeper, Keeper, Keeper]:
    """A hub and two nodes; with each life a day has passed, so that all trouble is due again."""
    clock = Clock(START_MS + life * 86_400_000)
    hub = Keeper(folder / "hub", "hub", "hub", clock=clock)
    a, b = Keeper(folder / "a", "a", clock=clock), Keeper(folder / "b", "b", clock=clock)
    for node in (a, b):
        node.declare(files())
    return hub, a, b


def live(folder: Path, told: int, life: int, point: str, passes: int) -> None:
    """Take in and exchange until killed."""
    hub, a, b = family(folder, life)
    chance = random.Random(life)
    for _ in range(_FILES):
        data = chance.randbytes(chance.randrange(1, 900_000))
        a.take_in(data)
        tell(told, "file", hashlib.sha256(data).hexdigest())
    system.listen(Death(point, passes))
    asyncio.run(exchange(hub, a, b))
    for replica in (hub, a, b):
        replica.close()


async def exchange(hub: Keeper, a: Keeper, b: Keeper) -> None:
    for replica in (hub, a, b):
        replica.begin()
    for node in (a, b):
        await node.sync(hub)
    for replica in (hub, a, b):
        replica.end()


def look(folder: Path, life: int, names: list[str], *, everywhere: bool) -> list[str]:
    """Everything that is not as it must be."""
    wrong = []
    for replica in family(folder, life):
        found = replica.store.read(
            lambda view, one=replica: integrity.check(view, one.store.blobs, deep=True)
        )
        wrong += [f"{replica.name}: {one.code} {one.detail}" for one in found]
        for name in names if everywhere or replica.name == "a" else ():
            data = replica.bytes_of(name)
            if isinstance(data, str):
                wrong.append(f"{replica.name} {name}: {data}")
        if everywhere:
            wrong += [f"{replica.name} still waits"] * replica.waiting()
            wrong += [f"{replica.name}: the part {part.name}" for part in replica.parts()]
        replica.close()
    return wrong


def finish(folder: Path, life: int) -> None:
    replicas = family(folder, life)
    asyncio.run(exchange(*replicas))
    for replica in replicas:
        replica.close()


def run_in_child(work) -> list[list[str]]:
    pid, told = in_child(work)
    lines = read_all(told)
    os.waitpid(pid, 0)
    return lines


def main() -> None:
    folder, seed, rounds, point = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
    chance = random.Random(seed)
    names: list[str] = []
    wrong: list[str] = []
    killed = 0

    def looking(life: int, *, everywhere: bool):
        def work(out: int) -> None:
            for item in look(folder, life, names, everywhere=everywhere):
                tell(out, "wrong", item)

        return work

    for life in range(rounds):
        passes = chance.randrange(1, 4 if point == "sync.blob_given" else 9)
        pid, told = in_child(lambda out, life=life, n=passes: live(folder, out, life, point, n))
        lines = read_all(told)
        _, status = os.waitpid(pid, 0)
        killed += os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
        names += [line[1] for line in lines if line[0] == "file"]
        wrong += [" ".join(line) for line in lines if line[0] == "broken"]
        wrong += [" ".join(line) for line in run_in_child(looking(life, everywhere=False))]
        if wrong:
            break
    if not wrong:
        lines = run_in_child(lambda out: finish(folder, rounds))
        lines += run_in_child(looking(rounds, everywhere=True))
        wrong += [" ".join(line) for line in lines]
    print(json.dumps({"killed": killed, "files": len(names), "wrong": wrong[:20]}))


if __name__ == "__main__":
    main()
