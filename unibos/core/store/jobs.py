"""The verbs of those who ask for jobs.

A job is made in the same transaction as the record change that asks for it. Whoever runs jobs
uses the verbs in ``leases``. Every change of state, and every progress told, appends an event.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from unibos.base.clock import iso
from unibos.base.errors import Conflict, NotFound
from unibos.base.ids import new_id
from unibos.core.store.job import (
    COLUMNS,
    Job,
    JobError,
    JobEvent,
    JobPage,
    JobSpec,
    JobState,
    Locality,
    Progress,
    from_row,
)
from unibos.core.store.paging import behind, page_of
from unibos.core.store.transaction import Changed, Transaction, View

__all__ = [
    "Job",
    "JobError",
    "JobEvent",
    "JobPage",
    "JobSpec",
    "JobState",
    "Locality",
    "Progress",
    "add",
    "all_events",
    "append",
    "cancel",
    "events",
    "get",
    "newest_event",
    "page",
]

_encode = msgspec.json.encode
_decode = msgspec.json.decode


def add(
    tx: Transaction, kind: JobSpec, args: Mapping[str, Any], *, run_at: int | None = None
) -> Job:
    """Make a job; it runs once the transaction is committed.

    :param args: JSON values for the kind's functions; never a secret.
    :param run_at: not before this time, in milliseconds since 1970; None for at once.
    """
    clock = tx.stamp()
    now = tx.now()
    row = tx.connection.execute(
        "INSERT INTO jobs (org, id, kind, queue, priority, state, args, requires, locality,"  # noqa: S608 - a constant
        " max_attempts, run_at, created_at) VALUES (?, ?, ?, ?, ?, 'queued', ?, ?, ?, ?, ?, ?)"
        f" RETURNING {COLUMNS}",
        (
            tx.org,
            new_id(clock[0]),
            kind.name,
            kind.queue,
            kind.priority,
            _encode(args).decode(),
            _encode(kind.requires).decode(),
            kind.locality,
            kind.max_attempts,
            now if run_at is None else run_at,
            now,
        ),
    ).fetchone()
    job = from_row(row)
    append(tx, job, job.state, {"run_at": iso(job.run_at)})
    return job


def get(view: View, id_: str) -> Job:
    """One job of the org.

    :raises NotFound: ``job_not_found``.
    """
    row = view.connection.execute(
        f"SELECT {COLUMNS} FROM jobs WHERE org = ? AND id = ?",  # noqa: S608 - a constant
        (view.org, id_),
    ).fetchone()
    if row is None:
        raise NotFound("job_not_found", f"There is no job {id_[:64]!r}.")
    return from_row(row)


def page(
    view: View,
    *,
    state: JobState | None = None,
    kind: str | None = None,
    limit: int = 50,
    cursor: str | None = None,
) -> JobPage:
    """One page of the org's jobs, newest first.

    :param cursor: the ``next`` of the page before.
    :raises Invalid: ``cursor_invalid``.
    """
    where, values = ["org = ?"], [view.org]
    if state is not None:
        where.append("state = ?")
        values.append(state)
    if kind is not None:
        where.append("kind = ?")
        values.append(kind)
    if cursor is not None:
        where.append("id < ?")
        values.append(behind(cursor))
    rows = view.connection.execute(
        f"SELECT {COLUMNS} FROM jobs WHERE {' AND '.join(where)}"  # noqa: S608 - built here from constants; all values are bound
        " ORDER BY id DESC LIMIT ?",
        [*values, limit + 1],
    ).fetchall()
    return JobPage(*page_of([from_row(row) for row in rows], limit))


def cancel(tx: Transaction, id_: str) -> Job:
    """Make a job end as ``cancelled``, now; who runs it is refused from here on.

    Doors use ``Jobs.cancel``, which also tells the kind.

    :raises NotFound: ``job_not_found``.
    :raises Conflict: ``job_finished``.
    """
    job = get(tx, id_)
    if job.state.final:
        raise Conflict("job_finished", f"The job is {job.state} already.")
    row = tx.connection.execute(
        "UPDATE jobs SET state = 'cancelled', owner = NULL, lease_until = NULL, finished_at = ?"  # noqa: S608 - a constant
        f" WHERE org = ? AND id = ? RETURNING {COLUMNS}",
        (tx.now(), tx.org, id_),
    ).fetchone()
    job = from_row(row)
    append(tx, job, job.state, {})
    return job


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
    tx.changes.append(Changed(job.org, "job", job.id))


def _event(row: tuple[Any, ...]) -> JobEvent:
    num, job, type_, at, data = row
    return JobEvent(num, job, type_, at, _decode(data))
