"""Blobs: bytes by their SHA-256, streamed both ways, resumable both ways."""

import asyncio
import re
from typing import NamedTuple

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

_RANGE = re.compile(r"bytes (\d{1,18})-(\d{1,18})/(\d{1,18})")


class BlobOut(Struct, frozen=True):
    """A blob that the org has."""

    sha256: str
    size: int


class Received(Struct, frozen=True):
    """How far an upload has got: go on with ``Content-Range: bytes RECEIVED-…/TOTAL``."""

    received: int


class Part(NamedTuple):
    """First and last byte of a part, and the size of the whole (RFC 9110, section 14.4)."""

    first: int
    last: int
    total: int


def endpoints(limit: int) -> tuple[Endpoint, ...]:
    """The endpoints, for blobs of at most ``limit`` bytes."""

    async def put_blob(scope: Scope, call: Call) -> Answer:
        """Take in a blob, or one more part of it."""
        sha256 = call.path["sha256"]
        part = _part(call.headers.get("content-range"))
        if part is not None and part.total > limit:
            raise blobs.too_large(limit)
        wanted = part.total if part is not None else _declared(call)
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
        async for chunk in body.chunks():
            if part is not None and upload.size + len(chunk) > part.last + 1:
                raise _range_invalid("These are more bytes than Content-Range says.")  # noqa: TRY301 - what was begun is forgotten below
            upload.write(chunk)
    except (Disconnected, asyncio.CancelledError):
        upload.pause()
        raise
    except BaseException:
        upload.abort()
        raise


def _declared(call: Call) -> int:
    """How many bytes the sender says will come; at least one where it does not say."""
    said = call.headers.get("content-length", "")
    return max(1, int(said)) if said.isdecimal() else 1


def _part(header: str | None) -> Part | None:
    """What is sent, if it is not the whole."""
    if header is None:
        return None
    found = _RANGE.fullmatch(header)
    if found is not None:
        part = Part(*map(int, found.groups()))
        if part.first <= part.last < part.total:
            return part
    raise _range_invalid("Content-Range is bytes FIRST-LAST/TOTAL.")


def _range_invalid(detail: str) -> Invalid:
    return Invalid("content_range_invalid", detail)


def _offset_wrong(received: int) -> Conflict:
    return Conflict(
        "upload_offset_wrong",
        f"{received} bytes were received; the next part must begin there.",
        received=received,
    )
