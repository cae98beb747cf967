"""Bodies in gzip (RFC 1952): both ways, and never more unpacked than a limit."""

import asyncio
import zlib
from collections.abc import Callable, Mapping
from typing import TypeVar

from unibos.base.errors import Malformed, Unsupported
from unibos.transports.http.bodies import too_large

ENCODING = "gzip"
LEVEL = 1
"""Level 4 makes a batch of notes an eighth smaller and takes two thirds longer: a small board would
work at that for longer than its Wi-Fi takes for the difference."""
WORTH_BYTES = 1024
"""What is smaller goes as it is: it fits in one packet of the network anyway."""
AT_ONCE_BYTES = 64 * 1024
"""What is larger is worked on in a thread, so that nobody else waits for it."""
_PACKED_AT_ONCE_BYTES = 2 * 1024
"""As much as this may become a thousand times more, which still is a matter of a millisecond."""
_GZIP = 16 + zlib.MAX_WBITS

T = TypeVar("T")


async def pack(data: bytes) -> bytes:
    """The bytes in gzip."""
    if len(data) <= AT_ONCE_BYTES:
        return _pack(data)
    return await asyncio.to_thread(_pack, data)


async def understood(data: bytes, limit: int, read: Callable[[bytes], T], *, packed: bool) -> T:
    """What ``read`` makes of a body once it is unpacked.

    :param limit: the most bytes, unpacked.
    :raises Malformed: ``gzip_broken``, and what ``read`` raises.
    :raises TooLarge: ``body_too_large``.
    """

    def understand() -> T:
        return read(unpacked(data, limit) if packed else data)

    if len(data) <= (_PACKED_AT_ONCE_BYTES if packed else AT_ONCE_BYTES):
        return understand()
    return await asyncio.to_thread(understand)


def unpacked(data: bytes, limit: int) -> bytes:
    """Bytes out of one gzip member; what would become too large is not unpacked any further.

    :raises Malformed: ``gzip_broken``, also where something is missing or follows.
    :raises TooLarge: ``body_too_large``.
    """
    unpacking = zlib.decompressobj(_GZIP)
    try:
        whole = unpacking.decompress(data, limit + 1)
    except zlib.error:
        raise _broken() from None
    if len(whole) > limit:
        raise too_large(limit)
    if not unpacking.eof or unpacking.unused_data:
        raise _broken()
    return whole


def is_packed(headers: Mapping[str, str]) -> bool:
    """Whether a body is packed.

    :raises Unsupported: ``encoding_unsupported``.
    """
    encoding = headers.get("content-encoding", "identity").strip().lower()
    if encoding not in (ENCODING, "identity"):
        raise encoding_unsupported(encoding)
    return encoding == ENCODING


def takes_packed(accepted: str) -> bool:
    """Whether an ``Accept-Encoding`` (RFC 9110, section 12.5.3) names gzip, not to refuse it."""
    offers = (offer.replace(" ", "").lower().partition(";") for offer in accepted.split(","))
    return any(name == ENCODING and q not in ("q=0", "q=0.0") for name, _, q in offers)


def encoding_unsupported(encoding: str) -> Unsupported:
    """The answer to a body that is packed as it may not be."""
    return Unsupported(
        "encoding_unsupported",
        f"The body is packed ({encoding[:40]}), which is not taken here.",
        hint="Send it as it is.",
    )


def _pack(data: bytes) -> bytes:
    return zlib.compress(data, LEVEL, _GZIP)


def _broken() -> Malformed:
    return Malformed("gzip_broken", "The body is not what gzip makes, or a part of it is missing.")
