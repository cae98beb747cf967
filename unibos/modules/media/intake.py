"""Taking a photo or a video in: its bytes become a blob, then record and job in one transaction."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from unibos.base.clock import iso
from unibos.base.errors import Conflict, Invalid, NotFound, TooLarge, Unsupported
from unibos.base.ids import new_id
from unibos.core.identity.scope import Scope
from unibos.core.jobs.kind import JobKind
from unibos.core.module.endpoint import Upload
from unibos.core.store import blobs, jobs, pending_blobs, records
from unibos.core.store.blobs import Blob
from unibos.core.store.jobs import Job
from unibos.core.store.records import Record
from unibos.core.store.transaction import Transaction, View
from unibos.modules.media.albums import albums
from unibos.modules.media.collection import DERIVED, MEDIA, NAME
from unibos.modules.media.files import HEAD, Kind, Type, sniff
from unibos.modules.media.kept import find
from unibos.modules.media.names import moment_of

_MAX_FILENAME = 255
_JOBS = ("job", "playable_job")


@dataclass(frozen=True, slots=True)
class Arrival:
    """A file as it came: its blob, what it is, what its sender called it."""

    blob: Blob
    type: Type
    filename: str | None


async def receive(scope: Scope, upload: Upload, limits: Mapping[Kind, int]) -> Arrival:
    """Stream a file into the blobs; no row names it yet.

    :param limits: the most bytes, by kind.
    :raises TooLarge: ``media_too_large``.
    :raises Invalid: ``media_empty``.
    :raises Unsupported: ``media_type_unsupported``: the bytes are neither photo nor video.
    """
    files = scope.store.blobs
    most = max(limits.values())
    incoming = files.upload(most)
    head, found = b"", None
    try:
        async for chunk in upload.chunks():
            if found is None:
                head += chunk[: HEAD - len(head)]
                if len(head) == HEAD:
                    found = _type(head)
            # Until it is known what it is, there is not much of it.
            _require_size(incoming.size + len(chunk), limits[found.kind] if found else most)
            incoming.write(chunk)
        if found is None:
            found = _type(head)
            _require_size(incoming.size, limits[found.kind])
    except BaseException:
        incoming.abort()
        raise
    blob = await asyncio.to_thread(incoming.finish, files)
    return Arrival(blob, found, _filename(upload.filename))


def _type(head: bytes) -> Type:
    found = sniff(head)
    if found is not None:
        return found
    if not head:
        raise Invalid("media_empty", "The file has no content.", hint="Send the file again.")
    raise Unsupported(
        "media_type_unsupported",
        "This is neither a photo nor a video that is taken.",
        hint="Taken are JPEG, PNG, WebP, TIFF, GIF, HEIC, AVIF, and videos as phones and cameras"
        " make them.",
    )


def _require_size(size: int, limit: int) -> None:
    if size > limit:
        raise TooLarge(
            "media_too_large",
            f"More than {limit} bytes.",
            hint="media.max_photo_mb and media.max_video_mb in the configuration set the limits.",
            limit=limit,
        )


def _filename(name: str | None) -> str | None:
    """The last part of what the sender calls the file; only ever shown, never a path here."""
    if not name:
        return None
    last = name.replace("\\", "/").rpartition("/")[2]
    shown = "".join(char for char in last if char.isprintable())
    return shown[:_MAX_FILENAME] or None


def keep(tx: Transaction, arrival: Arrival, reading: Mapping[Kind, JobKind]) -> tuple[Record, bool]:
    """Make record and job, or find the record that has the same bytes; True when made.

    What lies in the bin comes back. What came from a peer without its bytes has them now.
    """
    present = records.by_key(tx, NAME, arrival.blob.sha256)
    if present is not None:
        pending_blobs.arrived(tx, arrival.blob)
        if "binned_at" in present.data:
            return restore(tx, present.id), False
        return present, False
    id_ = new_id(tx.stamp()[0])
    blobs.add(tx, arrival.blob, f"{NAME}/{id_}")
    job = jobs.add(tx, reading[arrival.type.kind], {"media": id_}, size=arrival.blob.size)
    data = {
        "kind": arrival.type.kind,
        "status": "queued",
        "job": job.id,
        "sha256": arrival.blob.sha256,
        "size": arrival.blob.size,
        "media_type": arrival.type.media_type,
        "moment": moment_of(arrival.filename) or iso(tx.now())[:19],
    }
    if arrival.filename:
        data["filename"] = arrival.filename
    return records.create(tx, NAME, MEDIA.draft(data), id_), True


def reprocess(tx: Transaction, id_: str, reading: Mapping[Kind, JobKind]) -> Record:
    """Read the original again.

    :raises Conflict: ``media_busy`` while it is being read.
    :raises Unavailable: ``blob_pending`` while its bytes are still to come from a peer.
    """
    data = find(tx, id_).data
    blobs.get(tx, data["sha256"])
    present = open_job(tx, data)
    if present is not None:
        raise Conflict("media_busy", "It is being read already.", job=present.id)
    job = jobs.add(tx, reading[data["kind"]], {"media": id_}, size=data["size"])
    changes = {"status": "queued", "job": job.id, "error": None}
    return records.patch(tx, NAME, id_, changes, MEDIA.draft)


def restore(tx: Transaction, id_: str) -> Record:
    """Take a photo or a video out of the bin."""
    find(tx, id_)
    return records.patch(tx, NAME, id_, {"binned_at": None}, MEDIA.draft)


def purge(tx: Transaction, id_: str) -> None:
    """Remove a photo or a video for good, with its original and all that was made of it."""
    data = find(tx, id_).data
    albums.forget(tx, id_)
    records.delete(tx, NAME, id_)
    blobs.release(tx, data["sha256"], f"{NAME}/{id_}")
    for field in DERIVED:
        if field in data:
            blobs.release(tx, data[field], f"{NAME}/{id_}/{field}")
    for field in _JOBS:
        job = _open(tx, data.get(field))
        if job is not None:
            jobs.cancel(tx, job.id)


def open_job(view: View, data: Mapping[str, Any]) -> Job | None:
    """The job that reads it; None when none does."""
    return _open(view, data["job"]) if data["status"] == "queued" else None


def _open(view: View, id_: str | None) -> Job | None:
    if id_ is None:
        return None
    try:
        job = jobs.get(view, id_)
    except NotFound:
        return None
    return None if job.state.final else job
