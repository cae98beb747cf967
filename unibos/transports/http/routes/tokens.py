"""Join tokens of the org; for admins."""

import logging

from unibos.base.errors import Conflict, Forbidden, Invalid, NotFound, Unavailable
from unibos.core.identity.registry.join_tokens import (
    JoinTokenIn,
    JoinTokenPage,
    JoinTokens,
    MadeJoinToken,
)
from unibos.core.identity.scope import Role, Scope
from unibos.core.module.endpoint import Answer, Call, Endpoint, Listing

log = logging.getLogger(__name__)


def endpoints(tokens: JoinTokens) -> tuple[Endpoint, ...]:
    """The endpoints over one hub's join tokens."""

    async def list_tokens(scope: Scope, call: Call) -> Answer:
        return Answer(await tokens.page(scope, call.query.limit, call.query.cursor))

    async def create_token(scope: Scope, call: Call) -> Answer:
        made = await tokens.create(scope, call.body)
        log.info("join token made", extra={"id": made.id, "by": scope.principal.id})
        return Answer(made, 201)

    async def revoke_token(scope: Scope, call: Call) -> Answer:
        await tokens.revoke(scope, call.path["id"])
        return Answer(status=204)

    return (
        Endpoint(
            "GET",
            "/tokens",
            list_tokens,
            "List join tokens",
            {200: JoinTokenPage},
            Role.ADMIN,
            query=Listing,
            errors=(Forbidden, Invalid),
        ),
        Endpoint(
            "POST",
            "/tokens",
            create_token,
            "Make a join token; its secret is shown this once",
            {201: MadeJoinToken},
            Role.ADMIN,
            body=JoinTokenIn,
            errors=(Conflict, Forbidden, Invalid, Unavailable),
        ),
        Endpoint(
            "DELETE",
            "/tokens/{id}",
            revoke_token,
            "Revoke a join token",
            {204: None},
            Role.ADMIN,
            errors=(Forbidden, NotFound),
        ),
    )
