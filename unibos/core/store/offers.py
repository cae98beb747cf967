"""A node's jobs that its hub's workers might do: which there are, and taking one for them.

Like the verbs in ``leases``, but for a claimant that asks its hub first: it looks, asks, and then
takes exactly the job that it asked for, if that still waits.
"""

from collections.abc import Collection

import msgspec

from unibos.core.store.job import COLUMNS, Job, from_row
from unibos.core.store.jobs import append
from unibos.core.store.transaction import Transaction, View

_encode = msgspec.json.encode


def due(view: View, now: int, *, but: Collection[str] = (), limit: int = 500) -> list[Job]:
    """Jobs of the org that wait, are due and may leave the node by their locality; those that wait
    longest first.

    :param but: kinds to leave out.
    """
    rows = view.connection.execute(
        f"SELECT {COLUMNS} FROM jobs WHERE org = ? AND state = 'queued'"  # noqa: S608 - constants
        " AND locality IN ('hub', 'any') AND run_at <= ? AND here_until <= ?"
        " AND kind NOT IN (SELECT value FROM json_each(?))"
        " ORDER BY run_at, id LIMIT ?",
        (view.org, now, now, _encode(list(but)).decode(), limit),
    )
    return [from_row(row) for row in rows]


def next_due(view: View, now: int) -> int | None:
    """When the next job that may leave the node is due later than now; None: there is none."""
    row = view.connection.execute(
        "SELECT min(max(run_at, here_until)) FROM jobs WHERE org = ? AND state = 'queued'"
        " AND locality IN ('hub', 'any') AND (run_at > ? OR here_until > ?)",
        (view.org, now, now),
    ).fetchone()
    return None if row[0] is None else int(row[0])


def take(tx: Transaction, job: Job, owner: str, lease_until: int) -> Job | None:
    """Have a job that was looked at; None when it is another's, or has changed, by now.

    :param owner: who answers for it until ``lease_until``.
    """
    row = tx.connection.execute(
        "UPDATE jobs SET state = 'running', attempt = attempt + 1, owner = ?, lease_until = ?,"  # noqa: S608 - a constant
        " progress = NULL WHERE org = ? AND id = ? AND attempt = ? AND state = 'queued'"
        f" RETURNING {COLUMNS}",
        (owner, lease_until, tx.org, job.id, job.attempt),
    ).fetchone()
    if row is None:
        return None
    taken = from_row(row)
    append(tx, taken, taken.state, {"attempt": taken.attempt})
    return taken
