"""What a file is, told by its first bytes; names and headers from outside are not believed."""

from typing import Literal, NamedTuple

from unibos.modules.media import videos

Kind = Literal["photo", "video"]

HEAD = 8192
"""Bytes that are enough to tell."""

_PREFIXES = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"II*\0", "image/tiff"),
    (b"MM\0*", "image/tiff"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
)
_HEIC = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx"})
_AVIF = frozenset({b"avif", b"avis"})
_EITHER = frozenset({b"mif1", b"msf1"})


class Type(NamedTuple):
    """What a file is."""

    kind: Kind
    media_type: str


def sniff(head: bytes) -> Type | None:
    """What a file that starts with ``head`` is; None for what is neither photo nor video."""
    photo = _photo(head)
    if photo is not None:
        return Type("photo", photo)
    video = videos.sniff(head)
    return Type("video", video) if video is not None else None


def _photo(head: bytes) -> str | None:
    for prefix, media_type in _PREFIXES:
        if head.startswith(prefix):
            return media_type
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    return _isobmff(head) if head[4:8] == b"ftyp" else None


def _isobmff(head: bytes) -> str | None:
    """HEIC or AVIF (ISO/IEC 23008-12, section 10): by the brands at the file's begin."""
    end = min(int.from_bytes(head[:4], "big"), len(head))
    brands = {head[8:12]} | {head[start : start + 4] for start in range(16, end - 3, 4)}
    main = head[8:12]
    if main in _AVIF or (main in _EITHER and brands & _AVIF):
        return "image/avif"
    return "image/heic" if main in _HEIC or main in _EITHER else None
