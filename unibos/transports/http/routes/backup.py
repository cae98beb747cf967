"""Copies of the database for backups: made by the process that owns it, read by `unibos backup`.

Where a copy lies is told, not sent: whoever makes backups runs on the same machine.
"""

import asyncio

from msgspec import Struct

from unibos.base.errors import Conflict, NotFound
from unibos.core.identity.scope import Role, Scope
from unibos.core.module.endpoint import Answer, Call, Endpoint
from unibos.core.store.copies import Copies, Copying


class Failure(Struct, frozen=True):
    """Why there is no copy."""

    code: str
    detail: str
    hint: str


class DatabaseCopy(Struct, frozen=True, kw_only=True):
    """``state`` is ``running``, ``done`` or ``failed``; ``done`` and ``total`` are in bytes.

    ``path`` is where it lies on the machine once it is done.
    """

    state: str
    done: int
    total: int
    path: str | None
    error: Failure | None


def endpoints(copies: Copies) -> tuple[Endpoint, ...]:
    """The endpoints of one database."""

    async def start(scope: Scope, call: Call) -> Answer:
        scope.require_operator()
        return Answer(_shown(copies.start()), 202)

    async def look(scope: Scope, call: Call) -> Answer:
        scope.require_operator()
        return Answer(_shown(copies.present()))

    async def remove(scope: Scope, call: Call) -> Answer:
        scope.require_operator()
        await asyncio.to_thread(copies.remove)
        return Answer(None, 204)

    path = "/backup/copy"
    return (
        Endpoint(
            "POST",
            path,
            start,
            "Begin a copy of the database for a backup",
            {202: DatabaseCopy},
            Role.OWNER,
            errors=(Conflict,),
        ),
        Endpoint(
            "GET",
            path,
            look,
            "How far the copy of the database is",
            {200: DatabaseCopy},
            Role.OWNER,
            errors=(NotFound,),
        ),
        Endpoint(
            "DELETE", path, remove, "Remove the copy of the database", {204: None}, Role.OWNER
        ),
    )


def _shown(copying: Copying) -> DatabaseCopy:
    error = copying.error
    return DatabaseCopy(
        state=copying.state,
        done=copying.done,
        total=copying.total,
        path=str(copying.path) if copying.path else None,
        error=Failure(error.code, error.detail, error.hint) if error else None,
    )
