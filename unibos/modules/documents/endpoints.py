"""What documents can be asked over any door."""

from msgspec import UNSET, json

from unibos.base.clock import iso
from unibos.base.errors import Conflict, Invalid, NotFound, TooLarge
from unibos.base.ids import new_id
from unibos.core.identity.scope import Role, Scope
from unibos.core.jobs.kind import JobKind
from unibos.core.module.endpoint import Answer, Call, Endpoint, File, FileAnswer, Media
from unibos.core.store import blobs, query, records
from unibos.core.store.jobs import JobState
from unibos.core.store.records import Record
from unibos.core.store.transaction import Transaction, View
from unibos.modules.documents import intake
from unibos.modules.documents.collection import DOCUMENTS, NAME
from unibos.modules.documents.shapes import (
    Document,
    DocumentChange,
    DocumentListing,
    DocumentPage,
    Removal,
    Rereading,
    RereadingBatch,
    Taken,
    document,
    summary,
)

_ONE = "/documents/{id}"
_MANY = 1000


def endpoints(reading: JobKind, limit: int) -> tuple[Endpoint, ...]:
    """The endpoints, for documents of at most ``limit`` bytes."""

    async def add_document(scope: Scope, call: Call) -> Answer:
        arrival = await intake.receive(scope, call.body, limit)
        record, made = await scope.store.awrite(lambda tx: intake.keep(tx, arrival, reading))
        data = record.data
        return Answer(Taken(record.id, data["status"], data["job"]), 201 if made else 200)

    async def reprocess_document(scope: Scope, call: Call) -> Answer:
        id_ = call.path["id"]
        record = await scope.store.awrite(lambda tx: intake.reprocess(tx, id_, reading))
        return Answer(Taken(record.id, "queued", record.data["job"]), 202)

    async def reprocess_documents(scope: Scope, call: Call) -> Answer:
        asked: Rereading = call.body
        found = await scope.store.awrite(lambda tx: _reprocess_many(tx, asked, reading))
        return Answer(found, 202)

    return (
        Endpoint(
            "POST",
            "/documents",
            add_document,
            "Take a document in; the same bytes again are the same document",
            {201: Taken, 200: Taken},
            body=File(limit, "file"),
            errors=(Invalid, TooLarge),
        ),
        Endpoint(
            "GET",
            "/documents",
            list_documents,
            "List documents",
            {200: DocumentPage},
            Role.VIEWER,
            query=DocumentListing,
            errors=(Invalid,),
        ),
        Endpoint(
            "POST",
            "/documents/reprocess",
            reprocess_documents,
            "Read many documents again: all that are named, or those that could not be read",
            {202: RereadingBatch},
            body=Rereading,
            errors=(NotFound, Conflict, Invalid),
        ),
        Endpoint(
            "GET",
            _ONE,
            get_document,
            "Read a document's text and fields",
            {200: Document},
            Role.VIEWER,
            errors=(NotFound,),
        ),
        Endpoint(
            "PATCH",
            _ONE,
            change_document,
            "Change title or tags",
            {200: Document},
            body=DocumentChange,
            errors=(NotFound, Invalid, TooLarge),
        ),
        Endpoint(
            "DELETE",
            _ONE,
            remove_document,
            "Put a document into the bin, or remove it for good",
            {204: None},
            query=Removal,
            errors=(NotFound,),
        ),
        Endpoint(
            "POST",
            f"{_ONE}/restore",
            restore_document,
            "Take a document out of the bin",
            {200: Document},
            errors=(NotFound,),
        ),
        Endpoint(
            "POST",
            f"{_ONE}/reprocess",
            reprocess_document,
            "Read a document again",
            {202: Taken},
            errors=(NotFound, Conflict),
        ),
        Endpoint(
            "GET",
            f"{_ONE}/original",
            get_original,
            "The file as it was taken in",
            {200: Media(), 206: Media(), 304: None, 416: None},
            Role.VIEWER,
            errors=(NotFound,),
        ),
        Endpoint(
            "GET",
            f"{_ONE}/thumbnail",
            get_thumbnail,
            "A small picture of the first page",
            {200: Media("image/webp"), 206: Media("image/webp"), 304: None, 416: None},
            Role.VIEWER,
            errors=(NotFound,),
        ),
    )


