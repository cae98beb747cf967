"""Kill -9 of the server and of its children: no job is lost, none is finished twice."""

import json
import os
import random
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path

import pytest

from tests.core.jobs.processes import gone, sleeping
from unibos.core.store import jobs, query
from unibos.core.store.store import Store

pytestmark = pytest.mark.fault

SERVER = Path(__file__).parents[1] / "core" / "jobs" / "job_server.py"


class Server:
    """A process that does jobs, and what it acknowledged."""

    def __init__(self, folder: Path, *die_at: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, SERVER, folder, *die_at],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            bufsize=1,
        )

    def __enter__(self) -> "Server":
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        with suppress(BrokenPipeError):
            self.process.stdin.close()

    def answer(self) -> str:
        """The next line; empty when the process has died."""
        return self.process.stdout.readline().strip()

    def ask(self, line: str) -> str:
        try:
            self.process.stdin.write(line + "\n")
        except BrokenPipeError:
            return ""
        return self.answer()

    def add(self, **args: object) -> str:
        return self.ask(f"add {json.dumps(args)}")

    def finish(self) -> None:
        """Let it end as it should."""
        self.process.stdin.close()
        assert self.process.wait(30) == 0

    def children(self) -> list[int]:
        pid = self.process.pid
        found: list[int] = []
        for task in Path(f"/proc/{pid}/task").glob("*/children"):
            found += [int(child) for child in task.read_text().split()]
        return found


def outcomes(folder: Path) -> tuple[dict[str, str], list[tuple[str, str]]]:
    """State of each job, and each effect that an end had."""
    store = Store(folder, "node", "origin")
    try:
        org = store.org("home")
        listed = org.read(lambda view: jobs.page(view, limit=1000)).items
        seen = org.read(lambda view: query.page(view, "seen", query.Query(limit=1000))).items
    finally:
        store.close()
    effects = [(record.data["job"], record.data["result"]) for record in seen]
    return {job.id: job.state.value for job in listed}, effects


def ask_for_jobs(server: Server, acknowledged: list[str], count: int) -> None:
    for number in range(count):
        job_id = server.add(**({"do": "slow", "steps": 2} if number % 2 else {"say": number}))
        if not job_id:
            return
        acknowledged.append(job_id)


def finish_everything(folder: Path) -> None:
    with Server(folder) as server:
        assert server.answer() == "ready"
        assert server.ask("wait") == "idle"
        server.finish()


def check(folder: Path, acknowledged: list[str]) -> None:
    states, effects = outcomes(folder)
    assert set(acknowledged) <= set(states)
    assert set(states.values()) == {"done"}
    assert sorted(effects) == sorted((job_id, "done") for job_id in states)


@pytest.mark.parametrize("point", ["writer.item", "writer.before_commit", "writer.after_commit"])
def test_killed_around_any_commit_no_job_is_lost_and_none_done_twice(tmp_path, point):
    """Each life of the server dies a commit or two later in its work than the one before."""
    acknowledged: list[str] = []
    for number in (1, 2, 3, 5, 7, 10):
        with Server(tmp_path, f"{point}:{number}") as server:
            if server.answer() == "ready":
                ask_for_jobs(server, acknowledged, 4)
                server.ask("wait")
            assert server.process.wait(30) == -signal.SIGKILL
    finish_everything(tmp_path)
    check(tmp_path, acknowledged)


def test_killed_at_random_moments_no_job_is_lost_and_none_done_twice(tmp_path):
    chance = random.Random(4)
    acknowledged: list[str] = []
    for _ in range(5):
        with Server(tmp_path) as server:
            assert server.answer() == "ready"
            killer = threading.Timer(chance.uniform(0.0, 0.6), server.process.kill)
            killer.start()
            ask_for_jobs(server, acknowledged, 6)
            server.process.wait(30)
            killer.join()
    finish_everything(tmp_path)
    check(tmp_path, acknowledged)


def test_children_killed_at_random_moments_are_tried_again_and_end_once(tmp_path):
    chance = random.Random(5)
    with Server(tmp_path) as server:
        assert server.answer() == "ready"
        asked = [server.add(do="slow", steps=3) for _ in range(8)]
        ended = threading.Event()

        def kill_children() -> None:
            for _ in range(12):
                ended.wait(chance.uniform(0.02, 0.15))
                for child in server.children():
                    if chance.random() < 0.5:
                        with suppress(ProcessLookupError):
                            os.kill(child, signal.SIGKILL)

        killer = threading.Thread(target=kill_children)
        killer.start()
        killer.join()
        assert server.ask("wait") == "idle"
        server.finish()
    states, effects = outcomes(tmp_path)
    assert set(states) == set(asked)
    result = {"done": "done", "failed": "job_crashed"}
    assert sorted(effects) == sorted((job_id, result[state]) for job_id, state in states.items())


def test_a_killed_server_takes_its_children_with_it(tmp_path):
    """The child asks the kernel for it; so do the programs that the child starts."""
    with Server(tmp_path) as server:
        assert server.answer() == "ready"
        job_id = server.add(do="sleep", pids=str(tmp_path / "pids"))
        ids = sleeping(tmp_path / "pids")
        server.process.kill()
        assert all(gone(pid) for pid in ids)
    states, effects = outcomes(tmp_path)
    assert states == {job_id: "running"}
    assert effects == []


def test_a_server_that_is_told_to_stop_hands_back_and_kills_what_runs(tmp_path):
    with Server(tmp_path) as server:
        assert server.answer() == "ready"
        job_id = server.add(do="sleep", pids=str(tmp_path / "pids"))
        ids = sleeping(tmp_path / "pids")
        server.finish()
        assert all(gone(pid) for pid in ids)
    assert outcomes(tmp_path) == ({job_id: "queued"}, [])
