"""The verbs of those who run jobs: claim one, renew the lease, tell of it, end it.

A claim raises the job's ``attempt``, and every later verb names that attempt: it is the fence, so
whoever lost a job (cancelled, lease over, taken back) is refused with ``job_lost`` and can change
nothing. Verbs about one job run in its org. Those that look across orgs say so; they are for the
instance itself (org ``""``). Times are in milliseconds since 1970.
"""

from collections.abc import Collection
from typing import Any

import msgspec

from unibos.base.clock import hlc_ms, iso
from unibos.base.errors import Conflict, Invalid
from unibos.core.store import chains
from unibos.core.store.claims import claim, next_due, prune_lines
from unibos.core.store.counters import Counters
from unibos.core.store.drafts import check_depth
from unibos.core.store.job import COLUMNS, Job, JobError, JobState, Progress, from_row
from unibos.core.store.job_events import append
from unibos.core.store.transaction import Transaction, View

__all__ = [
    "INTERRUPTIONS",
    "claim",
    "fail",
    "finish",
    "finished_before",
    "hand_back",
    "hold",
    "interrupt",
    "lost",
    "newest_time",
    "next_due",
    "progress",
    "prune",
    "renew",
    "running",
    "states",
]

INTERRUPTIONS = 10
"""How often the server may end during a job without that being held against the job.

A power cut is not the job's fault, but a job that brings the machine down must not do so forever.
"""

_LONGEST_PHASE = 200

_FINISH = """
UPDATE jobs SET state = 'done', owner = NULL, lease_until = NULL, progress = NULL, error = NULL,
    result = ?, finished_at = ?
WHERE org = ? AND id = ? AND attempt = ? AND state = 'running'
"""

_encode = msgspec.json.encode


def hold(view: View, job: Job) -> None:
    """Make sure that the attempt still has the job.

    :raises Conflict: ``job_lost``.
    """
    row = view.connection.execute(
        "SELECT 1 FROM jobs WHERE org = ? AND id = ? AND attempt = ? AND state = 'running'",
        (view.org, job.id, job.attempt),
    ).fetchone()
    if row is None:
        raise _lost(job)


def renew(tx: Transaction, job: Job, lease_until: int) -> None:
    """Go on having the job.

    :raises Conflict: ``job_lost``.
    """
    _update(tx, job, "lease_until = ?", lease_until)


def progress(tx: Transaction, job: Job, told: Progress) -> None:
    """Tell how far it has got; each call is a write, so call it every few seconds at most.

    :raises Conflict: ``job_lost``.
    """
    told = _bounded(told)
    _update(tx, job, "progress = ?", _encode(told).decode())
    append(tx, job, "progress", {"value": told.value, "phase": told.phase})


def finish(tx: Transaction, job: Job, result: Any = None) -> None:
    """End the job as done, together with whatever else the transaction changes.

    :param result: a JSON value, kept with the job.
    :raises Conflict: ``job_lost``; then the transaction must not be kept.
    :raises Invalid: ``job_result_invalid``: nested so deeply that whoever reads it fails.
    """
    _require_shallow(result)
    ended = tx.connection.execute(
        _FINISH, (_encode(result).decode(), tx.now(), tx.org, job.id, job.attempt)
    )
    if not ended.rowcount:
        raise _lost(job)
    append(tx, job, JobState.DONE, {})
    chains.release(tx, job)


def fail(tx: Transaction, job: Job, error: JobError, retry_at: int | None) -> Job:
    """End the attempt as failed: the job is queued again, or ``failed`` for good, and with it all
    that need it.

    :param retry_at: when to try again, if attempts are left; None when that makes no sense.
    :raises Conflict: ``job_lost``.
    """
    if retry_at is not None and job.attempt < job.max_attempts:
        return _queue(tx, job, error, retry_at)
    failed = _update(
        tx,
        job,
        "state = 'failed', owner = NULL, lease_until = NULL, error = ?, finished_at = ?",
        _encode(error).decode(),
        tx.now(),
    )
    append(tx, failed, failed.state, {"error": error})
    chains.cut(tx, failed)
    return failed


def hand_back(tx: Transaction, job: Job, run_at: int | None = None, *, here_until: int = 0) -> Job:
    """Put the job back for no fault of its own; the attempt does not count.

    :param run_at: when it is due; None keeps its place.
    :param here_until: until then only workers near this instance may have it, none of the hub.
    :raises Conflict: ``job_lost``.
    """
    _update(tx, job, "max_attempts = max_attempts + 1, here_until = ?", here_until)
    return _queue(tx, job, job.error, job.run_at if run_at is None else run_at)


