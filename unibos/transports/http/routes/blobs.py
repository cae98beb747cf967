"""Blobs: bytes by their SHA-256, streamed both ways, resumable both ways."""

import asyncio

from msgspec import Struct

from unibos.base.errors import Conflict, Forbidden, Invalid, NotFound, TooLarge
from unibos.core.identity.scope import Role, Scope
from unibos.core.module.endpoint import (
    Answer,
    Call,
    Endpoint,
    File,
    FileAnswer,
    Media,
    Upload,
)
from unibos.core.store import blobs
from unibos.transports.http.bodies import Disconnected
from unibos.transports.http.parts import Part, declared, part_of, within


class BlobOut(Struct, frozen=True):
    """A blob that the org has."""

    sha256: str
    size: int


class Received(Struct, frozen=True):
    """How far an upload has got: go on with ``Content-Range: bytes RECEIVED-…/TOTAL``."""

    received: int


def endpoints(limit: int) -> tuple[Endpoint, ...]:
    """The endpoints, for blobs of at most ``limit`` bytes."""

    async def put_blob(scope: Scope, call: Call) -> Answer:
        """Take in a blob, or one more part of it."""
        sha256 = call.path["sha256"]
        part = part_of(call.headers)
        if part is not None and part.total > limit:
            raise blobs.too_large(limit)
        # At least one byte where the sender does not say.
        wanted = part.total if part is not None else declared(call.headers) or 1
        scope.store.read(lambda view: blobs.require_room(view, sha256, wanted))
        files, org = scope.store.blobs, scope.store.org
        upload = await asyncio.to_thread(files.resume, org, sha256, limit, afresh=part is None)
        if part is not None and part.first != upload.size:
            upload.pause()
            raise _offset_wrong(upload.size)
        await _take(upload, call.body, part)
        if part is not None and upload.size < part.total:
            upload.pause()
            return Answer(Received(upload.size), 202)
        blob = await asyncio.to_thread(upload.finish, files, sha256)
        new = await scope.store.awrite(lambda tx: blobs.add(tx, blob))
        return Answer(BlobOut(blob.sha256, blob.size), 201 if new else 200)

    return (
        Endpoint(
            "PUT",
            "/blobs/{sha256}",
            put_blob,
            "Store a blob, or a part of one",
            {200: BlobOut, 201: BlobOut, 202: Received},
            body=File(limit),
            errors=(Conflict, Forbidden, Invalid, TooLarge),
        ),
        Endpoint(
            "GET",
            "/blobs/{sha256}",
            get_blob,
            "Read a blob or a range of it",
            {200: Media(), 206: Media(), 304: None, 416: None},
            Role.VIEWER,
            errors=(NotFound, Invalid),
        ),
        Endpoint(
            "GET",
            "/blobs/{sha256}/upload",
            get_upload,
            "How much of an upload was received",
            {200: Received},
            errors=(Invalid,),
        ),
    )


async def get_blob(scope: Scope, call: Call) -> FileAnswer:
    """The bytes, always as an attachment."""
    sha256, files = call.path["sha256"], scope.store.blobs
    path = scope.store.read(lambda view: blobs.open_path(view, files, sha256))
    return FileAnswer(path, "application/octet-stream", f'"{sha256}"', sha256)


async def get_upload(scope: Scope, call: Call) -> Answer:
    """Where to go on after a cut."""
    return Answer(Received(scope.store.blobs.received(scope.store.org, call.path["sha256"])))


async def _take(upload: blobs.Upload, body: Upload, part: Part | None) -> None:
    """Write what arrives; after a cut, what has arrived stays for the next part."""
    try:
        async for chunk in within(body.chunks(), part):
            upload.write(chunk)
    except (Disconnected, asyncio.CancelledError):
        upload.pause()
        raise
    except BaseException:
        upload.abort()
        raise


def _offset_wrong(received: int) -> Conflict:
    return Conflict(
        "upload_offset_wrong",
        f"{received} bytes were received; the next part must begin there.",
        received=received,
    )
