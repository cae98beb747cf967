"""The verbs of those who ask for jobs.

A job is made in the same transaction as the record change that asks for it. Whoever runs jobs
uses the verbs in ``leases``. Every change of state, and every progress told, appends an event.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from unibos.base.clock import iso
from unibos.base.errors import Conflict, NotFound
from unibos.base.ids import new_id
from unibos.core.store import chains, claims
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
    ceiling,
    from_row,
    nearest,
    to_row,
)
from unibos.core.store.job_events import all_events, append, events, newest_event
from unibos.core.store.paging import behind, page_of
from unibos.core.store.transaction import Transaction, View

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
    "portable_args",
    "results",
]

_encode = msgspec.json.encode

_MIB = 1024 * 1024
LISTED_RESULT = 16 * 1024
"""Characters of JSON: a page of jobs leaves longer results out."""
_LISTED = COLUMNS.replace(
    " result,", f" CASE WHEN length(result) <= {LISTED_RESULT} THEN result END,"
)

_ADD = f"""
INSERT INTO jobs ({COLUMNS}, line) VALUES ({"?, " * len(Job.__struct_fields__)}?)
"""  # noqa: S608 - a constant


def add(
    tx: Transaction,
    kind: JobSpec,
    args: Mapping[str, Any],
    *,
    run_at: int | None = None,
    size: int = 0,
    needs: Sequence[str] = (),
    batch: str | None = None,
    id_: str | None = None,
) -> Job:
    """Make a job; it runs once the transaction is committed and what it needs is done.

    The instance's rules for the kind hold.

    :param args: JSON values for the kind's functions; never a secret.
    :param run_at: not before this time, in milliseconds since 1970; None for at once.
    :param size: of the input, in bytes.
    :param needs: ids of jobs of the org whose results it needs (:func:`results`). When one of them
        fails or is cancelled, so does this one; and it goes no further than each of them may.
    :param batch: any name that jobs have in common whose progress is looked at as a whole.
    :param id_: None for a new one.
    :raises NotFound: ``job_not_found``: it needs a job that there is not.
    :raises Conflict: ``job_need_failed``: it needs a job that failed or was cancelled.
    """
    kind = tx.ruled(kind)
    now = tx.now()
    at = now if run_at is None else run_at
    needed = tuple(dict.fromkeys(needs))
    open_needs = chains.open_needs(tx, needed)
    job = Job(
        org=tx.org,
        id=id_ or new_id(tx.stamp()[0]),
        state=JobState.WAITING if open_needs else JobState.QUEUED,
        args=dict(args),
        run_at=at,
        created_at=now,
        locality=nearest(_locality(kind, size), *chains.localities(tx, needed)),
        prefer_until=at + int(kind.fallback_seconds * 1000) if kind.prefer else 0,
        size=size,
        batch=batch,
        needs=needed,
        open_needs=open_needs,
        **_of_kind(kind),
    )
    line = claims.line(tx, kind, job.locality, job.memory_mb, size)
    tx.connection.execute(_ADD, (*to_row(job), line))
    chains.keep(tx, job)
    append(tx, job, job.state, {"run_at": iso(job.run_at)})
    return job


def _of_kind(kind: JobSpec) -> dict[str, Any]:
    """What a new job has from its kind, and what it has not yet."""
    return {
        "kind": kind.name,
        "queue": kind.queue,
        "priority": kind.priority,
        "attempt": 0,
        "max_attempts": kind.max_attempts,
        "interruptions": 0,
        "lease_until": None,
        "owner": None,
        "progress": None,
        "result": None,
        "error": None,
        "finished_at": None,
        "version": kind.version,
        "requires": tuple(sorted(kind.requires)),
        "prefer": kind.prefer,
        "here_until": 0,
        "memory_mb": kind.memory_mb or 0,
        "collection": kind.collection,
    }


def results(view: View, job: Job) -> dict[str, Any]:
    """What came of the jobs that this one needs, by their ids."""
    return {id_: get(view, id_).result for id_ in job.needs}


def portable_args(view: View, job: Job) -> dict[str, Any]:
    """What the work of a portable kind gets: the job's arguments and, where it needed other jobs,
    their :func:`results` as ``needs``."""
    return job.args | {"needs": results(view, job)} if job.needs else job.args


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
    batch: str | None = None,
    limit: int = 50,
    cursor: str | None = None,
) -> JobPage:
    """One page of the org's jobs, newest first; a result of more than :data:`LISTED_RESULT` is None
    here, for a page of those would not fit into memory.

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
    if batch is not None:
        where.append("batch = ?")
        values.append(batch)
    if cursor is not None:
        where.append("id < ?")
        values.append(behind(cursor))
    rows = view.connection.execute(
        f"SELECT {_LISTED} FROM jobs WHERE {' AND '.join(where)}"  # noqa: S608 - built here from constants; all values are bound
        " ORDER BY id DESC LIMIT ?",
        [*values, limit + 1],
    ).fetchall()
    return JobPage(*page_of([from_row(row) for row in rows], limit))


def cancel(tx: Transaction, id_: str) -> Job:
    """Make a job end as ``cancelled``, now, and all that need it; who runs it is refused from here
    on.

    Doors use ``Jobs.cancel``, which also tells the kinds.

    :raises NotFound: ``job_not_found``.
    :raises Conflict: ``job_finished``.
    """
    job = get(tx, id_)
    if job.state.final:
        raise Conflict("job_finished", f"The job is {job.state} already.")
    ended = [_cancelled(tx, each) for each in (id_, *chains.following(tx, id_))]
    return ended[0]


def _cancelled(tx: Transaction, id_: str) -> Job:
    row = tx.connection.execute(
        "UPDATE jobs SET state = 'cancelled', owner = NULL, lease_until = NULL, finished_at = ?"  # noqa: S608 - a constant
        f" WHERE org = ? AND id = ? RETURNING {COLUMNS}",
        (tx.now(), tx.org, id_),
    ).fetchone()
    job = from_row(row)
    append(tx, job, job.state, {})
    return job


def _locality(kind: JobSpec, size: int) -> Locality:
    if kind.max_size_mb is not None and size > kind.max_size_mb * _MIB:
        return "node_only"
    return nearest(kind.locality, ceiling(kind.name))
