"""What happened to jobs: one event for each state that a job came into, and each progress told."""

from collections.abc import Mapping
from typing import Any

import msgspec

from unibos.core.store.job import Job, JobEvent, JobState
from unibos.core.store.transaction import Changed, Transaction, View

_encode = msgspec.json.encode
_decode = msgspec.json.decode


def events(view: View, id_: str, after: int = 0, limit: int = 100) -> list[JobEvent]:
    """What happened to one job of the org after the event ``after``, oldest first."""
    rows = view.connection.execute(
        "SELECT num, job, type, at, data FROM job_events"
        " WHERE org = ? AND job = ? AND num > ? ORDER BY num LIMIT ?",
        (view.org, id_, after, limit),
    )
    return [_event(row) for row in rows]


def all_events(view: View, after: int, limit: int = 500) -> list[JobEvent]:
    """What happened to any job of the org after the event ``after``, oldest first."""
    rows = view.connection.execute(
        "SELECT num, job, type, at, data FROM job_events"
        " WHERE num > ? AND org = ? ORDER BY num LIMIT ?",
        (after, view.org, limit),
    )
    return [_event(row) for row in rows]


def newest_event(view: View) -> int:
    """The number of the instance's newest event; 0 when there is none."""
    (num,) = view.connection.execute("SELECT coalesce(max(num), 0) FROM job_events").fetchone()
    return int(num)


def append(tx: Transaction, job: Job, type_: str, data: Mapping[str, Any]) -> None:
    """Add an event, and have the job's org told of it after the commit."""
    tx.connection.execute(
        "INSERT INTO job_events (org, job, at, type, data) VALUES (?, ?, ?, ?, ?)",
        (job.org, job.id, tx.now(), type_, _encode(data).decode()),
    )
    # Not tx.changed: a claim looks across orgs, and the change is the job's org's.
    tx.changes.append(Changed(job.org, "job", job.id, queued=type_ == JobState.QUEUED))


def _event(row: tuple[Any, ...]) -> JobEvent:
    num, job, type_, at, data = row
    return JobEvent(num, job, type_, at, _decode(data))