def interrupt(tx: Transaction, job: Job, error: JobError, retry_at: int) -> Job:
    """Take the job from a runner that is gone.

    The attempt counts only when this happened to the job more than :data:`INTERRUPTIONS` times.

    :raises Conflict: ``job_lost``.
    """
    spared = int(job.interruptions < INTERRUPTIONS)
    job = _update(
        tx,
        job,
        "interruptions = interruptions + 1, max_attempts = max_attempts + ?",
        spared,
    )
    return fail(tx, job, error, retry_at)


def running(view: View, owner: str | None = None, *, overdue: int | None = None) -> list[Job]:
    """Running jobs of any org.

    :param owner: only this one's.
    :param overdue: only those whose lease is over at this time.
    """
    where = ["state = 'running'"]
    values: list[str | int] = []
    if owner is not None:
        where.append("owner = ?")
        values.append(owner)
    if overdue is not None:
        where.append("lease_until <= ?")
        values.append(overdue)
    rows = view.connection.execute(
        f"SELECT {COLUMNS} FROM jobs INDEXED BY jobs_running"  # noqa: S608 - built here from constants; all values are bound
        f" WHERE {' AND '.join(where)} ORDER BY org, id",
        values,
    )
    return [from_row(row) for row in rows]


def lost(view: View, jobs: Collection[Job]) -> list[Job]:
    """Those of these jobs, of any org, whose attempt has them no more."""
    found = set(
        view.connection.execute(
            "SELECT org, id, attempt FROM jobs INDEXED BY jobs_running WHERE state = 'running'"
        ).fetchall()
    )
    return [job for job in jobs if (job.org, job.id, job.attempt) not in found]


def states(view: View) -> dict[str, int]:
    """How many jobs, of all orgs, are in each state."""
    rows = view.connection.execute("SELECT state, count(*) FROM jobs GROUP BY state")
    return {state.value: 0 for state in JobState} | dict(rows)


def newest_time(view: View) -> int:
    """The time of the database's newest change; the wall clock may be behind it."""
    return hlc_ms(Counters(view.connection).hlc)


def finished_before(view: View, before: int) -> bool:
    """Whether :func:`prune` would remove anything."""
    return bool(_old(view, before, 1))


def prune(tx: Transaction, before: int, limit: int = 200) -> int:
    """Remove jobs of any org that ended before a time, with their events; the count of them.

    Those whose results are still needed stay.
    """
    gone = _old(tx, before, limit)
    tx.connection.executemany("DELETE FROM job_events WHERE org = ? AND job = ?", gone)
    tx.connection.executemany("DELETE FROM job_needs WHERE org = ? AND job = ?", gone)
    tx.connection.executemany("DELETE FROM jobs WHERE org = ? AND id = ?", gone)
    if len(gone) < limit:
        prune_lines(tx)
    return len(gone)


def _old(view: View, before: int, limit: int) -> list[tuple[str, str]]:
    return view.connection.execute(
        "SELECT org, id FROM jobs WHERE finished_at < ? AND NOT EXISTS ("
        " SELECT 1 FROM job_needs JOIN jobs AS open"
        "  ON open.org = job_needs.org AND open.id = job_needs.job"
        " WHERE job_needs.org = jobs.org AND job_needs.needs = jobs.id"
        "  AND open.finished_at IS NULL"
        ") LIMIT ?",
        (before, limit),
    ).fetchall()


def _queue(tx: Transaction, job: Job, error: JobError | None, run_at: int) -> Job:
    queued = _update(
        tx,
        job,
        "state = 'queued', owner = NULL, lease_until = NULL, progress = NULL, error = ?,"
        " run_at = ?",
        None if error is None else _encode(error).decode(),
        run_at,
    )
    told: dict[str, Any] = {"run_at": iso(run_at)}
    append(tx, queued, queued.state, told if error is None else told | {"error": error})
    return queued


def _update(tx: Transaction, job: Job, changes: str, *values: Any) -> Job:
    """Change the row if the attempt still has the job."""
    row = tx.connection.execute(
        f"UPDATE jobs SET {changes}"  # noqa: S608 - constants; all values are bound
        " WHERE org = ? AND id = ? AND attempt = ? AND state = 'running'"
        f" RETURNING {COLUMNS}",
        (*values, tx.org, job.id, job.attempt),
    ).fetchone()
    if row is None:
        raise _lost(job)
    return from_row(row)


def _bounded(told: Progress) -> Progress:
    """Workers tell it, and it is shown to people again and again."""
    value = None if told.value is None else min(max(told.value, 0.0), 1.0)
    return Progress(value, told.phase[:_LONGEST_PHASE])


def _require_shallow(result: Any) -> None:
    if not isinstance(result, dict | list):
        return
    try:
        check_depth([result])
    except Invalid as error:
        raise Invalid("job_result_invalid", f"A result is no result: {error.detail}") from None


def _lost(job: Job) -> Conflict:
    return Conflict("job_lost", f"Attempt {job.attempt} does not have the job {job.id} any more.")
