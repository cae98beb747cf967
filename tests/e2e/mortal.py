"""``unibos`` that dies at a named crash point, or with a clock that is wrong; run as a program in
place of the module.

    MORTAL_POINT="sync.applied 3"    die when that point is passed for the third time
    MORTAL_AHEAD="180"               the wall clock is so many seconds ahead
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


if __name__ == "__main__":
    be_ahead(int(os.environ.get("MORTAL_AHEAD", "0")))
    told = os.environ.get("MORTAL_POINT", "").split()
    if told:
        die_at(told[0], int(told[1]))
    from unibos.__main__ import main

    main()
