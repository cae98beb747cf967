"""What a worker tells of itself, on its own machine."""

import time
from typing import Any

from msgspec import Struct

from unibos.core.jobs.leasing.messages import WorkerFacts
from unibos.core.jobs.worker.assignment import Assignment


class TaskTold(Struct, frozen=True, kw_only=True):
    """A job that it has in its hands.

    :param phase: ``fetching``, ``working``, ``sending``, ``reporting``.
    :param seconds: since it was taken.
    """

    job: str
    org: str
    kind: str
    queue: str
    attempt: int
    phase: str
    progress: float | None
    doing: str
    seconds: float


class WorkerTold(Struct, frozen=True, kw_only=True):
    """How it is.

    :param state: ``starting``, ``working`` (that is: it takes jobs), ``away`` (the source does not
        answer), ``stopping``.
    :param trouble: why the source does not answer, as ``{"code", "detail"}``.
    :param ended: attempts since it started, by outcome: ``done``, ``failed``, ``back``, ``lost``.
    """

    state: str
    source: str
    source_name: str
    trouble: dict[str, Any] | None
    facts: WorkerFacts
    heavy: int
    light: int
    tasks: list[TaskTold]
    ended: dict[str, int]


def task_told(assignment: Assignment) -> TaskTold:
    """A job in hand, as it is told."""
    lease, progress = assignment.lease, assignment.progress
    return TaskTold(
        job=lease.job,
        org=lease.org,
        kind=lease.kind,
        queue=lease.queue,
        attempt=lease.attempt,
        phase=assignment.phase,
        progress=progress.value if progress else None,
        doing=progress.phase if progress else "",
        seconds=round(time.monotonic() - assignment.begun, 1),
    )
