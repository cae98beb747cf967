"""The job that reads a document in a child process, and what becomes of its result."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from unibos.base.errors import Error, Forbidden, NotFound, TooLarge
from unibos.core.jobs.kind import HeavyKind, Report, Task
from unibos.core.store import blobs, records
from unibos.core.store.blobs import Blob
from unibos.core.store.jobs import Job, JobError
from unibos.core.store.store import OrgStore
from unibos.core.store.transaction import Transaction, View
from unibos.modules.documents.collection import DOCUMENTS, NAME
from unibos.modules.documents.intake import thumbnail_of
from unibos.modules.documents.reading import Options, Reading
from unibos.modules.documents.texts import fitting

_THUMBNAIL = "thumbnail.webp"
_MAX_THUMBNAIL = 1024 * 1024
_TIMEOUT_SECONDS = 30 * 60


def reading_kind(options: Options) -> HeavyKind:
    """The job kind ``documents.read``, with the settings to read by."""

    def prepare(store: OrgStore, job: Job) -> Task:
        files = store.blobs

        def find(view: View) -> Task:
            data = records.get(view, NAME, job.args["document"]).data
            path = blobs.open_path(view, files, data["sha256"])
            args = {"media_type": data["media_type"], "options": msgspec.to_builtins(options)}
            return Task(args, path)

        return store.read(find)

    return HeavyKind(
        name="documents.read",
        queue="ocr",
        collection=NAME,
        timeout_seconds=_TIMEOUT_SECONDS,
        prepare=prepare,
        work=work,
        collect=collect,
        complete=complete,
        failed=failed,
    )


def work(task: Task, workdir: Path, report: Report) -> Any:
    """Read the file; runs in the child."""
    from unibos.modules.documents.reading import read

    if task.input is None:
        raise ValueError("a document has a file")
    options = msgspec.convert(task.args["options"], Options)
    reading = read(task.input, task.args["media_type"], options, workdir, report)
    return msgspec.to_builtins(reading)


def collect(store: OrgStore, result: Any, folder: Path) -> Any:
    """Make the thumbnail a blob; until the record names it, it is an orphan like any other."""
    picture = folder / _THUMBNAIL
    if not picture.is_file() or picture.is_symlink():
        return {"reading": result}
    if picture.stat().st_size > _MAX_THUMBNAIL:
        # Before it is read: whoever did the work may have made anything.
        raise TooLarge("thumbnail_too_large", "The picture of the first page is too large.")
    upload = store.blobs.upload(_MAX_THUMBNAIL)
    try:
        upload.write(picture.read_bytes())
    except Error:
        upload.abort()
        raise
    blob = upload.finish(store.blobs)
    return {"reading": result, "thumbnail": {"sha256": blob.sha256, "size": blob.size}}


def complete(tx: Transaction, job: Job, result: Any) -> Any:
    """Keep what was read; a document that was purged meanwhile stays gone."""
    reading = msgspec.convert(result["reading"], Reading)
    try:
        present = records.get(tx, NAME, job.args["document"])
    except NotFound:
        return None
    data = present.data
    changes = _changes(reading, data)
    changes["thumbnail"] = _swap_thumbnail(
        tx, present.id, data.get("thumbnail"), result.get("thumbnail")
    )
    records.patch(tx, NAME, present.id, changes, DOCUMENTS.draft)
    return {"pages": len(reading.pages), "kind": reading.kind}


def failed(tx: Transaction, job: Job, error: JobError) -> None:
    """Say why; the original stays."""
    changes = {"status": "failed", "error": msgspec.to_builtins(error)}
    try:
        records.patch(tx, NAME, job.args["document"], changes, DOCUMENTS.draft)
    except NotFound:
        return


def _swap_thumbnail(tx: Transaction, id_: str, old: str | None, new: Any) -> str | None:
    fresh = Blob(**new) if new else None
    if fresh is not None:
        try:
            blobs.add(tx, fresh, thumbnail_of(id_))
        except Forbidden:
            # The org's limit for storage is reached; the document goes without a picture.
            fresh = None
    if old is not None and (fresh is None or old != fresh.sha256):
        blobs.release(tx, old, thumbnail_of(id_))
    return fresh.sha256 if fresh else None


def _changes(reading: Reading, present: Mapping[str, Any]) -> dict[str, Any]:
    """What the record becomes; what only an earlier reading found is taken away."""
    text, cut = fitting("\f".join(page.text.replace("\f", "\n") for page in reading.pages))
    fields = {name: field.value for name, field in reading.fields.items()}
    confidence = {name: field.confidence for name, field in reading.fields.items()}
    changes: dict[str, Any] = {
        "status": "done",
        "error": None,
        "kind": reading.kind,
        "language": reading.language,
        "text": text,
        "text_cut": True if cut else None,
        "pages": [{"confidence": page.confidence, "source": page.source} for page in reading.pages],
        "confidence": reading.confidence,
        "fields": dict.fromkeys(present.get("fields", {})) | fields,
        "field_confidence": dict.fromkeys(present.get("field_confidence", {})) | confidence,
    }
    if not present.get("title_chosen", False):
        changes["title"] = reading.title
    return changes
