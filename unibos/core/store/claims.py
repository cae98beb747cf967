"""Claims: which waiting job comes to whom.

What a claimant must fulfil to get a job is the same for many jobs: their kind, queue, priority,
version, locality, capabilities, memory and roughly their size. Each such set of facts is a *line*
(table ``job_lines``, some dozens of rows), and jobs wait in it by org and time. So a claim looks at
the lines, then at the first jobs of each org in those that fit, and never at the jobs behind them
or in other lines.

Within an org, the realtime queue comes first, then the higher priority, then who waits longest.
Orgs take turns: the one that was served longest ago comes first, where each running job of an org
counts as if it had been served one round later, but only up to :data:`HANDICAP` rounds, and
realtime jobs as if it had been so :data:`LEAD` rounds earlier. All that counts is bounded except
for the time without a turn, so every org gets its turn, however much the others ask for.
"""

from collections.abc import Collection
from typing import Any

import msgspec

from unibos.core.store.claimant import Claimant
from unibos.core.store.job import COLUMNS, REALTIME, Job, JobSpec, Locality, from_row
from unibos.core.store.job_events import append
from unibos.core.store.transaction import Transaction, View

HANDICAP = 8
"""Rounds that an org is put back at most for the jobs that it has running."""
LEAD = 4
"""Rounds that a realtime job is put forward."""

_MIB = 1024 * 1024
_NO_LIMIT = 2**62

_encode = msgspec.json.encode

_LINES = """
line(id, queue, priority, lacking) AS MATERIALIZED (
    SELECT id, queue, priority,
        prefer <> '' AND prefer NOT IN (SELECT value FROM json_each(:capabilities))
    FROM job_lines
    WHERE EXISTS (
            SELECT 1 FROM json_each(:kinds) AS known
            WHERE known.key = job_lines.kind AND known.value >= version
        )
        AND locality IN (SELECT value FROM json_each(:localities))
        AND (:queues IS NULL OR queue IN (SELECT value FROM json_each(:queues)))
        AND memory_mb <= :memory_mb AND size_from <= :max_size
        AND NOT EXISTS (
            SELECT 1 FROM json_each(requires)
            WHERE value NOT IN (SELECT value FROM json_each(:capabilities))
        )
)"""

_OF_ONE_ORG = """,
head(line, org, queue, priority, lacking) AS (
    SELECT id, :org, queue, priority, lacking FROM line
)"""

_OF_ALL_ORGS = """,
head(line, org, queue, priority, lacking) AS (
    SELECT id, (SELECT min(org) FROM jobs WHERE state = 'queued' AND line = line.id),
        queue, priority, lacking
    FROM line
    UNION ALL
    SELECT line,
        (
            SELECT min(org) FROM jobs
            WHERE state = 'queued' AND line = head.line AND org > head.org
        ),
        queue, priority, lacking
    FROM head WHERE org IS NOT NULL
)"""

_MAY_COME = """
    FROM jobs AS job INDEXED BY jobs_waiting
    WHERE state = 'queued' AND line = head.line AND org = head.org AND size <= :max_size"""

_NOW = """
        AND run_at <= :now AND (NOT :far OR here_until <= :now)
        AND (NOT head.lacking OR prefer_until <= :now)"""

_PICK = f""",
due(org, id, urgent, priority, run_at) AS MATERIALIZED (
    SELECT job.org, job.id, head.queue = '{REALTIME}', head.priority, job.run_at
    FROM head JOIN jobs AS job ON job.org = head.org AND job.id IN (
        SELECT id {_MAY_COME} {_NOW} ORDER BY run_at, id LIMIT :most
    )
    WHERE head.org IS NOT NULL
),
ranked AS (
    SELECT *, row_number() OVER (
        PARTITION BY org ORDER BY urgent DESC, priority DESC, run_at, id
    ) - 1 AS nth
    FROM due
),
orgs(org, served, running) AS MATERIALIZED (
    SELECT each.org, coalesce(served, 0), (
        SELECT count(*) FROM jobs INDEXED BY jobs_running
        WHERE state = 'running' AND org = each.org
    )
    FROM (SELECT DISTINCT org FROM due) AS each LEFT JOIN job_turns USING (org)
),
now(rounds, served) AS (
    SELECT (SELECT count(*) FROM orgs), (SELECT coalesce(max(served), 0) FROM job_turns)
)
SELECT org, id, now.rounds
FROM ranked JOIN orgs USING (org) CROSS JOIN now
ORDER BY
    CASE nth WHEN 0 THEN orgs.served ELSE now.served END
        + now.rounds * (nth + min(orgs.running + nth, {HANDICAP}) - {LEAD} * urgent),
    nth, urgent DESC, priority DESC, run_at, id
LIMIT :most
"""  # noqa: S608 - constants

_ANY_DUE = f"""
SELECT EXISTS (SELECT 1 FROM head WHERE EXISTS (SELECT 1 {_MAY_COME} {_NOW}))
"""  # noqa: S608 - constants

