"""Withdrawing and the kill switch, killed; run as a program: withdrawals.py FOLDER POINT.

A hub's store is filled with what three nodes wrote, and hears that one of them lets nothing travel
any more. Children withdraw and are killed when the point is passed, one pass later each time;
after each death what the other node wrote must be whole, and the policy may be settled only when
nothing is left of what it forbids. Then a child turns the kill switch on, says so and is killed.
The last line told is a JSON summary.
"""

import asyncio
import json
import os
import signal
import sys
from pathlib import Path

from unibos.core.store import collections, integrity, policies, replication, system
from unibos.core.store.definitions import Collection, Export, Search
from unibos.core.store.drafts import Schema
from unibos.core.store.policies import Policy
from unibos.core.store.store import Store
from unibos.core.store.versions import Version
from unibos.core.sync import export
from unibos.core.sync.exchange import withdrawing

NOTES = Collection("notes", Schema({}), search=Search("title"))
ME, ANN, BEN, ORG = "hub", "ann", "ben", "org-a"
RECORDS = 2200


def learn(tx, origin: str, wanted: Export, hlc: int) -> None:
    policies.learn(tx, Policy("notes", origin, wanted, hlc), Export.HUB)


def fill(folder: Path) -> None:
    store = Store(folder, "hub", ME)

    def make(tx):
        collections.declare(tx, NOTES)
        for origin in (ANN, BEN):
            learn(tx, origin, Export.HUB, 10)
        for number in range(RECORDS):
            origin = (ANN, ANN, ANN, BEN, ME)[number % 5]
            fields = {"title": f"number {number}", "by": origin}
            version = Version((20, origin), fields, {}, {})
            draft = NOTES.draft(fields)
            replication.keep(tx, NOTES, f"id-{number:05}", version, draft, None, None)

    store.write(make, ORG)
    store.write(lambda tx: learn(tx, ANN, Export.LOCAL, 30), ORG)
    store.close()


def withdraw(folder: Path) -> None:
    store = Store(folder, "hub", ME)
    asyncio.run(withdrawing.withdraw(store.org(ORG), ME))
    store.close()


def killed(folder: Path, point: str, passes: int) -> bool:
    """Whether a child passed the point so often, and died there."""
    pid = os.fork()
    if pid == 0:
        left = passes

        def die_here(name: str) -> None:
            nonlocal left
            left -= name == point
            if not left:
                os.kill(os.getpid(), signal.SIGKILL)

        system.listen(die_here)
        withdraw(folder)
        os._exit(0)
    _, status = os.waitpid(pid, 0)
    return os.WIFSIGNALED(status)


def look(folder: Path) -> tuple[dict[str, int], bool, list[str]]:
    """How many records of each are there, whether the policy is settled, and what is damaged."""
    store = Store(folder, "hub", ME)
    org = store.org(ORG)
    counted = dict.fromkeys((ANN, BEN, ME), 0)
    for one in org.read(lambda view: list(replication.by_id(view, "notes", "", RECORDS))):
        counted[one.clock[1]] += 1
    settled = not org.read(policies.unsettled)
    found = store.read(lambda view: integrity.check(view, store.blobs, deep=True))
    store.close()
    return counted, settled, [f"{one.code} {one.detail}" for one in found]


def switched(folder: Path, turn) -> bool:
    """Turn the kill switch in a child that dies as soon as it was told that it is done; whether
    it is on afterwards."""
    pid = os.fork()
    if pid == 0:
        store = Store(folder, "hub", ME)
        store.write(turn, ORG)
        os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(pid, 0)
    store = Store(folder, "hub", ME)
    stopped = store.read(export.stopped, ORG)
    store.close()
    return stopped


def main() -> None:
    folder, point = Path(sys.argv[1]), sys.argv[2]
    fill(folder)
    others = {BEN: RECORDS // 5, ME: RECORDS // 5}
    lefts, deaths, wrong = [], 0, []
    while not wrong and killed(folder, point, deaths + 1):
        deaths += 1
        counted, settled, wrong = look(folder)
        lefts.append(counted.pop(ANN))
        if counted != others:
            wrong.append(f"of others {counted} is left")
        if settled and lefts[-1]:
            wrong.append(f"settled with {lefts[-1]} records left")
        if settled:
            break
    withdraw(folder)
    counted, settled, damaged = look(folder)
    if counted != others | {ANN: 0} or not settled:
        wrong.append(f"in the end {counted}, settled: {settled}")
    switch = [switched(folder, export.stop), switched(folder, export.resume)]
    told = {"deaths": deaths, "left": lefts, "wrong": wrong + damaged, "switch": switch}
    print(json.dumps(told))


if __name__ == "__main__":
    main()
