"""Documents as the API shows them."""

from itertools import chain, repeat
from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from unibos.base.clock import hlc_ms, iso
from unibos.base.ids import made_at_ms
from unibos.core.module.endpoint import Listing
from unibos.core.store.records import Record

Tag = Annotated[str, Meta(min_length=1, max_length=100)]
Status = Literal["queued", "running", "done", "failed"]


class Failure(Struct, frozen=True, omit_defaults=True):
    """Why a document could not be read."""

    code: str
    detail: str
    hint: str = ""


class PageOut(Struct, frozen=True):
    """One page; ``source`` tells whether its text was in the file or was recognised."""

    number: int
    text: str
    confidence: float
    source: str


class Fields(Struct, frozen=True, kw_only=True):
    """What a receipt or an invoice says; null where it was not found.

    ``date`` is ISO 8601, ``total`` a decimal number with two digits after the point as a text, so
    that no cent is lost, ``currency`` ISO 4217.
    """

    merchant: str | None = None
    date: str | None = None
    total: str | None = None
    currency: str | None = None


class Taken(Struct, frozen=True):
    """A document that was taken in, or was here already."""

    id: str
    status: Status
    job: str


class Summary(Struct, frozen=True, kw_only=True):
    """A document without its text."""

    id: str
    status: Status
    kind: str | None
    title: str
    language: str | None
    fields: Fields
    tags: list[str]
    filename: str | None
    media_type: str
    size: int
    sha256: str
    thumbnail: str | None
    error: Failure | None
    job: str
    created_at: str
    updated_at: str
    binned_at: str | None


class Document(Summary, frozen=True, kw_only=True):
    """A document with all that was read; confidences are between 0 and 1."""

    text: str
    text_cut: bool
    pages: list[PageOut]
    confidence: float | None
    field_confidence: dict[str, float]


class DocumentPage(Struct, frozen=True):
    """Documents, and where to go on."""

    items: list[Summary]
    next: str | None


class DocumentListing(Listing, frozen=True, forbid_unknown_fields=True):
    """Which documents; ``queued`` are those that wait and those that are being read."""

    status: Literal["queued", "done", "failed"] | None = None
    kind: Literal["receipt", "invoice", "letter", "other"] | None = None
    tag: Tag | None = None
    q: Annotated[str, Meta(max_length=200)] | None = None
    sha256: Annotated[str, Meta(pattern="^[0-9a-f]{64}$")] | None = None
    bin: bool = False
    sort: Literal["-created_at", "created_at", "title", "-title", "-updated_at"] = "-created_at"


class DocumentChange(Struct, frozen=True, forbid_unknown_fields=True):
    """What a person may change; what is absent stays."""

    title: Annotated[str, Meta(min_length=1, max_length=500)] | UnsetType = UNSET
    tags: Annotated[list[Tag], Meta(max_length=50)] | UnsetType = UNSET


class Rereading(Struct, frozen=True, forbid_unknown_fields=True):
    """Which documents are read again: those that are named, or those that could not be read."""

    ids: Annotated[list[Annotated[str, Meta(max_length=64)]], Meta(max_length=1000)] = []
    failed: bool = False


class RereadingBatch(Struct, frozen=True):
    """The documents that are read again; ``batch`` names their jobs as a whole."""

    batch: str
    documents: int


class Removal(Struct, frozen=True, forbid_unknown_fields=True):
    """Whether a document goes for good instead of into the bin."""

    purge: bool = False


def summary(record: Record, *, running: bool = False) -> Summary:
    """A record as a list shows it."""
    return Summary(**_common(record.id, record, record.data, running=running))


def document(record: Record, *, running: bool = False) -> Document:
    """A record with its text."""
    data = record.data
    text: str = data.get("text", "")
    # Of a text that was cut, the last pages have none.
    texts = chain(text.split("\f"), repeat(""))
    pages = [
        PageOut(number, part, page["confidence"], page["source"])
        for number, (page, part) in enumerate(
            zip(data.get("pages", []), texts, strict=False), start=1
        )
    ]
    return Document(
        **_common(record.id, record, data, running=running),
        text=text.replace("\f", "\n"),
        text_cut=data.get("text_cut", False),
        pages=pages,
        confidence=data.get("confidence"),
        field_confidence=data.get("field_confidence", {}),
    )


def _common(id_: str, record: Record, data: dict[str, Any], *, running: bool) -> dict[str, Any]:
    error = data.get("error")
    return {
        "id": id_,
        "status": "running" if running else data["status"],
        "kind": data.get("kind"),
        "title": data.get("title") or data.get("filename") or "",
        "language": data.get("language"),
        "fields": Fields(**data.get("fields", {})),
        "tags": data.get("tags", []),
        "filename": data.get("filename"),
        "media_type": data["media_type"],
        "size": data["size"],
        "sha256": data["sha256"],
        "thumbnail": f"/api/v1/documents/{id_}/thumbnail" if "thumbnail" in data else None,
        "error": Failure(**error) if error else None,
        "job": data["job"],
        "created_at": iso(made_at_ms(id_)),
        "updated_at": iso(hlc_ms(record.clock[0])),
        "binned_at": data.get("binned_at"),
    }
