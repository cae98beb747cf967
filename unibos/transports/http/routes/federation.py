"""What a node passes on to its hub for a user: login, refresh, logout, a new password."""

from unibos.base.errors import Forbidden, Invalid, TooMany
from unibos.core.identity.federation.hub import FederationHub
from unibos.core.identity.link import (
    FederatedLogin,
    FederatedLogout,
    FederatedPassword,
    FederatedRefresh,
)
from unibos.core.identity.login import Login
from unibos.core.identity.scope import Role, Scope
from unibos.core.module.endpoint import Answer, Call, Endpoint


def endpoints(federation: FederationHub) -> tuple[Endpoint, ...]:
    """The endpoints of one hub, for its nodes."""

    async def log_in(scope: Scope, call: Call) -> Answer:
        return Answer(await federation.login(scope, call.body))

    async def refresh(scope: Scope, call: Call) -> Answer:
        return Answer(await federation.refresh(scope, call.body))

    async def log_out(scope: Scope, call: Call) -> Answer:
        await federation.logout(scope, call.body)
        return Answer(status=204)

    async def change_password(scope: Scope, call: Call) -> Answer:
        return Answer(await federation.password(scope, call.body))

    return (
        Endpoint(
            "POST",
            "/federation/login",
            log_in,
            "Begin a session of a user of the node's org",
            {200: Login},
            Role.VIEWER,
            body=FederatedLogin,
            errors=(Forbidden, TooMany),
            machine=True,
        ),
        Endpoint(
            "POST",
            "/federation/refresh",
            refresh,
            "Exchange a refresh token of the node's org",
            {200: Login},
            Role.VIEWER,
            body=FederatedRefresh,
            errors=(Forbidden,),
            machine=True,
        ),
        Endpoint(
            "POST",
            "/federation/logout",
            log_out,
            "End a session of the node's org, or all of its user's",
            {204: None},
            Role.VIEWER,
            body=FederatedLogout,
            machine=True,
        ),
        Endpoint(
            "POST",
            "/federation/password",
            change_password,
            "Change the password of a user of the node's org",
            {200: Login},
            Role.VIEWER,
            body=FederatedPassword,
            errors=(Forbidden, Invalid, TooMany),
            machine=True,
        ),
    )
