"""The reading engine: a file in, its text, kind and fields out.

It knows no database and no HTTP. :func:`read` runs in a child process, one per job, which may be
killed at any time; ``tesseract`` dies with it. :func:`sniff` is cheap and runs anywhere: nothing
of Pillow or PDFium is loaded before something is read.
"""

from collections.abc import Callable
from pathlib import Path

from unibos.modules.documents.reading.media import SUPPORTED, sniff
from unibos.modules.documents.reading.result import Field, Options, Page, Reading

__all__ = ["SUPPORTED", "Field", "Options", "Page", "Reading", "read", "sniff"]


def read(
    source: Path,
    media_type: str,
    options: Options,
    workdir: Path,
    report: Callable[[float, str], None],
) -> Reading:
    """Read a document; see :func:`unibos.modules.documents.reading.document.read_document`."""
    from unibos.modules.documents.reading.document import read_document

    return read_document(source, media_type, options, workdir, report)
