"""What a file is, told by its first bytes; names and headers from outside are not believed."""

import re

from unibos.base.errors import Invalid, Unsupported

IMAGE_TYPES = frozenset({"image/jpeg", "image/png", "image/tiff", "image/webp", "image/heic"})
PDF_TYPE = "application/pdf"
TEXT_TYPE = "text/plain"
SUPPORTED = IMAGE_TYPES | {PDF_TYPE, TEXT_TYPE}
HEAD_SIZE = 4096

_PREFIXES = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"II*\0", "image/tiff"),
    (b"MM\0*", "image/tiff"),
)
_ALIASES = {"image/heif": "image/heic", "image/jpg": "image/jpeg"}
_PDF_WITHIN = 1024
_HEIF_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"})
_BYTE_ORDER_MARKS = (b"\xff\xfe", b"\xfe\xff")
_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")
_MOSTLY_LETTERS = 0.7


def sniff(head: bytes) -> str | None:
    """Media type of a file that starts with ``head`` (4 KiB are enough), ``None`` if unknown.

    HEIF in all its brands is ``image/heic``; text in UTF-8, UTF-16 or a Windows code page is
    ``text/plain``.
    """
    for prefix, media_type in _PREFIXES:
        if head.startswith(prefix):
            return media_type
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    if head[4:8] == b"ftyp" and head[8:12] in _HEIF_BRANDS:
        return None if b"avif" in head[12:64] else "image/heic"
    if b"%PDF-" in head[:_PDF_WITHIN]:
        return PDF_TYPE
    return TEXT_TYPE if _is_text(head) else None


def check(head: bytes, media_type: str) -> str:
    """Refuse a file that is empty, of no supported type, or not what it is said to be.

    Answers the type's one name: ``image/heif`` becomes ``image/heic``.

    :raises Invalid: ``document_empty`` or ``document_damaged``.
    :raises Unsupported: ``media_type_unsupported``.
    """
    if not head:
        raise Invalid("document_empty", "The file has no content.", hint="Send the file again.")
    media_type = _ALIASES.get(media_type, media_type)
    if media_type not in SUPPORTED:
        raise Unsupported(
            "media_type_unsupported",
            f"Documents of type {media_type} cannot be read.",
            hint="Send JPEG, PNG, TIFF, WebP, HEIC, PDF or plain text.",
        )
    found = sniff(head)
    if found != media_type:
        raise Invalid(
            "document_damaged",
            f"The file is said to be {media_type}, but its content is {found or 'something else'}.",
            hint="Open the original on a computer; if it opens, save it anew and send that.",
        )
    return media_type


def no_decoder(media_type: str) -> Unsupported:
    """The error where this machine's program has nothing to read a supported type with.

    The programs for 32-bit processors lack decoders that nobody builds for those.
    """
    return Unsupported(
        "media_type_unsupported",
        f"This machine has nothing to read {media_type} with.",
        hint="Let a worker on another machine do it, or send a picture as JPEG or PNG.",
    )


def _is_text(head: bytes) -> bool:
    if head.startswith(_BYTE_ORDER_MARKS):
        return True
    if not head or _CONTROL.search(head):
        return False
    try:
        # The end of the head may cut a character in two.
        head.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.start >= len(head) - 3 and error.reason == "unexpected end of data":
            return True
    else:
        return True
    letters = len(re.findall(rb"[A-Za-z0-9\s]", head))
    return letters >= _MOSTLY_LETTERS * len(head)
