"""Plain text files: their encoding and their pages (parted by form feeds)."""

from pathlib import Path

from unibos.base.errors import Invalid, TooLarge
from unibos.modules.documents.reading.result import Options, Page

_LARGEST = 10_000_000


def text_pages(source: Path, options: Options) -> list[Page]:
    """Pages of a text file.

    UTF-8 and UTF-16 are recognised; what is neither is taken for Windows-1254, which holds the
    letters of English, German and Turkish.

    :raises TooLarge: ``document_too_large``: over 10 MB or over the page limit.
    :raises Invalid: ``document_empty``: nothing but white space.
    """
    if source.stat().st_size > _LARGEST:
        raise TooLarge(
            "document_too_large",
            f"The text is larger than {_LARGEST // 1_000_000} MB.",
            hint="Split the file.",
            limit=_LARGEST,
        )
    text = decode(source.read_bytes()).replace("\r\n", "\n").replace("\r", "\n")
    parts = [part.strip("\n") for part in text.split("\f")]
    if not text.strip():
        raise Invalid("document_empty", "The text file holds only white space.")
    if len(parts) > options.max_pages:
        raise TooLarge(
            "document_too_large",
            f"The document has {len(parts)} pages; the limit is {options.max_pages}.",
            hint="Split the document, or raise the page limit of the documents module.",
            limit=options.max_pages,
        )
    return [Page(number, part, 1.0, "text") for number, part in enumerate(parts, 1)]


def decode(content: bytes) -> str:
    """Bytes of a text file as text; what cannot be read becomes U+FFFD."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16", "replace")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1254", "replace")
