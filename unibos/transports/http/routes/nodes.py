"""Nodes of the org: who they are, how they do; renaming and revoking them is for admins."""

import logging

from msgspec import Struct

from unibos.base.errors import Conflict, Forbidden, Invalid, NotFound
from unibos.core.identity.registry.node_shapes import Node, NodeChange, NodePage
from unibos.core.identity.registry.nodes import Registry
from unibos.core.identity.scope import Role, Scope
from unibos.core.module.endpoint import Answer, Call, Endpoint, Listing

log = logging.getLogger(__name__)


class Removal(Struct, frozen=True, forbid_unknown_fields=True):
    """``purge`` takes a node that was revoked out of the list."""

    purge: bool = False


def endpoints(registry: Registry) -> tuple[Endpoint, ...]:
    """The endpoints over one hub's nodes."""

    async def list_nodes(scope: Scope, call: Call) -> Answer:
        return Answer(await registry.page(scope, call.query.limit, call.query.cursor))

    async def get_node(scope: Scope, call: Call) -> Answer:
        return Answer(await registry.get(scope, call.path["id"]))

    async def change_node(scope: Scope, call: Call) -> Answer:
        return Answer(await registry.rename(scope, call.path["id"], call.body.name))

    async def revoke_node(scope: Scope, call: Call) -> Answer:
        id_ = call.path["id"]
        if call.query.purge:
            await registry.remove(scope, id_)
        else:
            await registry.revoke(scope, id_)
            log.warning("node revoked", extra={"node": id_, "by": scope.principal.id})
        return Answer(status=204)

    one = "/nodes/{id}"
    return (
        Endpoint(
            "GET",
            "/nodes",
            list_nodes,
            "List the org's nodes",
            {200: NodePage},
            Role.MEMBER,
            query=Listing,
            errors=(Invalid,),
        ),
        Endpoint("GET", one, get_node, "Read a node", {200: Node}, Role.MEMBER, errors=(NotFound,)),
        Endpoint(
            "PATCH",
            one,
            change_node,
            "Rename a node",
            {200: Node},
            Role.ADMIN,
            body=NodeChange,
            errors=(Conflict, Forbidden, Invalid, NotFound),
        ),
        Endpoint(
            "DELETE",
            one,
            revoke_node,
            "Revoke a node, or take a revoked one out of the list",
            {204: None},
            Role.ADMIN,
            query=Removal,
            errors=(Conflict, Forbidden, NotFound),
        ),
    )
