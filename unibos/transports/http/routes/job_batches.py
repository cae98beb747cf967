"""Batches of jobs: asked for together, looked at and ended as a whole."""

import re
from collections.abc import Mapping
from typing import Annotated, Any

from msgspec import Meta, Struct

from unibos.base.errors import Conflict, Forbidden, Invalid, NotFound
from unibos.core.identity.scope import Role, Scope
from unibos.core.jobs.jobs import Jobs
from unibos.core.jobs.kind import JobKind
from unibos.core.module.endpoint import Answer, Call, Endpoint
from unibos.core.store import batches
from unibos.core.store import jobs as verbs
from unibos.core.store.transaction import Transaction
from unibos.transports.http.routes.jobs import BATCH_NAME, Id, admitted

_MOST = 1000
_NAME = re.compile(BATCH_NAME)


class JobOfBatch(Struct, frozen=True, forbid_unknown_fields=True):
    """A job of a batch that a user asks for."""

    kind: Annotated[str, Meta(max_length=100)]
    args: dict[str, Any] = {}
    needs: Annotated[list[Id], Meta(max_length=100)] = []
    """Jobs that must be done before this one may run."""


class BatchIn(Struct, frozen=True, forbid_unknown_fields=True):
    """Jobs that are asked for together: all of them, or none."""

    jobs: Annotated[list[JobOfBatch], Meta(min_length=1, max_length=_MOST)]


class BatchOut(Struct, frozen=True):
    """The jobs of a batch as a whole; ``progress`` is between 0 and 1."""

    id: str
    jobs: int
    states: dict[str, int]
    progress: float
    ended: bool


def endpoints(jobs: Jobs, kinds: Mapping[str, JobKind]) -> tuple[Endpoint, ...]:
    """The endpoints over one instance's batches."""

    async def add_to_batch(scope: Scope, call: Call) -> Answer:
        asked: BatchIn = call.body
        id_ = call.path["id"]
        if _NAME.fullmatch(id_) is None:
            raise Invalid(
                "batch_name_invalid",
                "A batch has a name of up to 64 letters, digits, points, underscores and hyphens.",
            )
        wanted = [(*admitted(kinds, each.kind, each.args), each.needs) for each in asked.jobs]

        def add(tx: Transaction) -> batches.Batch:
            for kind, args, needs in wanted:
                verbs.add(tx, kind, args, needs=needs, batch=id_)
            return batches.get(tx, id_)

        return Answer((await scope.store.awrite(add)).json, 201)

    async def cancel_batch(scope: Scope, call: Call) -> Answer:
        id_ = call.path["id"]
        batch = await scope.store.awrite(lambda tx: jobs.cancel_batch(tx, id_))
        return Answer(batch.json)

    one = "/jobs/batches/{id}"
    return (
        Endpoint(
            "GET",
            one,
            get_batch,
            "How far a batch of jobs has got",
            {200: BatchOut},
            Role.VIEWER,
            errors=(NotFound,),
        ),
        Endpoint(
            "POST",
            one,
            add_to_batch,
            "Ask for up to 1,000 jobs of a batch: all of them, or none",
            {201: BatchOut},
            body=BatchIn,
            errors=(Invalid, NotFound, Conflict),
        ),
        Endpoint(
            "DELETE",
            one,
            cancel_batch,
            "Cancel all jobs of a batch",
            {200: BatchOut},
            errors=(Forbidden, NotFound),
        ),
    )


async def get_batch(scope: Scope, call: Call) -> Answer:
    """One batch."""
    batch = await scope.store.aread(lambda view: batches.get(view, call.path["id"]))
    return Answer(batch.json)
