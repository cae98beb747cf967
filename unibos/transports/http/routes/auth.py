"""Setup, login, refresh, logout, password, and who one is."""

import logging
from typing import Annotated

from msgspec import Meta, Struct

from unibos.base.errors import Conflict, Forbidden, Invalid, TooMany, Unauthenticated
from unibos.core.identity.federation.node import Federation
from unibos.core.identity.identity import Identity
from unibos.core.identity.login import Login, Me
from unibos.core.identity.scope import Role, Scope
from unibos.core.module.endpoint import Answer, Call, Endpoint

log = logging.getLogger(__name__)

Email = Annotated[str, Meta(max_length=254)]
Name = Annotated[str, Meta(max_length=200)]
Password = Annotated[str, Meta(max_length=1024)]


class Setup(Struct, frozen=True, forbid_unknown_fields=True):
    """The first owner; the code stands in the journal and in the data folder's ``setup-code``."""

    setup_code: Annotated[str, Meta(max_length=64)]
    email: Email
    name: Name
    password: Password


class Credentials(Struct, frozen=True, forbid_unknown_fields=True):
    """What one logs in with; ``org``, by id or slug, is for who belongs to several."""

    email: Email
    password: Password
    org: Annotated[str, Meta(max_length=64)] = ""


class Refresh(Struct, frozen=True, forbid_unknown_fields=True):
    """A refresh token; good for once."""

    refresh_token: Annotated[str, Meta(max_length=1024)]


class PasswordChange(Struct, frozen=True, forbid_unknown_fields=True):
    """The present password, and the one that it becomes."""

    current_password: Password
    new_password: Password


class LogoutQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Which sessions end."""

    everywhere: bool = False


def endpoints(identity: Identity | Federation) -> tuple[Endpoint, ...]:
    """The endpoints of one instance's identity."""

    async def setup(call: Call) -> Answer:
        body: Setup = call.body
        login = await identity.setup(
            body.setup_code, body.email, body.name, body.password, call.address
        )
        return Answer(login, 201)

    async def log_in(call: Call) -> Answer:
        body: Credentials = call.body
        login = await identity.login(body.email, body.password, call.address, body.org)
        log.info("logged in", extra={"user": login.user.id, "address": call.address})
        return Answer(login)

    async def refresh(call: Call) -> Answer:
        return Answer(await identity.refresh(call.body.refresh_token))

    async def log_out(scope: Scope, call: Call) -> Answer:
        await identity.logout(scope, everywhere=call.query.everywhere)
        return Answer(status=204)

    async def change_password(scope: Scope, call: Call) -> Answer:
        body: PasswordChange = call.body
        return Answer(
            await identity.change_password(
                scope, body.current_password, body.new_password, call.address
            )
        )

    async def me(scope: Scope, call: Call) -> Answer:
        return Answer(identity.me(scope))

    return (
        Endpoint(
            "POST",
            "/setup",
            setup,
            "Make the first owner",
            {201: Login},
            None,
            body=Setup,
            errors=(Conflict, Invalid, TooMany, Unauthenticated),
        ),
        Endpoint(
            "POST",
            "/auth/login",
            log_in,
            "Begin a session",
            {200: Login},
            None,
            body=Credentials,
            errors=(Forbidden, TooMany, Unauthenticated),
        ),
        Endpoint(
            "POST",
            "/auth/refresh",
            refresh,
            "Exchange a refresh token for a new pair",
            {200: Login},
            None,
            body=Refresh,
            errors=(Forbidden, Unauthenticated),
        ),
        Endpoint(
            "POST",
            "/auth/logout",
            log_out,
            "End the session",
            {204: None},
            Role.VIEWER,
            query=LogoutQuery,
            errors=(Forbidden,),
        ),
        Endpoint(
            "POST",
            "/auth/password",
            change_password,
            "Change one's own password; every session ends and a new one begins",
            {200: Login},
            Role.VIEWER,
            body=PasswordChange,
            errors=(Forbidden, Invalid, TooMany),
        ),
        Endpoint("GET", "/me", me, "Who asks", {200: Me}, Role.VIEWER),
    )
