"""Jobs: what is asked for, how far it is, what came of it."""

import asyncio
import re
from collections.abc import AsyncIterator, Mapping
from typing import Annotated, Any

from msgspec import Meta, Struct

from unibos.base.errors import Conflict, Forbidden, Invalid, NotFound
from unibos.core.identity.scope import Role, Scope, stands
from unibos.core.jobs.jobs import Jobs
from unibos.core.jobs.kind import JobKind
from unibos.core.module.endpoint import (
    Answer,
    Call,
    Endpoint,
    Event,
    EventAnswer,
    Listing,
    Media,
)
from unibos.core.store import jobs as verbs
from unibos.core.store.bell import Bell
from unibos.core.store.jobs import JobError, JobState, Locality, Progress
from unibos.core.store.transaction import View
from unibos.transports.http.pages import page_answer
from unibos.transports.http.routes.events import event_id_invalid

_NUMBER = re.compile("[0-9]{1,18}")

Id = Annotated[str, Meta(max_length=64)]
BATCH_NAME = r"^[0-9A-Za-z][0-9A-Za-z._-]{0,63}\Z"
BatchId = Annotated[str, Meta(pattern=BATCH_NAME)]


class JobIn(Struct, frozen=True, forbid_unknown_fields=True):
    """A job that a user asks for; only some kinds may be asked for."""

    kind: Annotated[str, Meta(max_length=100)]
    args: dict[str, Any] = {}
    needs: Annotated[list[Id], Meta(max_length=100)] = []
    """Jobs that must be done before this one may run."""
    batch: BatchId | None = None
    """Any name; the jobs that bear it are looked at as a whole."""


class JobOut(Struct, frozen=True):
    """A job as it stands."""

    id: str
    kind: str
    queue: str
    priority: int
    state: JobState
    progress: Progress | None
    attempt: int
    max_attempts: int
    run_at: str
    error: JobError | None
    result: Any
    created_at: str
    finished_at: str | None
    locality: Locality
    requires: list[str]
    prefer: str | None
    size: int
    worker: str | None
    batch: str | None
    needs: list[str]


class JobPage(Struct, frozen=True):
    """Jobs, newest first."""

    items: list[JobOut]
    next: str | None


class JobListing(Listing, frozen=True, forbid_unknown_fields=True):
    """Which jobs."""

    state: JobState | None = None
    kind: Annotated[str, Meta(max_length=100)] | None = None
    batch: BatchId | None = None


def endpoints(jobs: Jobs, kinds: Mapping[str, JobKind], bell: Bell) -> tuple[Endpoint, ...]:
    """The endpoints over one instance's jobs."""

    async def create_job(scope: Scope, call: Call) -> Answer:
        asked: JobIn = call.body
        kind, args = admitted(kinds, asked.kind, asked.args)
        job = await scope.store.awrite(
            lambda tx: verbs.add(tx, kind, args, needs=asked.needs, batch=asked.batch)
        )
        return Answer(job.json, 201)

    async def cancel_job(scope: Scope, call: Call) -> Answer:
        id_ = call.path["id"]
        job = await scope.store.awrite(lambda tx: jobs.cancel(tx, id_))
        return Answer(job.json)

    async def job_events(scope: Scope, call: Call) -> EventAnswer:
        id_ = call.path["id"]
        scope.store.read(lambda view: verbs.get(view, id_))
        last = call.headers.get("last-event-id") or "0"
        if _NUMBER.fullmatch(last) is None:
            raise event_id_invalid()
        return EventAnswer(_stream(bell, scope, id_, int(last)))

    one = "/jobs/{id}"
    return (
        Endpoint(
            "GET",
            "/jobs",
            list_jobs,
            "List jobs",
            {200: JobPage},
            Role.VIEWER,
            query=JobListing,
            errors=(Invalid,),
        ),
        Endpoint(
            "POST",
            "/jobs",
            create_job,
            "Ask for a job",
            {201: JobOut},
            body=JobIn,
            errors=(Invalid, NotFound, Conflict),
        ),
        Endpoint("GET", one, get_job, "Read a job", {200: JobOut}, Role.VIEWER, errors=(NotFound,)),
        Endpoint(
            "DELETE",
            one,
            cancel_job,
            "Cancel a job",
            {200: JobOut},
            errors=(Conflict, Forbidden, NotFound),
        ),
        Endpoint(
            "GET",
            "/jobs/{id}/events",
            job_events,
            "What happens to a job, until it ends (server-sent events)",
            {200: Media("text/event-stream")},
            Role.VIEWER,
            errors=(NotFound, Invalid),
        ),
    )


async def list_jobs(scope: Scope, call: Call) -> Answer:
    """A page of jobs."""
    asked: JobListing = call.query
    page = await scope.store.aread(
        lambda view: verbs.page(
            view,
            state=asked.state,
            kind=asked.kind,
            batch=asked.batch,
            limit=asked.limit,
            cursor=asked.cursor,
        )
    )
    return page_answer([job.json for job in page.items], page.next)


async def get_job(scope: Scope, call: Call) -> Answer:
    """One job."""
    return Answer(scope.store.read(lambda view: verbs.get(view, call.path["id"])).json)


def admitted(
    kinds: Mapping[str, JobKind], name: str, args: Mapping[str, Any]
) -> tuple[JobKind, dict[str, Any]]:
    """The kind of a job that a user asks for, and its arguments, checked.

    :raises Invalid: ``job_kind_unknown``, and what the kind says of its arguments.
    """
    kind = kinds.get(name)
    if kind is None or kind.accept is None:
        asked_for = sorted(name for name, kind in kinds.items() if kind.accept is not None)
        raise Invalid(
            "job_kind_unknown",
            f"No job of the kind {name!r} can be asked for.",
            hint="Can be asked for: " + (", ".join(asked_for) or "none") + ".",
        )
    return kind, kind.accept(args)


async def _stream(bell: Bell, scope: Scope, id_: str, after: int) -> AsyncIterator[Event]:
    while not bell.closed:
        rung: asyncio.Event = bell.next(scope.org)

        def look(view: View, after: int = after) -> tuple[list[verbs.JobEvent], bool]:
            if not stands(view, scope):
                return [], True
            told = verbs.events(view, id_, after)
            return told, verbs.get(view, id_).state.final

        told, final = await scope.store.aread(look)
        for event in told:
            after = event.num
            yield Event(event.type, str(event.num), event.json)
        if final and not told:
            return
        if not told:
            await rung.wait()
