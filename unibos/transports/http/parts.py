"""Parts of a file on their way in, as ``Content-Range`` names them (RFC 9110, section 14.4)."""

import re
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from typing import NamedTuple

from unibos.base.errors import Invalid

_RANGE = re.compile(r"bytes (?:(\d{1,18})-(\d{1,18})|\*)/(\d{1,18})")


class Part(NamedTuple):
    """First and last byte of a part, and the size of the whole.

    Where all has arrived already, ``first`` is the size, and ``last`` is before it.
    """

    first: int
    last: int
    total: int

    @property
    def header(self) -> str:
        """As ``Content-Range`` says it."""
        begin_end = f"{self.first}-{self.last}" if self.first <= self.last else "*"
        return f"bytes {begin_end}/{self.total}"


def part_of(headers: Mapping[str, str], *, empty: bool = False) -> Part | None:
    """What is sent, if it is not the whole.

    :param empty: whether nothing may be sent (``bytes */TOTAL``), where all has arrived already.
    :raises Invalid: ``content_range_invalid``.
    """
    header = headers.get("content-range")
    if header is None:
        return None
    found = _RANGE.fullmatch(header)
    if found is not None:
        total = int(found[3])
        part = Part(int(found[1] or total), int(found[2] or total - 1), total)
        nothing = empty and part == (total, total - 1, total)
        if nothing or part.first <= part.last < total:
            return part
    raise _invalid("Content-Range is bytes FIRST-LAST/TOTAL.")


def declared(headers: Mapping[str, str]) -> int | None:
    """How many bytes the sender says will come; None where it does not say."""
    said = headers.get("content-length", "")
    return int(said) if said.isdecimal() else None


async def within(chunks: AsyncIterator[bytes], part: Part | None) -> AsyncGenerator[bytes]:
    """The bytes as they come, never more than the part has.

    :raises Invalid: ``content_range_invalid``.
    """
    at = part.first if part is not None else 0
    async for chunk in chunks:
        at += len(chunk)
        if part is not None and at > part.last + 1:
            raise _invalid("These are more bytes than Content-Range says.")
        yield chunk


def _invalid(detail: str) -> Invalid:
    return Invalid("content_range_invalid", detail)
