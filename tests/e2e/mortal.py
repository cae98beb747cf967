"""``unibos`` that dies at a named crash point, with a clock that is wrong, or with workers that
are given up sooner; run as a program in place of the module.

    MORTAL_POINT="sync.applied 3"    die when that point is passed for the third time
    MORTAL_AHEAD="180"               the wall clock is so many seconds ahead
    MORTAL_LEASE="15"                a worker that is silent for so many seconds loses its jobs
"""

import os
import signal
import time


def die_at(point: str, passes: int) -> None:
    from unibos.core.store import system

    left = passes

    def reached(name: str) -> None:
        nonlocal left
        left -= name == point
        if not left:
            os.kill(os.getpid(), signal.SIGKILL)

    system.listen(reached)


def be_ahead(seconds: int) -> None:
    """Before anything else has got hold of the clock."""
    clock, clock_ns = time.time, time.time_ns
    time.time = lambda: clock() + seconds
    time.time_ns = lambda: clock_ns() + seconds * 1_000_000_000


def lease(seconds: float) -> None:
    """Before the options of any source are made."""
    from unibos.core.jobs.leasing.leasing import Options

    Options.__init__.__kwdefaults__["lease_seconds"] = seconds


if __name__ == "__main__":
    be_ahead(int(os.environ.get("MORTAL_AHEAD", "0")))
    told = os.environ.get("MORTAL_POINT", "").split()
    if told:
        die_at(told[0], int(told[1]))
    if "MORTAL_LEASE" in os.environ:
        lease(float(os.environ["MORTAL_LEASE"]))
    from unibos.__main__ import main

    main()