_EARLIEST = f"""
SELECT min(
    CASE WHEN lacking OR :far THEN (
        SELECT min(max(
            run_at,
            CASE WHEN :far THEN here_until ELSE 0 END,
            CASE WHEN head.lacking THEN prefer_until ELSE 0 END
        )) {_MAY_COME}
    ) ELSE (
        SELECT run_at {_MAY_COME} ORDER BY run_at LIMIT 1
    ) END
)
FROM head
"""  # noqa: S608 - constants

_TAKE = f"""
UPDATE jobs SET state = 'running', attempt = attempt + 1, owner = :owner,
    lease_until = :lease_until, progress = NULL
WHERE org = :org AND id = :id AND state = 'queued'
RETURNING {COLUMNS}
"""  # noqa: S608 - a constant


def claim(
    tx: Transaction,
    claimant: Claimant,
    *,
    now: int,
    lease_until: int,
    most: int = 1,
    kinds: Collection[str] | None = None,
) -> list[Job]:
    """Take the next due jobs that may come to the claimant, of any org that it works for.

    The jobs are in the order in which they were to be taken one by one.

    :param lease_until: whose it is until then, or longer if the lease is renewed.
    :param most: at most so many.
    :param kinds: only these of the kinds that it knows; None for all.
    """
    values = _values(claimant, now, kinds) | {"most": most}
    picked = tx.connection.execute(_head(claimant) + _PICK, values).fetchall()
    taken = []
    for org, id_, _ in picked:
        values = {"org": org, "id": id_, "owner": claimant.owner, "lease_until": lease_until}
        job = from_row(tx.connection.execute(_TAKE, values).fetchone())
        append(tx, job, job.state, {"attempt": job.attempt, "worker": claimant.owner})
        taken.append(job)
    if picked and picked[0][2] > 1:
        _keep_turns(tx, [job.org for job in taken])
    return taken


def next_due(
    view: View, claimant: Claimant, now: int, kinds: Collection[str] | None = None
) -> int | None:
    """When there may be a job for the claimant: ``now`` or before when there is one already, later
    when it is to look again then, None when only a commit can bring one.
    """
    values = _values(claimant, now, kinds)
    head = _head(claimant)
    (due,) = view.connection.execute(head + _ANY_DUE, values).fetchone()
    if due:
        return now
    (earliest,) = view.connection.execute(head + _EARLIEST, values).fetchone()
    return None if earliest is None else int(earliest)


def line(tx: Transaction, kind: JobSpec, locality: Locality, memory_mb: int, size: int) -> int:
    """The line of a job; made when it is the first one of its sort."""
    facts = (
        kind.name,
        kind.queue,
        kind.priority,
        kind.version,
        locality,
        _encode(sorted(kind.requires)).decode(),
        kind.prefer,
        memory_mb,
        _size_from(size),
    )
    found: tuple[int] | None = tx.connection.execute(
        "SELECT id FROM job_lines WHERE kind = ? AND queue = ? AND priority = ? AND version = ?"
        " AND locality = ? AND requires = ? AND prefer = ? AND memory_mb = ? AND size_from = ?",
        facts,
    ).fetchone()
    if found is None:
        found = tx.connection.execute(
            "INSERT INTO job_lines (kind, queue, priority, version, locality, requires, prefer,"
            " memory_mb, size_from) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
            facts,
        ).fetchone()
    return found[0]


def prune_lines(tx: Transaction) -> None:
    """Forget the lines of which no job is left."""
    tx.connection.execute("DELETE FROM job_lines WHERE id NOT IN (SELECT line FROM jobs)")


def _size_from(size: int) -> int:
    """The least size of the class of sizes, each twice as wide as the one before."""
    mib = size // _MIB
    return (1 << mib.bit_length() - 1) * _MIB if mib else 0


def _head(claimant: Claimant) -> str:
    orgs = _OF_ALL_ORGS if claimant.org is None else _OF_ONE_ORG
    return f"WITH RECURSIVE {_LINES}{orgs}"


def _values(claimant: Claimant, now: int, kinds: Collection[str] | None) -> dict[str, Any]:
    known = claimant.kinds
    if kinds is not None:
        known = {name: version for name, version in known.items() if name in kinds}
    return {
        "kinds": _encode(known).decode(),
        "capabilities": _encode(list(claimant.capabilities)).decode(),
        "localities": _encode(claimant.localities).decode(),
        "queues": None if claimant.queues is None else _encode(list(claimant.queues)).decode(),
        "memory_mb": _NO_LIMIT if claimant.memory_mb is None else claimant.memory_mb,
        "max_size": _NO_LIMIT if claimant.max_size is None else claimant.max_size,
        "far": claimant.far,
        "org": claimant.org,
        "now": now,
    }


def _keep_turns(tx: Transaction, orgs: list[str]) -> None:
    """Take note of whose turn it was; only where another org waited for its turn."""
    (served,) = tx.connection.execute("SELECT coalesce(max(served), 0) FROM job_turns").fetchone()
    tx.connection.executemany(
        "INSERT INTO job_turns (org, served) VALUES (?, ?)"
        " ON CONFLICT (org) DO UPDATE SET served = excluded.served",
        [(org, served + turn) for turn, org in enumerate(orgs, start=1)],
    )
