"""Leases: how workers take jobs, and give back what came of them."""

import asyncio

from unibos.base.errors import (
    Conflict,
    Error,
    Forbidden,
    Invalid,
    NotFound,
    StorageFull,
    TooLarge,
)
from unibos.core.identity.registry.workers import Workers
from unibos.core.identity.scope import Role, Scope
from unibos.core.jobs.leasing.leasing import Leasing
from unibos.core.jobs.leasing.messages import Claim, Leases, Reports, Verdicts
from unibos.core.jobs.leasing.outputs import MOST_BYTES, Arriving
from unibos.core.module.endpoint import (
    MIB,
    Answer,
    Call,
    Endpoint,
    File,
    FileAnswer,
    Handler,
    Media,
    Upload,
)
from unibos.transports.http.parts import declared
from unibos.transports.http.routes.workers import asking

REPORT_BYTES = 32 * MIB
_CLAIM_BYTES = 1024
_ONE = "/leases/{org}/{job}/{attempt}"
_FEW = 64 * 1024
"""Bytes that are written without a thread."""


def endpoints(workers: Workers, leasing: Leasing) -> tuple[Endpoint, ...]:
    """The endpoints over the leases of one instance's jobs."""

    async def claim(scope: Scope, call: Call) -> Answer:
        known = asking(workers, scope, call)
        if known.claimant is None:
            raise Conflict(
                "worker_facts_missing",
                "Nobody knows what this worker can do.",
                hint="Tell it: POST /api/v1/workers/sign with facts.",
            )
        return Answer(Leases(await leasing.claim(known.claimant, call.body)))

    async def report(scope: Scope, call: Call) -> Answer:
        known = asking(workers, scope, call)
        return Answer(Verdicts(await leasing.report(known.id, call.body.items)))

    async def get_input(scope: Scope, call: Call) -> FileAnswer:
        known = asking(workers, scope, call)
        given = await leasing.input(known.id, *_attempt(call))
        return FileAnswer(given.path, "application/octet-stream", f'"{given.sha256}"')

    async def put_output(scope: Scope, call: Call) -> Answer:
        known = asking(workers, scope, call)
        size, name = declared(call.headers), call.path["name"]
        arriving = await leasing.output(known.id, *_attempt(call), name, size)
        await _take(arriving, call.body)
        return Answer(status=204)

    return (
        _asked("/leases", claim, "Claim jobs", Leases, Claim, _CLAIM_BYTES, Conflict, patient=True),
        _asked("/leases/reports", report, "Report on jobs", Verdicts, Reports, REPORT_BYTES),
        Endpoint(
            "GET",
            f"{_ONE}/input",
            get_input,
            "Read the bytes that a job works on, or a range of them",
            {200: Media(), 206: Media(), 304: None, 416: None},
            Role.VIEWER,
            errors=(Conflict, Forbidden, NotFound, Invalid),
            worker=True,
        ),
        Endpoint(
            "PUT",
            f"{_ONE}/outputs/{{name}}",
            put_output,
            "Send a file that the work made",
            {204: None},
            Role.VIEWER,
            body=File(MOST_BYTES),
            errors=(Conflict, Forbidden, Invalid, StorageFull, TooLarge),
            worker=True,
        ),
    )


def _asked(
    path: str,
    handler: Handler,
    summary: str,
    answer: type,
    body: type,
    limit: int,
    *errors: type[Error],
    patient: bool = False,
) -> Endpoint:
    """An endpoint whose body and answer are messages."""
    return Endpoint(
        "POST",
        path,
        handler,
        summary,
        {200: answer},
        Role.VIEWER,
        body=body,
        body_limit=limit,
        errors=(Forbidden, *errors),
        worker=True,
        patient=patient,
        packed=True,
    )


def _attempt(call: Call) -> tuple[str, str, int]:
    """Org, job and attempt of a path."""
    number = call.path["attempt"]
    if not (number.isascii() and number.isdecimal() and len(number) < 10):
        raise NotFound("lease_not_found", "There is no such lease.")
    return call.path["org"], call.path["job"], int(number)


async def _take(arriving: Arriving, body: Upload) -> None:
    try:
        async for chunk in body.chunks():
            if len(chunk) <= _FEW:
                arriving.write(chunk)
            else:
                await asyncio.to_thread(arriving.write, chunk)
        await asyncio.to_thread(arriving.finish)
    except BaseException:
        arriving.abort()
        raise
