"""What a node asks of its hub again and again, with its machine token."""

import logging

from msgspec import Struct

from unibos.base.errors import Forbidden
from unibos.core.identity.link import Pulse, Report
from unibos.core.identity.registry.nodes import Registry
from unibos.core.identity.scope import Role, Scope
from unibos.core.module.endpoint import Answer, Call, Endpoint

log = logging.getLogger(__name__)

_BODY_LIMIT = 8 * 1024


class SignedList(Struct, frozen=True):
    """The org's list of revocations, signed by the hub (``revocations+jwt``)."""

    revocations: str


def endpoints(registry: Registry) -> tuple[Endpoint, ...]:
    """The endpoints of one hub, for its nodes."""

    async def heartbeat(scope: Scope, call: Call) -> Answer:
        return Answer(await registry.heartbeat(scope, call.body))

    async def revocations(scope: Scope, call: Call) -> Answer:
        return Answer(SignedList(registry.revocations(scope)))

    async def leave(scope: Scope, call: Call) -> Answer:
        await registry.leave(scope)
        log.info("node left", extra={"node": scope.principal.id, "org": scope.org})
        return Answer(status=204)

    return (
        Endpoint(
            "POST",
            "/heartbeat",
            heartbeat,
            "Tell that the node lives, hear what has changed",
            {200: Pulse},
            Role.VIEWER,
            body=Report,
            body_limit=_BODY_LIMIT,
            errors=(Forbidden,),
            machine=True,
        ),
        Endpoint(
            "GET",
            "/federation/revocations",
            revocations,
            "The org's signed list of what is revoked",
            {200: SignedList},
            Role.VIEWER,
            errors=(Forbidden,),
            machine=True,
        ),
        Endpoint(
            "POST",
            "/leave",
            leave,
            "Be a node of the org no longer",
            {204: None},
            Role.VIEWER,
            errors=(Forbidden,),
            machine=True,
        ),
    )
