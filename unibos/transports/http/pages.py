"""Lists as the API gives them: ``{"items": […], "next": cursor or null}``."""

from collections.abc import Sequence

import msgspec

from unibos.core.module.endpoint import Answer


def page_answer(items: Sequence[bytes], following: str | None) -> Answer:
    """A page of items that are JSON already."""
    cursor = msgspec.json.encode(following)
    return Answer(b'{"items":[' + b",".join(items) + b'],"next":' + cursor + b"}")
