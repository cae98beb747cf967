"""A worker process, and the documents that keep it busy."""

import json
import time
from pathlib import Path

from tests.e2e.server import PATIENCE, Server, run

SCANS = "documents/*.pdf", "receipts/*.jpg"


class WorkerServer(Server):
    """``unibos serve --role worker`` on a data folder of its own."""

    def __init__(self, data: Path, *options: str, **environ: str) -> None:
        super().__init__(data, *options, roles=("worker",), **environ)

    def __enter__(self):
        self.logged('"worker is ready"')
        return self

    def asked(self, *words: str) -> dict:
        """What a command of the CLI says."""
        done = run(self.data, "worker", *words, "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def until(self, condition) -> dict:
        """Wait for a state of it."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            told = self.asked("status")
            if condition(told):
                return told
            time.sleep(0.05)
        raise AssertionError((told, self.lines))


def join_token(client, **wanted) -> str:
    answer = client.post("/api/v1/tokens", json={"role": "worker", **wanted})
    assert answer.status_code == 201, answer.text
    return answer.json()["token"]


def add(client, path: Path) -> tuple[str, str]:
    """The ids of a new document and of the job that reads it."""
    answer = client.post("/api/v1/documents", files={"file": (path.name, path.read_bytes())})
    assert answer.status_code == 201, answer.text
    return answer.json()["id"], answer.json()["job"]


def until_job(client, job: str, *states: str) -> dict:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        found = client.get(f"/api/v1/jobs/{job}").json()
        if found["state"] in states:
            return found
        time.sleep(0.05)
    raise AssertionError(found)


def children(pid: int) -> list[int]:
    found = []
    for tasks in Path(f"/proc/{pid}/task").iterdir():
        found += (tasks / "children").read_text().split()
    return [int(one) for one in found]
