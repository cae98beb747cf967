"""Why a job runs or waits where it does."""

from collections.abc import Callable, Iterable

from msgspec import Struct

from unibos.base.clock import iso, wall_ms
from unibos.base.errors import NotFound
from unibos.core.identity.scope import Role, Scope
from unibos.core.jobs.routing.explain import Reason, explain
from unibos.core.module.endpoint import Answer, Call, Endpoint
from unibos.core.store import jobs, leases
from unibos.core.store.claimant import Claimant
from unibos.core.store.job import Job, JobState, Locality
from unibos.core.store.transaction import View

Takers = Callable[[str], Iterable[tuple[str, Claimant, str]]]
"""Those that work for an org: name, what they ask for, and how they are (``ok``, or why not)."""
AtHub = Callable[[View, Job, int], Reason]
"""What stands between a job and the workers of the hub, at a time in milliseconds since 1970."""


class WorkerReason(Struct, frozen=True):
    """What stands between the job and one worker, or a node's hub with all its workers; `may`:
    nothing does."""

    worker: str
    may: bool
    code: str
    text: str


class JobRoute(Struct, frozen=True, kw_only=True):
    """What a job asks of who runs it, and what each worker lacks.

    `items` are the workers. `here_until`: those far from here may not have it before.
    """

    id: str
    kind: str
    state: JobState
    queue: str
    priority: int
    version: int
    locality: Locality
    requires: list[str]
    prefer: str
    prefer_until: str | None
    here_until: str | None
    run_at: str
    size: int
    memory_mb: int
    items: list[WorkerReason]


def endpoints(takers: Takers, at_hub: AtHub | None = None) -> tuple[Endpoint, ...]:
    """The endpoint over the jobs of one instance.

    :param at_hub: None where no jobs are handed over.
    """

    async def route(scope: Scope, call: Call) -> Answer:
        id_ = call.path["id"]

        def look(view: View) -> tuple[Job, list[Reason]]:
            job, now = jobs.get(view, id_), max(wall_ms(), leases.newest_time(view))
            reasons = explain(job, takers(scope.org), now)
            return job, reasons if at_hub is None else [*reasons, at_hub(view, job, now)]

        job, reasons = scope.store.read(look)
        return Answer(_shown(job, reasons))

    return (
        Endpoint(
            "GET",
            "/jobs/{id}/route",
            route,
            "Why a job runs or waits where it does",
            {200: JobRoute},
            Role.MEMBER,
            errors=(NotFound,),
        ),
    )


def _shown(job: Job, reasons: list[Reason]) -> JobRoute:
    return JobRoute(
        id=job.id,
        kind=job.kind,
        state=job.state,
        queue=job.queue,
        priority=job.priority,
        version=job.version,
        locality=job.locality,
        requires=list(job.requires),
        prefer=job.prefer,
        prefer_until=_moment(job.prefer_until),
        here_until=_moment(job.here_until),
        run_at=iso(job.run_at),
        size=job.size,
        memory_mb=job.memory_mb,
        items=[WorkerReason(one.worker, one.may, one.code, one.text) for one in reasons],
    )


def _moment(ms: int) -> str | None:
    return iso(ms) if ms else None
