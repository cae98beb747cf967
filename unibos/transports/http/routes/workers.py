"""Workers of the org: how they join and live, and what people do with them."""

import logging
from urllib.parse import unquote

from msgspec import Struct

from unibos.base.errors import Conflict, Forbidden, Invalid, NotFound, TooMany, Unauthenticated
from unibos.core.identity.registry.known_workers import KnownWorker
from unibos.core.identity.registry.worker_shapes import (
    Worker,
    WorkerChange,
    WorkerEnrolled,
    WorkerEnrollment,
    WorkerPage,
)
from unibos.core.identity.registry.workers import Workers
from unibos.core.identity.scope import Role, Scope
from unibos.core.jobs.leasing.leasing import Leasing
from unibos.core.jobs.leasing.messages import Heard, Sign
from unibos.core.module.endpoint import Answer, Call, Endpoint, Handler, Listing
from unibos.transports.http.headers import WORKER_HEADER

log = logging.getLogger(__name__)

_ENROLLMENT_BYTES = 128 * 1024
_SIGN_BYTES = 128 * 1024
_ONE = "/workers/{id}"


class Removal(Struct, frozen=True, forbid_unknown_fields=True):
    """``purge`` takes a worker that was revoked out of the list."""

    purge: bool = False


def asking(workers: Workers, scope: Scope, call: Call) -> KnownWorker:
    """The worker behind a request."""
    return workers.asking(scope, unquote(call.headers.get(WORKER_HEADER, "")))


def endpoints(workers: Workers, leasing: Leasing) -> tuple[Endpoint, ...]:
    """The endpoints over the workers of one instance."""
    return (
        *_own_endpoints(workers, leasing),
        *_read_endpoints(workers),
        *_change_endpoints(workers, leasing),
    )


def _own_endpoints(workers: Workers, leasing: Leasing) -> tuple[Endpoint, ...]:
    """What a worker asks about itself."""

    async def enroll(call: Call) -> Answer:
        asked: WorkerEnrollment = call.body
        enrolled = await workers.enroll(asked, call.address)
        facts = {"worker": enrolled.name, "org": enrolled.org, "address": call.address}
        log.info("worker joined", extra=facts)
        return Answer(enrolled, 201)

    async def sign(scope: Scope, call: Call) -> Answer:
        known, told = asking(workers, scope, call), call.body
        at = await workers.sign(known, told.facts, told.running, stopping=told.stopping)
        if told.left is not None:
            await leasing.begun_anew(known.id, told.left)
        if told.stopping:
            leasing.send_away(known.id)
        heard = Heard(
            time=at,
            source=workers.options.id,
            name=workers.options.name,
            heartbeat_seconds=workers.interval(),
            facts_wanted=known.facts is None,
        )
        return Answer(heard)

    async def leave(scope: Scope, call: Call) -> Answer:
        known = asking(workers, scope, call)
        await workers.leave(known)
        await leasing.take_back(known.id)
        log.info("worker left", extra={"worker": known.name, "org": known.org})
        return Answer(status=204)

    return (
        Endpoint(
            "POST",
            "/workers/enroll",
            enroll,
            "Make an instance a worker of the join token's org",
            {201: WorkerEnrolled},
            None,
            body=WorkerEnrollment,
            body_limit=_ENROLLMENT_BYTES,
            errors=(Conflict, Forbidden, Invalid, TooMany, Unauthenticated),
        ),
        _asked("sign", sign, "Tell that the worker lives", {200: Heard}, Sign),
        _asked("leave", leave, "Be a worker no longer", {204: None}),
    )


def _read_endpoints(workers: Workers) -> tuple[Endpoint, ...]:
    """What people ask about workers."""

    async def list_workers(scope: Scope, call: Call) -> Answer:
        return Answer(await workers.page(scope, call.query.limit, call.query.cursor))

    async def get_worker(scope: Scope, call: Call) -> Answer:
        return Answer(await workers.get(scope, call.path["id"]))

    return (
        Endpoint(
            "GET",
            "/workers",
            list_workers,
            "List the org's workers",
            {200: WorkerPage},
            Role.MEMBER,
            query=Listing,
            errors=(Invalid,),
        ),
        Endpoint(
            "GET", _ONE, get_worker, "Read a worker", {200: Worker}, Role.MEMBER, errors=(NotFound,)
        ),
    )


def _change_endpoints(workers: Workers, leasing: Leasing) -> tuple[Endpoint, ...]:
    """What people do with workers."""

    async def change_worker(scope: Scope, call: Call) -> Answer:
        return Answer(await workers.rename(scope, call.path["id"], call.body.name))

    async def revoke_worker(scope: Scope, call: Call) -> Answer:
        id_ = call.path["id"]
        if call.query.purge:
            await workers.remove(scope, id_)
        else:
            await workers.revoke(scope, id_)
            leasing.send_away(id_)
            taken = await leasing.take_back(id_)
            facts = {"worker": id_, "by": scope.principal.id, "jobs": taken}
            log.warning("worker revoked", extra=facts)
        return Answer(status=204)

    return (
        Endpoint(
            "PATCH",
            _ONE,
            change_worker,
            "Rename a worker",
            {200: Worker},
            Role.ADMIN,
            body=WorkerChange,
            errors=(Conflict, Forbidden, Invalid, NotFound),
        ),
        Endpoint(
            "DELETE",
            _ONE,
            revoke_worker,
            "Revoke a worker, or take a revoked one out of the list",
            {204: None},
            Role.ADMIN,
            query=Removal,
            errors=(Conflict, Forbidden, NotFound),
        ),
    )


def _asked(
    name: str,
    handler: Handler,
    summary: str,
    answers: dict[int, type | None],
    body: type | None = None,
) -> Endpoint:
    """An endpoint for workers."""
    return Endpoint(
        "POST",
        f"/workers/{name}",
        handler,
        summary,
        answers,
        Role.VIEWER,
        body=body,
        body_limit=_SIGN_BYTES,
        errors=(Forbidden,),
        worker=True,
    )
