"""A node's users of its hub: linked to the node's own accounts, and forgotten."""

from msgspec import Struct

from unibos.base.errors import Conflict, Forbidden, NotFound, TooMany, Unavailable
from unibos.core.identity.federation.joining import not_joined
from unibos.core.identity.federation.linking import Linking
from unibos.core.identity.federation.node import Federation
from unibos.core.identity.identity import Identity
from unibos.core.identity.scope import Role, Scope
from unibos.core.module.endpoint import Answer, Call, Endpoint
from unibos.transports.http.routes.auth import Email, Password


class OtherAccount(Struct, frozen=True, forbid_unknown_fields=True):
    """The other account of the same person: of the hub, or of the node."""

    email: Email
    password: Password


class Forgotten(Struct, frozen=True):
    """How many users could have logged in without the hub."""

    forgotten: int


def endpoints(accounts: Identity | Federation) -> tuple[Endpoint, ...]:
    """The endpoints of one node; without a hub they answer 409 ``not_joined``."""

    def federation() -> Federation:
        if isinstance(accounts, Federation):
            return accounts
        raise not_joined()

    async def link(scope: Scope, call: Call) -> Answer:
        other: OtherAccount = call.body
        linking = Linking(federation())
        await linking.link(scope, other.email, other.password, call.address)
        return Answer(status=204)

    async def unlink(scope: Scope, call: Call) -> Answer:
        await Linking(federation()).unlink(scope)
        return Answer(status=204)

    async def forget(scope: Scope, call: Call) -> Answer:
        return Answer(Forgotten(await federation().forget_logins(scope)))

    return (
        Endpoint(
            "POST",
            "/me/link",
            link,
            "Be one person with two accounts: the node's and the hub's",
            {204: None},
            Role.VIEWER,
            body=OtherAccount,
            errors=(Conflict, Forbidden, TooMany, Unavailable),
        ),
        Endpoint(
            "DELETE",
            "/me/link",
            unlink,
            "Part the two accounts again",
            {204: None},
            Role.VIEWER,
            errors=(Conflict, NotFound),
        ),
        Endpoint(
            "DELETE",
            "/hub/logins",
            forget,
            "Let nobody log in without the hub until they have logged in with it again",
            {200: Forgotten},
            Role.OWNER,
            errors=(Conflict,),
        ),
    )
