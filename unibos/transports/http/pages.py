"""Lists as the API gives them: ``{"items": […], "next": cursor or null}``."""

import re
from collections.abc import Sequence

import msgspec

from unibos.core.module.endpoint import Answer
from unibos.core.store.paging import cursor_invalid

NUMBER = re.compile("[0-9]{1,18}")
"""What names an entry of a log."""


def page_answer(items: Sequence[bytes], following: str | None) -> Answer:
    """A page of items that are JSON already."""
    cursor = msgspec.json.encode(following)
    return Answer(b'{"items":[' + b",".join(items) + b'],"next":' + cursor + b"}")


def number_in(cursor: str | None) -> int | None:
    """The number that a page of a log goes on from; None for the first page.

    :raises Invalid: ``cursor_invalid``.
    """
    if cursor is None:
        return None
    if NUMBER.fullmatch(cursor) is None:
        raise cursor_invalid()
    return int(cursor)
