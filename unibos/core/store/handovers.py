"""Handovers: jobs of nodes that a hub has its workers do, each with the hub's own row for it.

The hub's row, the *relay*, has an id of its own: a handover that was dropped and made anew must not
share its fence with what a worker may still be doing for the earlier one. There is none until all
of the input is there. Every verb looks within one node's handovers of the org.
"""

from dataclasses import dataclass
from typing import Any

import msgspec

from unibos.core.store.job import JobState, Progress
from unibos.core.store.transaction import Transaction, View

_decode = msgspec.json.decode


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A handover. ``at`` is when it was made, in milliseconds since 1970.

    :param attempt: the node's, its fence.
    :param relay: id of the hub's own job.
    :param asked: what the node asked for, as JSON.
    :param state: of the relay; None: the input is not all there, or the relay is gone.
    :param owner: who runs the relay.
    """

    job: str
    node: str
    attempt: int
    relay: str
    asked: str
    at: int
    state: JobState | None = None
    owner: str | None = None
    progress: Progress | None = None
    finished_at: int | None = None


_COLUMNS = (
    "h.job, h.node, h.attempt, h.relay, h.asked, h.at, j.state, j.owner, j.progress, j.finished_at"
)
_FROM = "FROM handovers h LEFT JOIN jobs j ON j.org = h.org AND j.id = h.relay"
_SELECT = f"SELECT {_COLUMNS} {_FROM} WHERE h.org = ?"


def find(view: View, node: str, job: str) -> Kept | None:
    """One of the node's handovers, by the node's id of the job."""
    row = view.connection.execute(
        f"{_SELECT} AND h.job = ? AND h.node = ?", (view.org, job, node)
    ).fetchone()
    return None if row is None else _kept(row)


def of_relay(view: View, relay: str) -> Kept | None:
    """The handover that the hub's own job is for."""
    row = view.connection.execute(f"{_SELECT} AND h.relay = ?", (view.org, relay)).fetchone()
    return None if row is None else _kept(row)


def of_node(view: View, node: str) -> list[Kept]:
    """All that a node has here, oldest first."""
    rows = view.connection.execute(
        f"{_SELECT} AND h.node = ? ORDER BY h.at, h.job", (view.org, node)
    )
    return [_kept(row) for row in rows]


def taken(view: View, job: str) -> bool:
    """Whether any node of the org has handed over a job of this id."""
    row = view.connection.execute(
        "SELECT 1 FROM handovers WHERE org = ? AND job = ?", (view.org, job)
    ).fetchone()
    return row is not None


def put(tx: Transaction, kept: Kept) -> None:
    """Keep a handover that is new."""
    tx.connection.execute(
        "INSERT INTO handovers (org, job, node, attempt, relay, asked, at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        (tx.org, kept.job, kept.node, kept.attempt, kept.relay, kept.asked, kept.at),
    )


def remove(tx: Transaction, kept: Kept) -> None:
    """Forget a handover, and what came of it: the relay's row stays, without any content."""
    tx.connection.execute(
        "DELETE FROM handovers WHERE org = ? AND job = ? AND relay = ?",
        (tx.org, kept.job, kept.relay),
    )
    tx.connection.execute(
        "UPDATE jobs SET args = '{}', result = NULL WHERE org = ? AND id = ?",
        (tx.org, kept.relay),
    )
    tx.connection.execute(
        "DELETE FROM job_events WHERE org = ? AND job = ? AND type = 'progress'",
        (tx.org, kept.relay),
    )


def over(view: View, sending_before: int, ended_before: int) -> list[tuple[str, Kept]]:
    """Handovers of any org, each with its org, that nobody comes for: not all of their input came,
    or they ended, before these times; or their node was revoked, or their relay is gone."""
    rows = view.connection.execute(
        f"SELECT h.org, {_COLUMNS} {_FROM}"  # noqa: S608 - constants
        " WHERE (j.state IS NULL AND h.at < ?) OR j.finished_at < ? OR EXISTS"
        " (SELECT 1 FROM nodes n WHERE n.org = h.org AND n.id = h.node"
        " AND n.revoked_at IS NOT NULL)",
        (sending_before, ended_before),
    )
    return [(org, _kept(row)) for org, *row in rows]


def _kept(row: Any) -> Kept:
    job, node, attempt, relay, asked, at, state, owner, progress, finished_at = row
    return Kept(
        job=job,
        node=node,
        attempt=attempt,
        relay=relay,
        asked=asked,
        at=at,
        state=None if state is None else JobState(state),
        owner=owner,
        progress=None if progress is None else _decode(progress, type=Progress),
        finished_at=finished_at,
    )
