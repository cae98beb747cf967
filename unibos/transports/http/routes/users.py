"""Users of the org; for admins."""

from msgspec import Struct

from unibos.base.errors import Conflict, Forbidden, Invalid, NotFound
from unibos.core.identity.scope import Role, Scope
from unibos.core.identity.users import User, UserChange, UserPage, Users
from unibos.core.module.endpoint import Answer, Call, Endpoint, Listing
from unibos.transports.http.routes.auth import Email, Name, Password


class UserIn(Struct, frozen=True, forbid_unknown_fields=True):
    """A new account; its owner should change the password at the first login."""

    email: Email
    name: Name
    password: Password
    role: Role = Role.MEMBER


class NewPassword(Struct, frozen=True, forbid_unknown_fields=True):
    """A password that an admin gives."""

    password: Password


def endpoints(users: Users) -> tuple[Endpoint, ...]:
    """The endpoints over one instance's accounts."""

    async def list_users(scope: Scope, call: Call) -> Answer:
        return Answer(await users.page(scope, call.query.limit, call.query.cursor))

    async def create_user(scope: Scope, call: Call) -> Answer:
        body: UserIn = call.body
        return Answer(
            await users.create(scope, body.email, body.name, body.password, body.role), 201
        )

    async def get_user(scope: Scope, call: Call) -> Answer:
        return Answer(await users.get(scope, call.path["id"]))

    async def change_user(scope: Scope, call: Call) -> Answer:
        return Answer(await users.change(scope, call.path["id"], call.body))

    async def set_password(scope: Scope, call: Call) -> Answer:
        await users.set_password(scope, call.path["id"], call.body.password)
        return Answer(status=204)

    async def end_sessions(scope: Scope, call: Call) -> Answer:
        await users.end_sessions(scope, call.path["id"])
        return Answer(status=204)

    async def remove_user(scope: Scope, call: Call) -> Answer:
        await users.remove(scope, call.path["id"])
        return Answer(status=204)

    errors = (Conflict, Forbidden, Invalid, NotFound)
    one = "/users/{id}"
    return (
        Endpoint(
            "GET",
            "/users",
            list_users,
            "List users",
            {200: UserPage},
            Role.ADMIN,
            query=Listing,
            errors=errors,
        ),
        Endpoint(
            "POST",
            "/users",
            create_user,
            "Make an account",
            {201: User},
            Role.ADMIN,
            body=UserIn,
            errors=errors,
        ),
        Endpoint("GET", one, get_user, "Read an account", {200: User}, Role.VIEWER, errors=errors),
        Endpoint(
            "PATCH",
            one,
            change_user,
            "Change an account",
            {200: User},
            Role.VIEWER,
            body=UserChange,
            errors=errors,
        ),
        Endpoint(
            "DELETE",
            one,
            remove_user,
            "Take a user out of the org",
            {204: None},
            Role.ADMIN,
            errors=errors,
        ),
        Endpoint(
            "PUT",
            "/users/{id}/password",
            set_password,
            "Give a user a new password",
            {204: None},
            Role.ADMIN,
            body=NewPassword,
            errors=errors,
        ),
        Endpoint(
            "DELETE",
            "/users/{id}/sessions",
            end_sessions,
            "Log a user out everywhere",
            {204: None},
            Role.ADMIN,
            errors=errors,
        ),
    )
