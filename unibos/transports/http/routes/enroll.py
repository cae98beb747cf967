"""How an instance becomes a node of a hub: what the hub is, and the joining itself."""

import logging

from msgspec import Struct

from unibos.base.errors import Conflict, Forbidden, Invalid, TooMany, Unauthenticated
from unibos.core.identity.link import Enrolled, Enrollment
from unibos.core.identity.registry.nodes import Registry
from unibos.core.module.endpoint import Answer, Call, Endpoint

log = logging.getLogger(__name__)

WELL_KNOWN_PATH = "/.well-known/unibos"
_BODY_LIMIT = 16 * 1024


class WellKnown(Struct, frozen=True):
    """What a hub says of itself: its instance id, its name, the signed statement (``hub+jwt``)."""

    hub: str
    name: str
    statement: str


def endpoints(registry: Registry) -> tuple[Endpoint, ...]:
    """The endpoints that an instance asks before it is a node."""

    async def well_known(call: Call) -> Answer:
        told = WellKnown(registry.hub, registry.name, registry.statement())
        return Answer(told, headers={"cache-control": "no-store"})

    async def enroll(call: Call) -> Answer:
        asked: Enrollment = call.body
        enrolled = await registry.enroll(asked, call.address)
        facts = {"node": enrolled.pulse.name, "org": enrolled.pulse.org.id}
        log.info("node joined", extra={**facts, "address": call.address})
        return Answer(enrolled, 201)

    return (
        Endpoint(
            "GET",
            WELL_KNOWN_PATH,
            well_known,
            "What the hub says of itself, signed",
            {200: WellKnown},
            None,
            root=True,
        ),
        Endpoint(
            "POST",
            "/enroll",
            enroll,
            "Make an instance a node of the join token's org",
            {201: Enrolled},
            None,
            body=Enrollment,
            body_limit=_BODY_LIMIT,
            errors=(Conflict, Forbidden, Invalid, TooMany, Unauthenticated),
        ),
    )
