"""A server that does nothing but jobs: asked on standard input, killed by tests at any moment.

Each line ``add JSON`` makes a job and is answered with its id once that is committed; ``wait``
is answered when no job is open. ``POINT:N`` as the third argument has the process kill itself
when it reaches that point of the store for the Nth time.
"""

import json
import os
import signal
import sys
import threading
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from tests.core.jobs.job_kinds import HEAVY, KINDS, LIGHT, SEEN
from tests.core.jobs.processes import CHILD
from unibos.core.jobs.jobs import Jobs
from unibos.core.jobs.options import Options
from unibos.core.store import collections, jobs, leases, system
from unibos.core.store.store import Store


def die_at(point: str, number: int) -> None:
    reached = 0

    def listener(name: str) -> None:
        nonlocal reached
        reached += name == point
        if reached == number:
            os.kill(os.getpid(), signal.SIGKILL)

    system.listen(listener)


def main() -> None:
    folder = Path(sys.argv[1])
    store = Store(folder, "node", "origin")
    org = store.org("home")
    commit = threading.Condition()

    def heard(_changes: object) -> None:
        with commit:
            commit.notify_all()

    def idle() -> bool:
        states = store.read(leases.states)
        return not states["queued"] and not states["running"]

    store.listen(heard)
    org.write(lambda tx: collections.declare(tx, SEEN))
    options = Options(folder=folder / "work", heavy=2, command=CHILD, retry_seconds=0.01)
    runner = Jobs(store, KINDS, options, owner="me")
    if len(sys.argv) > 2:
        point, _, number = sys.argv[2].partition(":")
        die_at(point, int(number))
    runner.start()
    print("ready", flush=True)
    for line in sys.stdin:
        verb, _, rest = line.partition(" ")
        if verb == "add":
            args = json.loads(rest)
            kind = HEAVY if "do" in args else LIGHT
            print(org.write(lambda tx, kind=kind, args=args: jobs.add(tx, kind, args)).id)
        else:
            with commit:
                commit.wait_for(idle)
            print("idle")
        sys.stdout.flush()
    runner.stop(0)
    store.close()


main()