def _reprocess_many(tx: Transaction, asked: Rereading, reading: JobKind) -> RereadingBatch:
    """All of them or none; those that could not be read, a thousand at a time."""
    if bool(asked.ids) == asked.failed:
        raise Invalid("documents_unnamed", "Name documents, or ask for those that failed.")
    ids = list(dict.fromkeys(asked.ids))
    if asked.failed:
        wanted = query.Query(("status=failed", "binned_at=null"), "created_at", _MANY)
        ids = [record.id for record in query.page(tx, NAME, wanted).items]
    batch = new_id(tx.stamp()[0])
    for id_ in ids:
        intake.reprocess(tx, id_, reading, batch)
    return RereadingBatch(batch, len(ids))


async def list_documents(scope: Scope, call: Call) -> Answer:
    """A page of documents; those in the bin only when asked for."""
    asked: DocumentListing = call.query
    filters = [f"binned_at{'!=' if asked.bin else '='}null"]
    filters += [
        f"{name}={value}"
        for name, value in (("status", asked.status), ("kind", asked.kind))
        if value is not None
    ]
    if asked.tag is not None:
        # As JSON, so that a tag that looks like a number is a text nevertheless.
        filters.append(f"tags:{json.encode(asked.tag).decode()}")
    if asked.sha256 is not None:
        filters.append(f'sha256="{asked.sha256}"')
    wanted = query.Query(tuple(filters), asked.sort, asked.limit, asked.cursor, asked.q)

    def question(view: View) -> DocumentPage:
        page = query.page(view, NAME, wanted)
        items = [summary(record, running=_running(view, record)) for record in page.items]
        return DocumentPage(items, page.next)

    return Answer(await scope.store.aread(question))


async def get_document(scope: Scope, call: Call) -> Answer:
    """One document with its text."""
    id_ = call.path["id"]
    return Answer(await scope.store.aread(lambda view: _shown(view, id_)))


async def change_document(scope: Scope, call: Call) -> Answer:
    """Change what a person may change."""
    id_, asked = call.path["id"], call.body
    changes: dict[str, object] = {}
    if asked.title is not UNSET:
        changes |= {"title": asked.title, "title_chosen": True}
    if asked.tags is not UNSET:
        changes["tags"] = sorted(set(asked.tags))

    def change(tx: Transaction) -> Document:
        intake.find(tx, id_)
        records.patch(tx, NAME, id_, changes, DOCUMENTS.draft)
        return _shown(tx, id_)

    return Answer(await scope.store.awrite(change))


async def remove_document(scope: Scope, call: Call) -> Answer:
    """Into the bin, or away for good."""
    id_ = call.path["id"]

    def bin_(tx: Transaction) -> None:
        if "binned_at" not in intake.find(tx, id_).data:
            records.patch(tx, NAME, id_, {"binned_at": iso(tx.now())}, DOCUMENTS.draft)

    def purge(tx: Transaction) -> None:
        intake.purge(tx, id_)

    await scope.store.awrite(purge if call.query.purge else bin_)
    return Answer(status=204)


async def restore_document(scope: Scope, call: Call) -> Answer:
    """Out of the bin."""
    id_ = call.path["id"]

    def change(tx: Transaction) -> Document:
        intake.restore(tx, id_)
        return _shown(tx, id_)

    return Answer(await scope.store.awrite(change))


async def get_original(scope: Scope, call: Call) -> FileAnswer:
    """The original bytes, always as an attachment."""
    id_, files = call.path["id"], scope.store.blobs

    def find(view: View) -> FileAnswer:
        data = intake.find(view, id_).data
        path = blobs.open_path(view, files, data["sha256"])
        return FileAnswer(path, data["media_type"], f'"{data["sha256"]}"', data.get("filename"))

    return scope.store.read(find)


async def get_thumbnail(scope: Scope, call: Call) -> FileAnswer:
    """The thumbnail, once the document was read."""
    id_, files = call.path["id"], scope.store.blobs

    def find(view: View) -> FileAnswer:
        sha256 = intake.find(view, id_).data.get("thumbnail")
        if sha256 is None:
            raise NotFound("thumbnail_not_found", "The document has no thumbnail (yet).")
        path = blobs.open_path(view, files, sha256)
        return FileAnswer(path, "image/webp", f'"{sha256}"', inline=True)

    return scope.store.read(find)


def _shown(view: View, id_: str) -> Document:
    record = intake.find(view, id_)
    return document(record, running=_running(view, record))


def _running(view: View, record: Record) -> bool:
    """A document that waits is being read when its job runs; no write is spent on telling so."""
    job = intake.open_job(view, record.data)
    return job is not None and job.state is JobState.RUNNING
