"""Pages of a list in the order of its ids: a page's cursor is the last id on it."""

from collections.abc import Callable
from typing import Protocol, TypeVar

from unibos.base.errors import Invalid
from unibos.base.ids import is_id


class Named(Protocol):
    """Something with an id."""

    @property
    def id(self) -> str:
        """By which the list is ordered."""
        ...


T = TypeVar("T", bound=Named)


def behind(cursor: str | None, fits: Callable[[str], bool] = is_id) -> str:
    """The id that a page begins behind; empty for the first page.

    :param fits: whether a text may be an id of the list.
    :raises Invalid: ``cursor_invalid``.
    """
    if cursor is None:
        return ""
    if not fits(cursor):
        raise cursor_invalid()
    return cursor


def page_of(found: list[T], limit: int) -> tuple[list[T], str | None]:
    """One page, and the cursor of the next or None.

    :param found: up to ``limit + 1`` entries: the last one tells that there is another page.
    """
    page = found[:limit]
    return page, page[-1].id if len(found) > limit else None


def cursor_invalid() -> Invalid:
    """The answer to a cursor that no list gave, or another one."""
    return Invalid(
        "cursor_invalid",
        "This cursor does not belong to this list.",
        hint="Start again without a cursor.",
    )
