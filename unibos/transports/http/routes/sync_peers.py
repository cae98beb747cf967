"""Peers of the org's sync that are not to be waited for any more."""

import logging

from unibos.base.errors import NotFound
from unibos.core.identity.scope import Role, Scope
from unibos.core.module.endpoint import Answer, Call, Endpoint
from unibos.core.sync import collecting

log = logging.getLogger(__name__)


async def forget_peer(scope: Scope, call: Call) -> Answer:
    """Wait for a peer no more."""
    id_ = call.path["id"]
    await scope.store.awrite(lambda tx: collecting.forget(tx, id_))
    log.warning("peer forgotten", extra={"peer": id_, "by": scope.principal.id})
    return Answer(status=204)


ENDPOINTS = (
    Endpoint(
        "DELETE",
        "/sync/peers/{id}",
        forget_peer,
        "Wait no more for a peer that does not come back",
        {204: None},
        Role.ADMIN,
        errors=(NotFound,),
    ),
)
