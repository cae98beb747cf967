"""Jobs that nodes hand over to the hub's workers. Asked by nodes only, with a machine token."""

from typing import Annotated

from msgspec import Meta, Struct

from unibos.base.errors import (
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
    StorageFull,
    TooLarge,
    TooMany,
    Unavailable,
)
from unibos.core.identity.scope import Role, Scope
from unibos.core.jobs.handing.keeping import Keeping
from unibos.core.jobs.handing.messages import Handover, HandoverIn, Handovers, Watch
from unibos.core.module.endpoint import Answer, Call, Endpoint, File, FileAnswer, Media
from unibos.core.store.store import OrgStore
from unibos.transports.http.parts import Part, declared, part_of, within

_ONE = "/handovers/{job}"
_WATCH_BYTES = 1024 * 1024


class OfAttempt(Struct, frozen=True, forbid_unknown_fields=True):
    """Which of the job's attempts."""

    attempt: Annotated[int, Meta(ge=1)]


class DropQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Which of the job's attempts is to be forgotten.

    :param unless_running: leave it where a worker has it, or had it.
    """

    attempt: Annotated[int, Meta(ge=1)]
    unless_running: bool = False


class Dropped(Struct, frozen=True):
    """Whether the hub has forgotten the job."""

    dropped: bool


def endpoints(keeping: Keeping, limit: int) -> tuple[Endpoint, ...]:
    """The endpoints of one hub, for its nodes.

    :param limit: the most bytes of an input.
    """

    async def hand(scope: Scope, call: Call) -> Answer:
        """Take a job over, or tell how the same attempt of it stands."""
        return Answer(await keeping.hand(*_who(scope), call.path["job"], call.body))

    async def put_input(scope: Scope, call: Call) -> Answer:
        """Take the bytes to work on, or the rest of them (``Content-Range``)."""
        size = declared(call.headers) or 0
        part = part_of(call.headers, empty=True) or Part(0, size - 1, size)
        job, attempt = call.path["job"], call.query.attempt
        chunks = within(call.body.chunks(), part)
        await keeping.receive(*_who(scope), job, attempt, part.first, chunks)
        return Answer(status=204)

    async def watch(scope: Scope, call: Call) -> Answer:
        """Answer when something is not as the node knows it, or after the time that it says."""
        return Answer(await keeping.watch(*_who(scope), call.body))

    async def get(scope: Scope, call: Call) -> Answer:
        """How a job stands, and what came of it."""
        return Answer(await keeping.get(*_who(scope), call.path["job"], call.query.attempt))

    async def get_output(scope: Scope, call: Call) -> FileAnswer:
        """A file that the work made, or a range of it."""
        name = call.path["name"]
        path = keeping.output(*_who(scope), call.path["job"], call.query.attempt, name)
        return FileAnswer(path, "application/octet-stream", f'"{path.name}"', name)

    async def drop(scope: Scope, call: Call) -> Answer:
        """Forget a job; what was never here is forgotten, too."""
        dropped = await keeping.drop(
            *_who(scope),
            call.path["job"],
            call.query.attempt,
            unless_running=call.query.unless_running,
        )
        return Answer(Dropped(dropped))

    return (
        # Before the paths of single jobs, which it fits as well.
        Endpoint(
            "POST",
            "/handovers/watch",
            watch,
            "Be told when something happens to what was handed over",
            {200: Handovers},
            Role.VIEWER,
            body=Watch,
            body_limit=_WATCH_BYTES,
            machine=True,
        ),
        Endpoint(
            "PUT",
            _ONE,
            hand,
            "Hand a job over to the hub's workers",
            {200: Handover},
            Role.VIEWER,
            body=HandoverIn,
            errors=(Conflict, Forbidden, Invalid, TooLarge, TooMany, StorageFull),
            machine=True,
        ),
        Endpoint(
            "PUT",
            f"{_ONE}/input",
            put_input,
            "Send the bytes to work on, or the rest of them",
            {204: None},
            Role.VIEWER,
            query=OfAttempt,
            body=File(limit),
            errors=(Conflict, Forbidden, Invalid, NotFound, StorageFull, TooLarge, Unavailable),
            machine=True,
        ),
        Endpoint(
            "GET",
            _ONE,
            get,
            "How a job stands that was handed over, with its result",
            {200: Handover},
            Role.VIEWER,
            query=OfAttempt,
            machine=True,
        ),
        Endpoint(
            "GET",
            f"{_ONE}/outputs/{{name}}",
            get_output,
            "Fetch a file that the work made",
            {200: Media(), 206: Media(), 304: None, 416: None},
            Role.VIEWER,
            query=OfAttempt,
            errors=(NotFound, Unavailable),
            machine=True,
        ),
        Endpoint(
            "DELETE",
            _ONE,
            drop,
            "Have the hub forget a job with all that came with it",
            {200: Dropped},
            Role.VIEWER,
            query=DropQuery,
            machine=True,
        ),
    )


def _who(scope: Scope) -> tuple[OrgStore, str]:
    """The org's store, and which node asks.

    :raises Forbidden: ``node_required``: it is none.
    """
    if scope.principal.kind != "node":
        raise Forbidden("node_required", "Only nodes hand jobs over.")
    return scope.store, scope.principal.id
