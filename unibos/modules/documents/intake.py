"""Taking a document in: its bytes become a blob, then record and reading job in one transaction."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from unibos.base.errors import Conflict, NotFound, Unsupported
from unibos.base.ids import new_id
from unibos.core.identity.scope import Scope
from unibos.core.jobs.kind import JobKind
from unibos.core.module.endpoint import Upload
from unibos.core.store import blobs, jobs, pending_blobs, records
from unibos.core.store.blobs import Blob
from unibos.core.store.jobs import Job
from unibos.core.store.records import Record
from unibos.core.store.transaction import Transaction, View
from unibos.modules.documents.collection import DOCUMENTS, NAME
from unibos.modules.documents.reading import SUPPORTED, sniff
from unibos.modules.documents.reading.media import TEXT_TYPE

_HEAD = 8192
_MAX_FILENAME = 255
TESSERACT = "tesseract"
"""What a machine is capable of that has the program."""
_PATIENCE_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Arrival:
    """A file as it came: its blob, what it seems to be, what its sender called it."""

    blob: Blob
    media_type: str
    filename: str | None


async def receive(scope: Scope, upload: Upload, limit: int) -> Arrival:
    """Stream a file into the blobs; no row names it yet.

    :raises TooLarge: ``blob_too_large``.
    :raises Unsupported: ``media_type_unsupported``: neither the bytes nor the sender name a type
        that can be read.
    """
    files = scope.store.blobs
    incoming = files.upload(limit)
    head = b""
    try:
        async for chunk in upload.chunks():
            if len(head) < _HEAD:
                head += chunk[: _HEAD - len(head)]
            incoming.write(chunk)
        media_type = _media_type(head, upload)
    except BaseException:
        incoming.abort()
        raise
    blob = await asyncio.to_thread(incoming.finish, files)
    return Arrival(blob, media_type, _filename(upload.filename))


def _media_type(head: bytes, upload: Upload) -> str:
    """What the bytes say; what the sender says only where they say nothing."""
    found = sniff(head)
    if found is not None:
        return found
    declared = upload.media_type.partition(";")[0].strip().lower()
    if declared in SUPPORTED:
        return declared
    if not head:
        # Its reading will say that it is empty.
        return "application/octet-stream"
    raise Unsupported(
        "media_type_unsupported",
        "This is no document that can be read.",
        hint="Taken are JPEG, PNG, TIFF, WebP, HEIC, PDF and plain text.",
    )


def _filename(name: str | None) -> str | None:
    """The last part of what the sender calls the file; only ever shown, never a path here."""
    if not name:
        return None
    last = name.replace("\\", "/").rpartition("/")[2]
    shown = "".join(char for char in last if char.isprintable())
    return shown[:_MAX_FILENAME] or None


def keep(tx: Transaction, arrival: Arrival, reading: JobKind) -> tuple[Record, bool]:
    """Make record and job, or find the document that has the same bytes; True when made.

    A document that lies in the bin comes back. One that came from a peer without its bytes has
    them now.
    """
    present = records.by_key(tx, NAME, arrival.blob.sha256)
    if present is not None:
        pending_blobs.arrived(tx, arrival.blob)
        if "binned_at" in present.data:
            return restore(tx, present.id), False
        return present, False
    id_ = new_id(tx.stamp()[0])
    blobs.add(tx, arrival.blob, original_of(id_))
    job = _ask(tx, reading, id_, arrival.blob, arrival.media_type)
    return records.create(tx, NAME, DOCUMENTS.draft(_data(arrival, job)), id_), True


def _data(arrival: Arrival, job: Job) -> dict[str, object]:
    data: dict[str, object] = {
        "status": "queued",
        "job": job.id,
        "sha256": arrival.blob.sha256,
        "size": arrival.blob.size,
        "media_type": arrival.media_type,
    }
    if arrival.filename:
        data["filename"] = arrival.filename
    return data


def reprocess(tx: Transaction, id_: str, reading: JobKind, batch: str | None = None) -> Record:
    """Read a document again.

    :param batch: a name for all documents that are read again together.
    :raises Conflict: ``document_busy`` while it is being read.
    :raises Unavailable: ``blob_pending`` while its bytes are still to come from a peer.
    """
    data = find(tx, id_).data
    blob = blobs.get(tx, data["sha256"])
    present = open_job(tx, data)
    if present is not None:
        raise Conflict("document_busy", "The document is being read already.", job=present.id)
    job = _ask(tx, reading, id_, blob, data["media_type"], batch)
    changes = {"status": "queued", "job": job.id, "error": None}
    return records.patch(tx, NAME, id_, changes, DOCUMENTS.draft)


def _ask(
    tx: Transaction,
    reading: JobKind,
    id_: str,
    blob: Blob,
    media_type: str,
    batch: str | None = None,
) -> Job:
    """Have a document read. Where pictures may be in it, by who can recognise text, if one comes
    soon; else whoever takes it says what is missing."""
    if media_type != TEXT_TYPE:
        reading = replace(reading, prefer=TESSERACT, fallback_seconds=_PATIENCE_SECONDS)
    return jobs.add(tx, reading, {"document": id_}, size=blob.size, batch=batch)


def restore(tx: Transaction, id_: str) -> Record:
    """Take a document out of the bin."""
    find(tx, id_)
    return records.patch(tx, NAME, id_, {"binned_at": None}, DOCUMENTS.draft)


def purge(tx: Transaction, id_: str) -> None:
    """Remove a document for good, with its original and its thumbnail."""
    data = find(tx, id_).data
    records.delete(tx, NAME, id_)
    blobs.release(tx, data["sha256"], original_of(id_))
    if "thumbnail" in data:
        blobs.release(tx, data["thumbnail"], thumbnail_of(id_))
    job = open_job(tx, data)
    if job is not None:
        jobs.cancel(tx, job.id)


def original_of(id_: str) -> str:
    """How a document's original says who needs it."""
    return f"{NAME}/{id_}"


def thumbnail_of(id_: str) -> str:
    """How a document's thumbnail says who needs it."""
    return f"{NAME}/{id_}/thumbnail"


def find(view: View, id_: str) -> Record:
    """One document.

    :raises NotFound: ``document_not_found``.
    """
    try:
        return records.get(view, NAME, id_)
    except NotFound:
        raise NotFound("document_not_found", f"There is no document {id_[:64]!r}.") from None


def open_job(view: View, data: Mapping[str, Any]) -> Job | None:
    """The job that a document waits for; None when it waits for none."""
    if data["status"] != "queued":
        return None
    try:
        job = jobs.get(view, data["job"])
    except NotFound:
        return None
    return None if job.state.final else job
