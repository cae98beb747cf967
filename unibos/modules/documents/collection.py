"""What is kept of a document, beside its original and its thumbnail, which are blobs."""

from typing import Any

from unibos.core.store.definitions import Collection, Export, Search
from unibos.core.store.drafts import Schema

_TEXT = {"type": "string"}
_NUMBER = {"type": "number"}
_PAGE = {
    "type": "object",
    "required": ["confidence", "source"],
    "properties": {"confidence": _NUMBER, "source": {"enum": ["text", "ocr"]}},
}
_ERROR = {
    "type": "object",
    "required": ["code", "detail"],
    "properties": {"code": _TEXT, "detail": _TEXT, "hint": _TEXT},
}
_PROPERTIES: dict[str, Any] = {
    "status": {"enum": ["queued", "done", "failed"]},
    "job": _TEXT,
    "sha256": _TEXT,
    "size": {"type": "integer"},
    "media_type": _TEXT,
    "filename": _TEXT,
    "title": _TEXT,
    "title_chosen": {"type": "boolean"},
    "tags": {"type": "array", "items": _TEXT},
    "kind": _TEXT,
    "language": _TEXT,
    # The pages' texts with a form feed between two.
    "text": _TEXT,
    "text_cut": {"type": "boolean"},
    "pages": {"type": "array", "items": _PAGE},
    "confidence": _NUMBER,
    "fields": {"type": "object", "additionalProperties": _TEXT},
    "field_confidence": {"type": "object", "additionalProperties": _NUMBER},
    "thumbnail": _TEXT,
    "error": _ERROR,
    "binned_at": _TEXT,
}

DOCUMENTS = Collection(
    name="documents",
    schema=Schema(
        {
            "type": "object",
            "required": ["status", "job", "sha256", "size", "media_type"],
            "properties": _PROPERTIES,
        }
    ),
    export=Export.LOCAL,
    search=Search("title", ("text", "tags", "filename"), unless="binned_at"),
    module="documents",
    managed=True,
    key="sha256",
    blobs=("sha256", "thumbnail"),
)
NAME = DOCUMENTS.name
