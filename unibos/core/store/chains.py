"""Chains: jobs that need the results of others.

A job is *waiting* while one that it needs is not done. The last one that is done queues it; one
that fails or is cancelled ends it too, and with it all that need it in turn. What needs an
unfinished job has never run, so nobody has to be stopped.
"""

from collections.abc import Sequence

import msgspec

from unibos.base.clock import iso
from unibos.base.errors import Conflict, NotFound
from unibos.core.store.job import COLUMNS, Job, JobError, JobState, Locality, from_row
from unibos.core.store.job_events import append
from unibos.core.store.transaction import Transaction, View

_encode = msgspec.json.encode

_FOLLOWING = """
WITH RECURSIVE following(id) AS (
    SELECT job FROM job_needs WHERE org = :org AND needs = :id
    UNION
    SELECT job_needs.job FROM following JOIN job_needs ON org = :org AND needs = following.id
)
SELECT id FROM jobs WHERE org = :org AND id IN (SELECT id FROM following) AND state = 'waiting'
ORDER BY id
"""

_QUEUE = f"""
UPDATE jobs SET state = 'queued', run_at = max(run_at, :now),
    prefer_until = CASE prefer WHEN '' THEN 0 ELSE prefer_until + max(run_at, :now) - run_at END
WHERE org = :org AND id = :id
RETURNING {COLUMNS}
"""  # noqa: S608 - a constant


def localities(view: View, needs: Sequence[str]) -> list[Locality]:
    """How far each of these jobs of the org may go, and so what it finds out."""
    if not needs:
        return []
    rows = view.connection.execute(
        "SELECT locality FROM jobs WHERE org = ? AND id IN (SELECT value FROM json_each(?))",
        (view.org, _encode(needs).decode()),
    )
    return [locality for (locality,) in rows]


def needed(view: View, job: Job) -> list[Job]:
    """All jobs whose results the job may know: those that it needs, those that they need, and so
    on, as far as they are not forgotten."""
    found: dict[str, Job] = {}
    open_ids = list(job.needs)
    while open_ids:
        rows = view.connection.execute(
            f"SELECT {COLUMNS} FROM jobs WHERE org = ?"  # noqa: S608 - a constant
            " AND id IN (SELECT value FROM json_each(?))",
            (view.org, _encode(open_ids).decode()),
        )
        fresh = [each for each in map(from_row, rows) if each.id not in found]
        found |= {each.id: each for each in fresh}
        open_ids = [id_ for each in fresh for id_ in each.needs if id_ not in found]
    return list(found.values())


def open_needs(view: View, needs: Sequence[str]) -> int:
    """How many of these jobs of the org are not done yet.

    :raises NotFound: ``job_not_found``.
    :raises Conflict: ``job_need_failed``.
    """
    if not needs:
        return 0
    states = dict(
        view.connection.execute(
            "SELECT id, state FROM jobs WHERE org = ? AND id IN (SELECT value FROM json_each(?))",
            (view.org, _encode(needs).decode()),
        ).fetchall()
    )
    for id_ in needs:
        if id_ not in states:
            raise NotFound("job_not_found", f"There is no job {id_[:64]!r}, which it would need.")
        if states[id_] in (JobState.FAILED, JobState.CANCELLED):
            raise Conflict(
                "job_need_failed", f"The job {id_}, which it needs, {_ended(states[id_])}."
            )
    return sum(state != JobState.DONE for state in states.values())


def keep(tx: Transaction, job: Job) -> None:
    """Have a new job told of the ends of those that it needs."""
    if job.needs:
        tx.connection.executemany(
            "INSERT INTO job_needs (org, job, needs) VALUES (?, ?, ?)",
            [(job.org, job.id, needed) for needed in job.needs],
        )


def following(view: View, id_: str) -> list[str]:
    """The jobs of the org that cannot run unless this one is done, directly or not."""
    rows = view.connection.execute(_FOLLOWING, {"org": view.org, "id": id_})
    return [row[0] for row in rows]


def release(tx: Transaction, done: Job) -> None:
    """Queue the jobs for which this was the last that they needed."""
    rows = tx.connection.execute(
        "UPDATE jobs SET open_needs = open_needs - 1 WHERE org = ? AND state = 'waiting'"
        " AND id IN (SELECT job FROM job_needs WHERE org = ? AND needs = ?)"
        " RETURNING id, open_needs",
        (done.org, done.org, done.id),
    ).fetchall()
    for id_, left in rows:
        if not left:
            values = {"org": done.org, "id": id_, "now": tx.now()}
            job = from_row(tx.connection.execute(_QUEUE, values).fetchone())
            append(tx, job, job.state, {"run_at": iso(job.run_at)})


def cut(tx: Transaction, failed: Job) -> None:
    """Have all fail that needed a job that failed."""
    error = JobError("job_need_failed", f"The job {failed.id}, which it needed, failed.")
    for id_ in following(tx, failed.id):
        row = tx.connection.execute(
            "UPDATE jobs SET state = 'failed', error = ?, finished_at = ?"  # noqa: S608 - a constant
            f" WHERE org = ? AND id = ? RETURNING {COLUMNS}",
            (_encode(error).decode(), tx.now(), failed.org, id_),
        ).fetchone()
        job = from_row(row)
        append(tx, job, job.state, {"error": error})


def _ended(state: str) -> str:
    return "failed" if state == JobState.FAILED else "was cancelled"
