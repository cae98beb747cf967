"""An attempt that a worker has, as its source remembers it."""

import asyncio
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from unibos.base.errors import Error
from unibos.core.jobs.child import unexpected
from unibos.core.jobs.kind import HeavyKind, JobKind, Task
from unibos.core.jobs.leasing.messages import Input, Lease
from unibos.core.jobs.leasing.outputs import Outputs
from unibos.core.store import blobs, jobs
from unibos.core.store.job import Job, Progress
from unibos.core.store.store import OrgStore

T = TypeVar("T")
Key = tuple[str, str, int]
"""Org, job and attempt."""

PORTABLE_SECONDS = 600.0
_READ = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Given:
    """The bytes that a job works on."""

    path: Path
    sha256: str
    size: int


@dataclass(slots=True)
class Held:
    """An attempt that a worker has.

    :param outputs: the files that heavy work makes; other work makes none.
    :param task: what the work gets; None: it is to be prepared once more, after a restart.
    :param given: the task's input.
    :param since: the monotonic time from which it is remembered here.
    :param renewed: that of the lease's last renewal, and ``told`` that of the last progress that
        was written.
    :param ending: held by whoever brings the attempt to its end.
    :param landing: its end is being written, together with others.
    """

    job: Job
    owner: str
    kind: JobKind
    since: float
    renewed: float
    outputs: Outputs | None = None
    task: Task | None = None
    given: Given | None = None
    told: float = 0.0
    progress: Progress | None = None
    ending: asyncio.Lock = field(default_factory=asyncio.Lock)
    landing: bool = False

    @property
    def key(self) -> Key:
        """Names it."""
        return self.job.org, self.job.id, self.job.attempt

    @property
    def timeout_seconds(self) -> float:
        """The longest time of the work."""
        kind = self.kind
        return kind.timeout_seconds if isinstance(kind, HeavyKind) else PORTABLE_SECONDS


def prepare(held: Held, store: OrgStore) -> None:
    """Find out what the work gets; for threads.

    :raises Error: the kind's own, or ``job_error``.
    """
    if not isinstance(held.kind, HeavyKind):
        job = held.job
        # Most need nothing, and are spared the look.
        args = store.read(lambda view: jobs.portable_args(view, job)) if job.needs else job.args
        held.task = Task(args)
        return
    task = _safely(held.kind.prepare, store, held.job)
    if task.input is not None:
        held.given = _given(task.input)
    held.task = task


def collect(held: Held, store: OrgStore, result: object) -> object:
    """Take in what the work made; for threads.

    :raises Error: the kind's own, or ``job_error``.
    """
    assert isinstance(held.kind, HeavyKind)  # noqa: S101 - only those have something to collect
    assert held.outputs is not None  # noqa: S101 - as above
    held.outputs.make()
    return _safely(held.kind.collect, store, result, held.outputs.folder)


def lease_of(held: Held, lease_seconds: float) -> Lease:
    """What the worker is told."""
    job, kind, given = held.job, held.kind, held.given
    return Lease(
        org=job.org,
        job=job.id,
        attempt=job.attempt,
        kind=job.kind,
        queue=job.queue,
        priority=job.priority,
        args=held.task.args if held.task is not None else {},
        input=None if given is None else Input(given.sha256, given.size),
        lease_seconds=lease_seconds,
        timeout_seconds=held.timeout_seconds,
        memory_mb=kind.memory_mb,
    )


def _safely(work: Callable[..., T], *args: object) -> T:
    try:
        return work(*args)
    except Error:
        raise
    except Exception as error:
        raise unexpected(error) from error


def _given(path: Path) -> Given:
    """A file with its hash; a blob's is its name."""
    size = path.stat().st_size
    if blobs.is_name(path.name):
        return Given(path, path.name, size)
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_READ):
            digest.update(chunk)
    return Given(path, digest.hexdigest(), size)
