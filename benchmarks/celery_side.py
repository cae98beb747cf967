"""Celery's side of the comparison of job queues: its task, and who asks for it.

Run by a Python that has ``celery[redis]``, as the worker's application (``-A celery_side``) and as
a program that reads requests, one JSON object a line, and answers each with another.
"""

import json
import os
import sys
import time
from pathlib import Path

from celery import Celery, group

BROKER = os.environ["JOBS_BROKER"]
LEDGER = os.environ.get("JOBS_LEDGER", "")

app = Celery("jobs", broker=BROKER, backend=BROKER)
app.conf.update(
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    # A message of a worker that is gone comes back after this; the default is an hour.
    broker_transport_options={"visibility_timeout": 10},
    task_serializer="json",
    result_serializer="json",
    broker_connection_retry_on_startup=True,
)


@app.task
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
    group(ping.s(number) for number in range(count)).apply_async().join(timeout=600)
    return time.perf_counter() - began


def one_by_one(count):
    """Seconds from request to result, each asked for when the last one is in."""
    times = []
    for number in range(count):
        began = time.perf_counter()
        ping.delay(number).get(timeout=60)
        times.append(time.perf_counter() - began)
    return times


def send(count, seconds):
    """Ask, and wait for nothing."""
    for number in range(count):
        ping.delay(number, seconds)
    return count


def answer():
    """Answer requests until there are no more."""
    asked = {"many": many, "one_by_one": one_by_one, "send": send}
    for line in sys.stdin:
        name, *arguments = json.loads(line)
        print(json.dumps(asked[name](*arguments)), flush=True)


if __name__ == "__main__":
    # The task is known by the module that it is in, which here must not be __main__.
    import celery_side

    celery_side.answer()
