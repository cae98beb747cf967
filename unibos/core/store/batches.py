"""Batches: jobs of an org that bear a name in common, looked at and ended as a whole."""

from dataclasses import dataclass

import msgspec

from unibos.base.errors import NotFound
from unibos.core.store.job import JobState
from unibos.core.store.transaction import View


@dataclass(frozen=True, slots=True)
class Batch:
    """How far a batch has got.

    :param states: how many of its jobs are in each state.
    :param progress: between 0 and 1; what ended counts in full, what runs as far as it told.
    """

    id: str
    states: dict[str, int]
    progress: float

    @property
    def jobs(self) -> int:
        """How many jobs it has."""
        return sum(self.states.values())

    @property
    def ended(self) -> bool:
        """Whether all its jobs have ended."""
        return not any(self.states[state] for state in JobState if not state.final)

    @property
    def json(self) -> bytes:
        """The batch as the API gives it."""
        return msgspec.json.encode(
            {
                "id": self.id,
                "jobs": self.jobs,
                "states": self.states,
                "progress": self.progress,
                "ended": self.ended,
            }
        )


def get(view: View, id_: str) -> Batch:
    """A batch of the org.

    :raises NotFound: ``batch_not_found``.
    """
    rows = view.connection.execute(
        "SELECT state, count(*) FROM jobs INDEXED BY jobs_by_batch"
        " WHERE org = ? AND batch = ? GROUP BY state",
        (view.org, id_),
    ).fetchall()
    if not rows:
        raise NotFound("batch_not_found", f"There is no batch {id_[:64]!r}.")
    states = {state.value: 0 for state in JobState} | dict(rows)
    (told,) = view.connection.execute(
        "SELECT total(progress ->> '$.value') FROM jobs INDEXED BY jobs_by_batch"
        " WHERE org = ? AND batch = ? AND state = 'running'",
        (view.org, id_),
    ).fetchone()
    ended = sum(states[state] for state in JobState if state.final)
    return Batch(id_, states, round((ended + told) / sum(states.values()), 4))


def open_jobs(view: View, id_: str) -> list[str]:
    """The ids of a batch's jobs that have not ended, oldest first."""
    rows = view.connection.execute(
        "SELECT id FROM jobs INDEXED BY jobs_by_batch WHERE org = ? AND batch = ?"
        " AND state IN ('waiting', 'queued', 'running') ORDER BY id",
        (view.org, id_),
    )
    return [row[0] for row in rows]
