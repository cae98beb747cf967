"""Invitations into an org; for admins, and for who has the link."""

import logging
from typing import Annotated

from msgspec import Meta, Struct

from unibos.base.errors import Conflict, Forbidden, Invalid, NotFound, TooMany, Unauthenticated
from unibos.core.identity.identity import Identity
from unibos.core.identity.invitations import InvitationMade, InvitationPage
from unibos.core.identity.login import Login
from unibos.core.identity.scope import Role, Scope
from unibos.core.module.endpoint import Answer, Call, Endpoint, Listing
from unibos.transports.http.routes.auth import Email, Name, Password

log = logging.getLogger(__name__)


class InvitationIn(Struct, frozen=True, forbid_unknown_fields=True):
    """Whom to invite, and as what."""

    email: Email
    role: Role = Role.MEMBER


class Acceptance(Struct, frozen=True, forbid_unknown_fields=True):
    """What is behind ``/invitation/`` in the link, and the password of the invited address: of
    the account that it has, or for the one that it gets. ``name`` is for a new one."""

    invitation: Annotated[str, Meta(max_length=200)]
    password: Password
    name: Name = ""


def endpoints(identity: Identity) -> tuple[Endpoint, ...]:
    """The endpoints over one hub's invitations."""
    invitations = identity.invitations

    async def list_invitations(scope: Scope, call: Call) -> Answer:
        return Answer(await invitations.page(scope, call.query.limit, call.query.cursor))

    async def create_invitation(scope: Scope, call: Call) -> Answer:
        return Answer(await invitations.create(scope, call.body.email, call.body.role), 201)

    async def revoke_invitation(scope: Scope, call: Call) -> Answer:
        await invitations.revoke(scope, call.path["id"])
        return Answer(status=204)

    async def accept(call: Call) -> Answer:
        body: Acceptance = call.body
        login = await invitations.accept(body.invitation, body.name, body.password, call.address)
        log.info("invitation accepted", extra={"user": login.user.id, "org": login.user.org})
        return Answer(login)

    errors = (Conflict, Forbidden, Invalid, NotFound)
    return (
        Endpoint(
            "POST",
            "/invitations/accept",
            accept,
            "Accept an invitation, and log in",
            {200: Login},
            None,
            body=Acceptance,
            errors=(*errors, TooMany, Unauthenticated),
        ),
        Endpoint(
            "GET",
            "/invitations",
            list_invitations,
            "List open invitations",
            {200: InvitationPage},
            Role.ADMIN,
            query=Listing,
            errors=errors,
        ),
        Endpoint(
            "POST",
            "/invitations",
            create_invitation,
            "Invite somebody into the org",
            {201: InvitationMade},
            Role.ADMIN,
            body=InvitationIn,
            errors=errors,
        ),
        Endpoint(
            "DELETE",
            "/invitations/{id}",
            revoke_invitation,
            "Take an invitation back",
            {204: None},
            Role.ADMIN,
            errors=errors,
        ),
    )
