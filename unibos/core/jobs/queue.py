"""Threads that run what is due: Huey, in memory, with nothing on disk and nothing polled.

The table of jobs is the truth; a message here is no more than ``(job id, attempt)`` and may be
lost with the process. The only importer of huey.
"""

import logging
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import msgspec


@contextmanager
def _absent(*names: str) -> Iterator[None]:
    """Make some modules look as if they were not installed."""
    hidden = [name for name in names if name not in sys.modules]
    sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type] # None is how to say it
    try:
        yield
    finally:
        for name in hidden:
            del sys.modules[name]


# Huey imports every broker that it finds, though this process uses none: 35 MiB, where they are
# installed.
with _absent("redis", "psycopg", "cysqlite", "gevent"):
    from huey import Huey, crontab
    from huey.consumer import Consumer
    from huey.registry import Message
    from huey.storage import MemoryStorage


@dataclass(frozen=True, slots=True)
class Chore:
    """Something to be done again and again.

    :param minutes: at which minutes of the hour, as crontab(5) writes them.
    """

    name: str
    minutes: str
    run: Callable[[], object]


class TaskQueue:
    """Worker threads for jobs, and one more so that chores never wait for jobs.

    :param workers: jobs at the same time.
    :param run: gets a job's id and attempt, on a worker thread; must not raise.
    """

    def __init__(
        self, workers: int, run: Callable[[str, int], None], chores: Iterable[Chore] = ()
    ) -> None:
        # It tells of each task at the level of information; the table of jobs says more.
        logging.getLogger("huey").setLevel(logging.WARNING)
        self._huey = Huey("jobs", results=False, serializer=_Json(), storage_class=_WaitingStorage)
        self._run = self._huey.task(name="run")(run)
        revive = Chore("revive threads", "*/10", self.revive)
        for chore in (*chores, revive):
            schedule = crontab(minute=chore.minutes, strict=True)
            self._huey.periodic_task(schedule, name=chore.name)(chore.run)
        self._consumer = _QuietConsumer(
            self._huey, workers=workers + 1, scheduler_interval=60, check_worker_health=False
        )
        self._running = False

    def start(self) -> None:
        """Start the threads."""
        self._consumer.start()
        self._running = True

    def stop(self, seconds: float) -> bool:
        """End the threads that are idle or become so in time; whether all ended."""
        self._running = False
        self._consumer.stop()
        self._huey.storage.close()
        deadline = time.monotonic() + seconds
        for thread in self._threads():
            thread.join(max(0.0, deadline - time.monotonic()))
        return not any(thread.is_alive() for thread in self._threads())

    def put(self, job_id: str, attempt: int) -> None:
        """Have a worker run this attempt."""
        self._run(job_id, attempt)

    @property
    def healthy(self) -> bool:
        """Whether all threads live."""
        return all(thread.is_alive() for thread in self._threads())

    def revive(self) -> None:
        """Start a thread anew for each that died."""
        # The first thread may come by before the last is started, which looks dead until then.
        if self._running:
            self._consumer.check_worker_health()

    def _threads(self) -> list[threading.Thread]:
        return [self._consumer.scheduler, *(thread for _, thread in self._consumer.worker_threads)]


class _QuietConsumer(Consumer):  # type: ignore[misc] # huey has no types
    """A consumer inside a server, which has signal handlers of its own."""

    def _set_signal_handlers(self) -> None:
        pass


class _WaitingStorage(MemoryStorage):  # type: ignore[misc] # huey has no types
    """A queue in memory whose takers sleep until there is something to take."""

    blocking = True

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._filled = threading.Condition()
        self._closed = False

    def enqueue(self, data: bytes, priority: float | None = None) -> None:
        with self._filled:
            super().enqueue(data, priority)
            self._filled.notify()

    def dequeue(self) -> bytes | None:
        with self._filled:
            self._filled.wait_for(lambda: self._closed or self.queue_size())
            data: bytes | None = None if self._closed else super().dequeue()
            return data

    def close(self) -> None:
        with self._filled:
            self._closed = True
            self._filled.notify_all()


class _Json:
    """Messages as JSON instead of pickle."""

    def serialize(self, message: tuple[Any, ...]) -> bytes:
        return msgspec.json.encode(tuple(message))

    def deserialize(self, data: bytes) -> Any:
        return Message(*msgspec.json.decode(data))
