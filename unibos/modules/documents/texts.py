"""How much text is kept."""

import msgspec

_MAX_TEXT = 700_000
"""Bytes as JSON: a record with its pages, tags and title stays below its own limit."""


def fitting(text: str) -> tuple[str, bool]:
    """The part of a text that fits into a record as JSON, and whether something was cut away."""
    size = len(msgspec.json.encode(text))
    if size <= _MAX_TEXT:
        return text, False
    least, most = 0, len(text)
    while least < most:
        middle = (least + most + 1) // 2
        if len(msgspec.json.encode(text[:middle])) <= _MAX_TEXT:
            least = middle
        else:
            most = middle - 1
    return text[:least], True
