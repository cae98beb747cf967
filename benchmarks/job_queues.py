"""Queues of jobs under test, each as its users run it: started, asked, its worker killed.

All give the same words: ``many`` no-op jobs asked for together, seconds until all have ended;
``one_by_one``; ``lost``: jobs of some time while their worker is killed again and again.
"""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import servers
from servers import Client, Server, ServerError

HERE = Path(__file__).parent
JOB_SECONDS = 0.05
KILLS = 5
PATIENCE = 45.0
"""Seconds after the last kill in which jobs may come back."""
_ASKED_TOGETHER = 500


@dataclass(frozen=True)
class Lost:
    """What became of jobs whose worker was killed."""

    asked: int
    done: int
    twice: int


class Queue(ABC):
    """A queue of jobs with one or more workers."""

    name: str
    durability: str

    @abstractmethod
    def many(self, count: int) -> float:
        """Seconds from the first request until all of so many no-op jobs have ended."""

    @abstractmethod
    def one_by_one(self, count: int) -> list[float]:
        """Seconds from request to result, each asked for when the last one is in."""

    @abstractmethod
    def lost(self, count: int) -> Lost:
        """Ask for jobs, and kill the worker a few times meanwhile."""

    @abstractmethod
    def close(self) -> None:
        """Stop all."""


class Program:
    """A process that is started, and stopped by its own id."""

    def __init__(self, command: Sequence[str], environ: dict[str, str], log: Path) -> None:
        self._command = command
        self._environ = {**os.environ, **environ}
        self._log = log
        self.start()

    def start(self) -> None:
        """Start it in a session of its own."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command,
                cwd=HERE,
                env=self._environ,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def kill(self) -> None:
        """``kill -9`` of it and of all that it started."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def stop(self) -> None:
        """Ask it to end; kill it after a while."""
        self._process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(10)
        self.kill()


