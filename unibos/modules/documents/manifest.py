"""Documents: JPEG, PNG, TIFF, WebP, HEIC, PDF and plain text are taken in, read and found again."""

from unibos.core.module.manifest import Module
from unibos.core.store import query
from unibos.modules.documents.collection import DOCUMENTS
from unibos.modules.documents.endpoints import endpoints
from unibos.modules.documents.extracting import extracting_kind
from unibos.modules.documents.jobs import reading_kind
from unibos.modules.documents.reading import Options


def module(options: Options, max_bytes: int) -> Module:
    """The module with its settings.

    :param options: how documents are read.
    :param max_bytes: the largest document.
    """
    reading = reading_kind(options)
    return Module(
        "documents",
        collections=(DOCUMENTS,),
        endpoints=endpoints(reading, max_bytes),
        jobs=(reading, extracting_kind(options)),
        status=lambda view: query.count_by(view, DOCUMENTS.name, "status"),
    )
