"""Why a job runs or waits where it does: the conditions of a claim, one worker at a time.

The claim itself is SQL (``core/store/claims.py``); this says the same in words, and a test holds
the two together.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from unibos.base.clock import iso
from unibos.core.store.claimant import Claimant
from unibos.core.store.job import Job, JobState


@dataclass(frozen=True, slots=True)
class Reason:
    """What holds between a job and a worker.

    :param may: whether it may have the job now.
    :param code: stable; ``may_have``, ``has_it``, or why not.
    """

    worker: str
    may: bool
    code: str
    text: str


def explain(job: Job, workers: Iterable[tuple[str, Claimant, str]], now: int) -> list[Reason]:
    """What stands between a job and each worker.

    :param workers: name, what the worker asks for, and its health: ``ok``, or why it takes nothing
        at present.
    :param now: milliseconds since 1970.
    """
    return [_reason(job, name, claimant, health, now) for name, claimant, health in workers]


def _reason(job: Job, name: str, claimant: Claimant, health: str, now: int) -> Reason:
    if job.state is JobState.RUNNING and job.owner == claimant.owner:
        return Reason(name, may=True, code="has_it", text="It works on the job.")
    for obstacle in (
        standing(job),
        _fit(job, claimant),
        _reach(job, claimant),
        _time(job, claimant, now),
    ):
        if obstacle is not None:
            return Reason(name, may=False, code=obstacle[0], text=obstacle[1])
    if health != "ok":
        return Reason(name, may=False, code="not_ready", text=f"It takes no jobs now: {health}.")
    return Reason(name, may=True, code="may_have", text="It takes the job when it has a free slot.")


Obstacle = tuple[str, str] | None
"""A stable code and a sentence; None: nothing."""


def standing(job: Job) -> Obstacle:
    """What stands between a job and everybody, and so between it and each one."""
    if job.state is JobState.RUNNING:
        return "taken", f"{job.owner} works on the job."
    if job.state is JobState.WAITING:
        return "needs_open", f"The job needs {job.open_needs} others that are not done."
    if job.state.final:
        return "ended", f"The job is {job.state}."
    return None


def not_due(job: Job) -> Obstacle:
    """Its time has not come."""
    return "not_due", f"The job is due at {iso(job.run_at)}."


def stays_for_now(job: Job) -> Obstacle:
    """It came back from the hub."""
    return "stays_for_now", f"The job stays with its node until {iso(job.here_until)}."


def too_far(job: Job) -> Obstacle:
    """Its locality holds it nearer."""
    return "too_far", f"The job is {job.locality} and may not go so far."


def _fit(job: Job, claimant: Claimant) -> Obstacle:
    """What the worker can do."""
    known = claimant.kinds.get(job.kind)
    lacking = sorted(set(job.requires) - claimant.capabilities)
    if known is None:
        return "kind_unknown", f"It does not do {job.kind}."
    if known < job.version:
        return "version_older", f"It knows version {known} of {job.kind}, not {job.version}."
    if claimant.queues is not None and job.queue not in claimant.queues:
        return "queue_not_taken", f"It does not take the queue {job.queue}."
    if lacking:
        return "capability_lacking", f"It lacks {', '.join(lacking)}."
    return _room(job, claimant)


def _room(job: Job, claimant: Claimant) -> Obstacle:
    """What the worker has room for."""
    if claimant.memory_mb is not None and job.memory_mb > claimant.memory_mb:
        gives = claimant.memory_mb
        return "memory_short", f"The job needs {job.memory_mb} MiB; it gives {gives} MiB."
    if claimant.max_size is not None and job.size > claimant.max_size:
        return (
            "input_too_large",
            f"The input has {job.size} bytes; it takes up to {claimant.max_size}.",
        )
    return None


def _reach(job: Job, claimant: Claimant) -> Obstacle:
    """Where the job may go."""
    if claimant.org is not None and claimant.org != job.org:
        return "org_of_others", "It works for another org."
    if job.locality not in claimant.localities:
        return too_far(job)
    return None


def _time(job: Job, claimant: Claimant, now: int) -> Obstacle:
    """When the job may be had."""
    if job.run_at > now:
        return not_due(job)
    if claimant.far and job.here_until > now:
        return stays_for_now(job)
    if job.prefer and job.prefer not in claimant.capabilities and job.prefer_until > now:
        return (
            "another_preferred",
            f"The job waits for a worker with {job.prefer} until {iso(job.prefer_until)}.",
        )
    return None
