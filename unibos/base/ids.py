"""Ids: UUIDv7 (RFC 9562, section 5.7), so that they sort by the time of their making."""

import re
from datetime import UTC, datetime

import uuid_utils

_UUID7 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


def new_id(at_ms: int | None = None) -> str:
    """Make a UUIDv7 as 36 lower-case characters.

    :param at_ms: milliseconds since 1970; the system clock's when absent.
    """
    if at_ms is None:
        return str(uuid_utils.uuid7())
    return str(uuid_utils.uuid7(timestamp=at_ms // 1000, nanos=at_ms % 1000 * 1_000_000))


def is_id(text: str) -> bool:
    """Tell whether ``text`` is a UUIDv7 in its canonical form."""
    return _UUID7.fullmatch(text) is not None


def made_at(uuid7: str) -> datetime:
    """The moment that a UUIDv7 carries, in UTC, to the millisecond."""
    return datetime.fromtimestamp(int(uuid7[:8] + uuid7[9:13], 16) / 1000, UTC)