class Driver:
    """The other side's own Python, which asks its own queue as its users do."""

    def __init__(self, python: str, script: str, environ: dict[str, str], log: Path) -> None:
        self._log = log.open("ab")
        self._process = subprocess.Popen(
            [python, str(HERE / script)],
            cwd=HERE,
            env={**os.environ, **environ},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
        )

    def ask(self, *request: object) -> Any:
        """One request and its answer."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if not answer:
            raise ServerError("the driver ended; its log has more")
        return json.loads(answer)

    def close(self) -> None:
        """End it."""
        self._process.terminate()
        self._process.wait()
        self._log.close()


@dataclass
class Other(Queue):
    """Celery or Huey: a driver, a worker, a ledger that its jobs write to."""

    name: str
    durability: str
    driver: Driver
    worker: Program
    ledger: Path
    rest: list[Program] = field(default_factory=list)

    def many(self, count: int) -> float:
        return float(self.driver.ask("many", count))

    def one_by_one(self, count: int) -> list[float]:
        return list(self.driver.ask("one_by_one", count))

    def lost(self, count: int) -> Lost:
        self.ledger.write_text("")
        self.driver.ask("send", count, JOB_SECONDS)
        span = count * JOB_SECONDS / 2
        for _ in range(KILLS):
            time.sleep(span / (KILLS + 1))
            self.worker.kill()
            self.worker.start()
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end and len(self._done()) < count:
            time.sleep(0.5)
        done = self._done()
        return Lost(count, len(done), sum(times - 1 for times in done.values()))

    def _done(self) -> Counter[str]:
        return Counter(self.ledger.read_text().split())

    def close(self) -> None:
        self.driver.close()
        for program in (self.worker, *self.rest):
            program.stop()


@contextmanager
def celery(folder: Path, python: str, *, synced: bool) -> Iterator[Queue]:
    """Celery 5 with Redis and ``acks_late``.

    :param python: one that has ``celery[redis]``.
    :param synced: Redis writes each change to the disk before it answers.
    """
    folder.mkdir()
    redis = shutil.which("redis-server")
    if redis is None:
        raise ServerError("redis-server is missing: apt-get install redis-server")
    port = servers.free_port()
    options = ["--port", str(port), "--save", "", "--dir", str(folder), "--bind", "127.0.0.1"]
    if synced:
        options += ["--appendonly", "yes", "--appendfsync", "always"]
    broker = Program([redis, *options], {}, folder / "redis.log")
    ledger = folder / "ledger"
    environ = {"JOBS_BROKER": f"redis://127.0.0.1:{port}/0"}
    serve = [python, "-m", "celery", "-A", "celery_side", "worker", "-c", "2", "-l", "ERROR"]
    time.sleep(1)
    worker = Program(serve, {**environ, "JOBS_LEDGER": str(ledger)}, folder / "worker.log")
    driver = Driver(python, "celery_side.py", environ, folder / "driver.log")
    durability = "appendonly, fsync always" if synced else "Redis in memory only"
    name = "celery_synced" if synced else "celery"
    queue = Other(name, durability, driver, worker, ledger, [broker])
    try:
        yield queue
    finally:
        queue.close()


@contextmanager
def huey(folder: Path) -> Iterator[Queue]:
    """SqliteHuey as it comes, with two worker threads."""
    folder.mkdir()
    ledger = folder / "ledger"
    environ = {"JOBS_FILE": str(folder / "huey.db")}
    serve = [sys.executable, "-m", "huey.bin.huey_consumer", "huey_side.huey", "-w", "2", "-q"]
    serve += ["-d", "0.01", "-b", "1", "-m", "0.05"]
    worker = Program(serve, {**environ, "JOBS_LEDGER": str(ledger)}, folder / "worker.log")
    driver = Driver(sys.executable, "huey_side.py", environ, folder / "driver.log")
    queue = Other("sqlite_huey", "SQLite WAL, its default", driver, worker, ledger)
    try:
        yield queue
    finally:
        queue.close()


@dataclass
class Unibos(Queue):
    """A node, asked over HTTP; its own runner works, or workers that joined it."""

    name: str
    durability: str
    server: Server
    client: Client
    workers: list[Program]

    def many(self, count: int) -> float:
        began = time.perf_counter()
        batches = []
        for first in range(0, count, _ASKED_TOGETHER):
            jobs: list[dict[str, object]] = [{"kind": "care.ping"}]
            jobs *= min(_ASKED_TOGETHER, count - first)
            batches.append(self._ask(jobs))
        for batch in batches:
            self._ended(batch)
        return time.perf_counter() - began

    def one_by_one(self, count: int) -> list[float]:
        times = []
        for _ in range(count):
            began = time.perf_counter()
            job = self.client.call("POST", "/api/v1/jobs", {"kind": "care.ping"})["id"]
            _, told = self.client.send("GET", f"/api/v1/jobs/{job}/events", None)
            times.append(time.perf_counter() - began)
            if b"event: done" not in told:
                raise ServerError(f"the job did not end well: {told!r}")
        return times

    def lost(self, count: int) -> Lost:
        ping: dict[str, object] = {"kind": "care.ping", "args": {"seconds": JOB_SECONDS}}
        batch = self._ask([ping] * count)
        span = count * JOB_SECONDS / 2
        for _ in range(KILLS):
            time.sleep(span / (KILLS + 1))
            self._kill()
        states = self._ended(batch)
        return Lost(count, states["done"], 0)

    def _ask(self, jobs: list[dict[str, object]]) -> str:
        name = f"b{time.monotonic_ns()}"
        self.client.call("POST", f"/api/v1/jobs/batches/{name}", {"jobs": jobs})
        return name

    def _kill(self) -> None:
        if self.workers:
            self.workers[0].kill()
            self.workers[0].start()
        else:
            self.server.kill()
            self.server.start()
            self.client.close()

    def _ended(self, batch: str) -> dict[str, int]:
        end = time.monotonic() + 600
        while time.monotonic() < end:
            told = self.client.call("GET", f"/api/v1/jobs/batches/{batch}")
            if told["ended"]:
                states: dict[str, int] = told["states"]
                return states
            time.sleep(0.01)
        raise ServerError("the jobs did not end in time")

    def close(self) -> None:
        for worker in self.workers:
            worker.stop()
        self.client.close()
        self.server.stop()
