"""A source of jobs and its worker in one process, killed while reports are taken.

The worker writes its leases down before it reports, as one does that keeps what is finished until
the source took it. ``POINT:N`` has the process kill itself when it reaches that point of the store
for the Nth time after the first report has come; without it, the worker reports once more what it
wrote down, and the process tells the verdicts.
"""

import asyncio
import json
import os
import signal
import sys
from pathlib import Path

import msgspec

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.core.jobs.leasing.source import HEAVY, DirectLink, Source, claimant, pieces, told
from unibos.core.jobs.leasing.messages import Claim, Lease
from unibos.core.store import system

JOBS = 6
LEASES = "leases.json"


def die_at(point: str, number: int) -> None:
    reached = 0

    def listener(name: str) -> None:
        nonlocal reached
        reached += name == point
        if reached == number:
            os.kill(os.getpid(), signal.SIGKILL)

    system.listen(listener)


async def first(source: Source, link: DirectLink, point: str) -> None:
    for number in range(JOBS):
        source.add(say=number)
        source.add(HEAVY, do="echo", say=number)
    leases: list[Lease] = []
    for sort in ("light", "heavy"):
        leases += await link.claim(Claim(most=64, sort=sort))
    for lease in leases:
        if lease.kind == HEAVY.name:
            await link.send(lease, "page.txt", pieces(b"made"), 4)
    (source.folder / LEASES).write_bytes(msgspec.json.encode(leases))
    name, _, number = point.partition(":")
    die_at(name, int(number))
    await report(link, leases)


async def report(link: DirectLink, leases: list[Lease]) -> list[str]:
    """All ends, in two calls."""
    half = len(leases) // 2
    codes = []
    for some in (leases[:half], leases[half:]):
        verdicts = await link.report([told(lease, result="well") for lease in some])
        codes += [verdict.code for verdict in verdicts]
    return codes


async def main() -> None:
    folder, *point = sys.argv[1:]
    source = Source(Path(folder))
    async with source.life() as leasing:
        link = DirectLink(leasing, claimant())
        if point:
            await first(source, link, point[0])
        else:
            kept = (source.folder / LEASES).read_bytes()
            leases = msgspec.json.decode(kept, type=list[Lease])
            codes = await report(link, leases)
            again = await report(link, leases)
            states = {lease.job: source.get(lease.job).state.value for lease in leases}
            answer = {
                "codes": codes,
                "again": again,
                "states": states,
                "seen": source.seen(),
                "folders": source.folders(),
            }
            print(json.dumps(answer))
    source.store.close()


asyncio.run(main())
