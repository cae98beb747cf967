"""Blobs: bytes by their SHA-256, streamed both ways, resumable both ways."""

import re

from msgspec import Struct

from unibos.base.errors import Conflict, Invalid, NotFound, TooLarge
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

_RANGE = re.compile(r"bytes (\d{1,18})-(\d{1,18})/(\d{1,18})")


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
        part = _part(call.headers.get("content-range"))
        files, org = scope.store.blobs, scope.store.org
        if part is None:
            files.restart(org, sha256)
        elif part[0] != files.received(org, sha256):
            received = files.received(org, sha256)
            raise Conflict(
                "upload_offset_wrong",
                f"{received} bytes were received; the next part must begin there.",
                received=received,
            )
        upload = files.resume(org, sha256, limit)
        await _take(upload, call.body)
        if part is not None and upload.size < part[1]:
            upload.pause()
            return Answer(Received(upload.size), 202)
        blob = upload.finish(files, sha256)
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
            errors=(Conflict, Invalid, TooLarge),
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


async def _take(upload: blobs.Upload, body: Upload) -> None:
    """Write what arrives; after a cut, what has arrived stays for the next part."""
    try:
        async for chunk in body.chunks():
            upload.write(chunk)
    except BaseException:
        upload.pause()
        raise


def _part(header: str | None) -> tuple[int, int] | None:
    """(first byte, total bytes) of a part (RFC 9110, section 14.4)."""
    if header is None:
        return None
    found = _RANGE.fullmatch(header)
    if found is None:
        raise Invalid("content_range_invalid", "Content-Range is bytes FIRST-LAST/TOTAL.")
    first, last, total = (int(part) for part in found.groups())
    if not first <= last < total:
        raise Invalid("content_range_invalid", "Content-Range is bytes FIRST-LAST/TOTAL.")
    return first, total
