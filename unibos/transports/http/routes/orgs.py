"""The orgs of a hub, and those of who asks."""

from typing import Annotated

from msgspec import Meta, Struct

from unibos.base.errors import Conflict, Forbidden, Invalid, NotFound
from unibos.core.identity.identity import Identity
from unibos.core.identity.login import Login
from unibos.core.identity.org_shapes import MyOrgs, Org, OrgChange, OrgNew, OrgPage
from unibos.core.identity.orgs import OrgMade
from unibos.core.identity.scope import Role, Scope
from unibos.core.module.endpoint import Answer, Call, Endpoint, Listing

Name = Annotated[str, Meta(max_length=64)]


class Switch(Struct, frozen=True, forbid_unknown_fields=True):
    """Which org to work in, by id or slug."""

    org: Name


class Transfer(Struct, frozen=True, forbid_unknown_fields=True):
    """The member who is to own the org, by id."""

    user: Name


class Confirmation(Struct, frozen=True, forbid_unknown_fields=True):
    """The org's slug, to show that this one is meant."""

    slug: Name


def endpoints(identity: Identity) -> tuple[Endpoint, ...]:
    """The endpoints over one hub's orgs."""
    orgs = identity.orgs

    async def list_orgs(scope: Scope, call: Call) -> Answer:
        return Answer(await orgs.page(scope, call.query.limit, call.query.cursor))

    async def create_org(scope: Scope, call: Call) -> Answer:
        return Answer(await orgs.create(scope, call.body), 201)

    async def get_org(scope: Scope, call: Call) -> Answer:
        return Answer(await orgs.get(scope, call.path["id"]))

    async def change_org(scope: Scope, call: Call) -> Answer:
        return Answer(await orgs.change(scope, call.path["id"], call.body))

    async def delete_org(scope: Scope, call: Call) -> Answer:
        return Answer(await orgs.delete(scope, call.path["id"], call.query.slug), 202)

    async def restore_org(scope: Scope, call: Call) -> Answer:
        return Answer(await orgs.restore(scope, call.path["id"]))

    async def transfer_org(scope: Scope, call: Call) -> Answer:
        return Answer(await orgs.transfer(scope, call.path["id"], call.body.user))

    async def my_orgs(scope: Scope, call: Call) -> Answer:
        return Answer(await orgs.mine(scope))

    async def switch(scope: Scope, call: Call) -> Answer:
        return Answer(await identity.switch(scope, call.body.org))

    errors = (Conflict, Forbidden, Invalid, NotFound)
    one = "/orgs/{id}"
    return (
        Endpoint(
            "GET",
            "/orgs",
            list_orgs,
            "List all orgs of the hub; for its operator",
            {200: OrgPage},
            Role.OWNER,
            query=Listing,
            errors=errors,
        ),
        Endpoint(
            "POST",
            "/orgs",
            create_org,
            "Make an org and invite its owner; for the hub's operator",
            {201: OrgMade},
            Role.OWNER,
            body=OrgNew,
            errors=errors,
        ),
        Endpoint("GET", one, get_org, "Read an org", {200: Org}, Role.VIEWER, errors=errors),
        Endpoint(
            "PATCH",
            one,
            change_org,
            "Change an org; plan and limits are for the hub's operator",
            {200: Org},
            Role.ADMIN,
            body=OrgChange,
            errors=errors,
        ),
        Endpoint(
            "DELETE",
            one,
            delete_org,
            "Close an org; in 30 days all that it has is deleted",
            {202: Org},
            Role.OWNER,
            query=Confirmation,
            errors=errors,
        ),
        Endpoint(
            "POST",
            "/orgs/{id}/restore",
            restore_org,
            "Open a closed org again",
            {200: Org},
            Role.OWNER,
            errors=errors,
        ),
        Endpoint(
            "POST",
            "/orgs/{id}/transfer",
            transfer_org,
            "Give the org to another member",
            {200: Org},
            Role.OWNER,
            body=Transfer,
            errors=errors,
        ),
        Endpoint("GET", "/me/orgs", my_orgs, "The orgs of who asks", {200: MyOrgs}, Role.VIEWER),
        Endpoint(
            "POST",
            "/auth/org",
            switch,
            "Begin a session in another of one's orgs",
            {200: Login},
            Role.VIEWER,
            body=Switch,
            errors=(Forbidden, NotFound),
        ),
    )
