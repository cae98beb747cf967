"""Ids: UUIDv7 (RFC 9562, section 5.7), so that they sort by the time of their making."""

import re
import secrets

from unibos.base.clock import COUNTER_BITS, wall_ms

_UUID7 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


def new_id(hlc: int | None = None) -> str:
    """Make a UUIDv7 as 36 lower-case characters.

    With a hybrid clock's reading, ids sort exactly in the order of the readings (up to 4,096 in
    one millisecond): the counter takes the place of ``rand_a`` (RFC 9562, section 6.2, method 1).

    :param hlc: a reading of :class:`unibos.base.clock.HybridClock`; the wall clock when absent.
    """
    if hlc is None:
        hlc = wall_ms() << COUNTER_BITS | secrets.randbits(12)
    ms = hlc >> COUNTER_BITS
    order = min(hlc & 0xFFFF, 0xFFF)
    tail = secrets.randbits(62) | 1 << 63
    text = f"{ms:012x}7{order:03x}{tail:016x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def is_id(text: str) -> bool:
    """Tell whether ``text`` is a UUIDv7 in its canonical form."""
    return _UUID7.fullmatch(text) is not None


def made_at_ms(uuid7: str) -> int:
    """The moment that a UUIDv7 carries, in milliseconds since 1970."""
    return int(uuid7[:8] + uuid7[9:13], 16)
