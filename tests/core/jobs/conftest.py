"""Jobs that really run, in a store that tests can wait for."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.core.jobs import job_kinds
from tests.core.jobs.processes import CHILD
from unibos.core.jobs.jobs import Jobs
from unibos.core.jobs.options import Options
from unibos.core.store import collections, jobs, leases, query
from unibos.core.store.claimant import Claimant
from unibos.core.store.jobs import Job
from unibos.core.store.store import OrgStore, Store

PATIENCE = 30.0
FAR = 2**41


class Place:
    """A store, what runs its jobs, and a way to wait for them without polling."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.store = Store(folder, "node", "origin")
        self.org: OrgStore = self.store.org("home")
        self.org.write(lambda tx: collections.declare(tx, job_kinds.SEEN))
        self._commit = threading.Condition()
        self.store.listen(self._heard)
        self.jobs: Jobs | None = None

    def _heard(self, _changes: object) -> None:
        with self._commit:
            self._commit.notify_all()

    def start(self, *, kinds=job_kinds.KINDS, owner: str = "me", **options: object) -> Jobs:
        chosen = {"folder": self.folder / "work", "command": CHILD, "retry_seconds": 0.01}
        self.jobs = Jobs(self.store, kinds, Options(**(chosen | options)), owner=owner)
        self.jobs.start()
        return self.jobs

    def stop(self, seconds: float = 0) -> None:
        if self.jobs is not None:
            self.jobs.stop(seconds)
            self.jobs = None

    def add(self, kind=job_kinds.HEAVY, **args: object) -> str:
        return self.org.write(lambda tx: jobs.add(tx, kind, args)).id

    def claim(self, kind, owner: str) -> Job:
        """Take a job of a kind, as another instance or an earlier life would."""
        who = Claimant(owner=owner, place="node_only", kinds={kind.name: kind.version})
        (job,) = self.store.write(lambda tx: leases.claim(tx, who, now=FAR, lease_until=FAR), "")
        return job

    def get(self, job_id: str) -> Job:
        return self.org.read(lambda view: jobs.get(view, job_id))

    def until(self, condition: Callable[[], object]) -> None:
        """Wait until a commit makes the condition true."""
        with self._commit:
            assert self._commit.wait_for(condition, PATIENCE), "nothing came of it"

    def until_job(self, job_id: str, condition: Callable[[Job], object]) -> Job:
        self.until(lambda: condition(self.get(job_id)))
        return self.get(job_id)

    def ended(self, job_id: str) -> Job:
        return self.until_job(job_id, lambda job: job.state.final)

    def events(self, job_id: str) -> list[str]:
        told = self.org.read(lambda view: jobs.events(view, job_id))
        return [event.type for event in told]

    def seen(self) -> list[tuple[str, str]]:
        """The effects of ends: job and result, one record each."""
        page = self.org.read(lambda view: query.page(view, "seen", query.Query(limit=1000)))
        return [(record.data["job"], record.data["result"]) for record in page.items]


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    job_kinds.GO.clear()
    made = Place(tmp_path)
    yield made
    job_kinds.GO.set()
    made.stop()
    made.store.close()
