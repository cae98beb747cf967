"""SqliteHuey's side of the comparison of job queues, as it comes: its task, and who asks for it."""

import json
import os
import sys
import time
from pathlib import Path

from huey import SqliteHuey

LEDGER = os.environ.get("JOBS_LEDGER", "")
huey = SqliteHuey("jobs", filename=os.environ["JOBS_FILE"])


@huey.task()
def ping(number, seconds=0.0):
    """Wait, take note, and answer."""
    if seconds:
        time.sleep(seconds)
    if LEDGER:
        with Path(LEDGER).open("a") as ledger:
            ledger.write(f"{number}\n")
    return number


def many(count):
    """Seconds from the first request to the last result."""
    began = time.perf_counter()
    results = [ping(number) for number in range(count)]
    for result in results:
        result.get(blocking=True, timeout=600, backoff=1, max_delay=0.02)
    return time.perf_counter() - began


def one_by_one(count):
    """Seconds from request to result, each asked for when the last one is in."""
    times = []
    for number in range(count):
        began = time.perf_counter()
        ping(number).get(blocking=True, timeout=60, backoff=1, max_delay=0.002)
        times.append(time.perf_counter() - began)
    return times


def send(count, seconds):
    """Ask, and wait for nothing."""
    for number in range(count):
        ping(number, seconds)
    return count


def answer():
    """Answer requests until there are no more."""
    asked = {"many": many, "one_by_one": one_by_one, "send": send}
    for line in sys.stdin:
        name, *arguments = json.loads(line)
        print(json.dumps(asked[name](*arguments)), flush=True)


if __name__ == "__main__":
    # The task is known by the module that it is in, which here must not be __main__.
    import huey_side

    huey_side.answer()
