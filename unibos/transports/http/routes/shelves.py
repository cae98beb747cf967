"""Shelves: where instances put their encrypted backups (:mod:`unibos.core.store.shelves`)."""

import asyncio
from typing import Annotated

from msgspec import Meta, Struct

from unibos.base.errors import Conflict, Invalid, NotFound, StorageFull, TooLarge
from unibos.core.identity.scope import Role, Scope
from unibos.core.module.endpoint import Answer, Call, Endpoint, File, FileAnswer, Media
from unibos.core.store.shelf_locks import SECONDS
from unibos.core.store.shelves import Shelf, Shelves

LOCK = "unibos-lock"
_FILE_BYTES = 2**40
_ONE = "/shelves/{shelf}"
_FILE = f"{_ONE}/files/{{file}}"
_KINDS = (Conflict, Invalid, NotFound)


class ShelfOut(Struct, frozen=True):
    """A shelf of the org."""

    name: str


class ShelvesOut(Struct, frozen=True):
    """The org's shelves."""

    items: list[ShelfOut]


class FilesQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Where to go on."""

    limit: Annotated[int, Meta(ge=1, le=1000, description="The most items in one answer.")] = 1000
    cursor: Annotated[str, Meta(max_length=64, description="`next` of the page before.")] = ""


class ShelfFile(Struct, frozen=True):
    """A file that is whole; its size in bytes."""

    name: str
    size: int


class Files(Struct, frozen=True):
    """Files of a shelf; ``next`` is null on the last page."""

    items: list[ShelfFile]
    next: str | None


class LockIn(Struct, frozen=True, forbid_unknown_fields=True):
    """How a shelf is to be held: alone to write, with others to read."""

    alone: bool


class LockOut(Struct, frozen=True):
    """A lock, and the seconds of silence after which it ends."""

    lock: str
    seconds: int


def endpoints(shelves: Shelves) -> tuple[Endpoint, ...]:
    """The endpoints of one hub."""
    return (*_looking(shelves), *_locking(shelves), *_reading(shelves), *_writing(shelves))


def _looking(shelves: Shelves) -> tuple[Endpoint, ...]:
    async def names(scope: Scope, call: Call) -> Answer:
        """The shelves that hold something."""
        found = await asyncio.to_thread(shelves.names, scope.org)
        return Answer(ShelvesOut([ShelfOut(name) for name in found]))

    async def files(scope: Scope, call: Call) -> Answer:
        """The files on a shelf."""
        shelf, asked = _meant(shelves, scope, call), call.query
        found = await asyncio.to_thread(shelves.files, shelf, asked.cursor, asked.limit)
        items = [ShelfFile(name, size) for name, size in found]
        return Answer(Files(items, items[-1].name if len(items) == asked.limit else None))

    return (
        Endpoint(
            "GET", "/shelves", names, "The org's shelves", {200: ShelvesOut}, errors=(NotFound,)
        ),
        Endpoint(
            "GET",
            f"{_ONE}/files",
            files,
            "The files on a shelf",
            {200: Files},
            query=FilesQuery,
            errors=(Invalid, NotFound),
        ),
    )


def _locking(shelves: Shelves) -> tuple[Endpoint, ...]:
    async def lock(scope: Scope, call: Call) -> Answer:
        """Hold a shelf; it need not be there yet."""
        taken = shelves.locks.take(_meant(shelves, scope, call), alone=call.body.alone)
        return Answer(LockOut(taken, SECONDS), 201)

    async def unlock(scope: Scope, call: Call) -> Answer:
        """Let it go."""
        shelves.locks.give_back(_meant(shelves, scope, call), call.path["lock"])
        return Answer(None, 204)

    return (
        Endpoint(
            "POST",
            f"{_ONE}/locks",
            lock,
            "Hold a shelf, to read or to write",
            {201: LockOut},
            body=LockIn,
            errors=_KINDS,
        ),
        Endpoint(
            "DELETE",
            f"{_ONE}/locks/{{lock}}",
            unlock,
            "Let a shelf go",
            {204: None},
            errors=_KINDS,
        ),
    )


def _reading(shelves: Shelves) -> tuple[Endpoint, ...]:
    async def get(scope: Scope, call: Call) -> FileAnswer:
        """The bytes of a file."""
        shelf, name = _meant(shelves, scope, call), call.path["file"]
        if LOCK in call.headers:
            shelves.locks.require(shelf, call.headers[LOCK])
        path = shelves.path(shelf, name)
        etag = f'"{name}-{path.stat().st_mtime_ns:x}"'
        return FileAnswer(path, "application/octet-stream", etag, name)

    return (
        Endpoint(
            "GET",
            _FILE,
            get,
            "Read a file of a shelf",
            {200: Media(), 206: Media(), 304: None, 416: None},
            errors=_KINDS,
        ),
    )


def _writing(shelves: Shelves) -> tuple[Endpoint, ...]:
    async def put(scope: Scope, call: Call) -> Answer:
        """Take a file in; it is durable when this is answered."""
        shelf, name = _meant(shelves, scope, call), call.path["file"]
        held = call.headers.get(LOCK, "")
        arriving = await asyncio.to_thread(shelves.arriving, shelf, name, held)
        try:
            async for chunk in call.body.chunks():
                arriving.write(chunk)
        except BaseException:
            arriving.abort()
            raise
        return Answer(ShelfFile(name, await asyncio.to_thread(arriving.finish)), 201)

    async def remove(scope: Scope, call: Call) -> Answer:
        """Remove a file for good."""
        shelf, held = _meant(shelves, scope, call), call.headers.get(LOCK, "")
        await asyncio.to_thread(shelves.remove, shelf, call.path["file"], held)
        return Answer(None, 204)

    return (
        Endpoint(
            "PUT",
            _FILE,
            put,
            "Put a file on a shelf, once",
            {201: ShelfFile},
            body=File(_FILE_BYTES),
            errors=(*_KINDS, StorageFull, TooLarge),
        ),
        Endpoint(
            "DELETE",
            _FILE,
            remove,
            "Remove a file from a shelf",
            {204: None},
            Role.ADMIN,
            errors=_KINDS,
        ),
    )


def _meant(shelves: Shelves, scope: Scope, call: Call) -> Shelf:
    return shelves.shelf(scope.org, call.path["shelf"])
