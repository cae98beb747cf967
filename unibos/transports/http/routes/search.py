"""Search over all collections."""

from typing import Annotated

from msgspec import Meta, Struct

from unibos.base.base64url import base64url, from_base64url
from unibos.base.clock import iso
from unibos.base.errors import Invalid
from unibos.base.ids import made_at_ms
from unibos.core.identity.scope import Role, Scope
from unibos.core.module.endpoint import Answer, Call, Cursor, Endpoint
from unibos.core.store import collections, records, search
from unibos.core.store.paging import cursor_invalid
from unibos.core.store.texts import texts
from unibos.core.store.transaction import View

_DEEPEST = 1000


class SearchQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Words that all must occur; the last one may be the beginning of a word."""

    q: Annotated[str, Meta(min_length=1, max_length=200)]
    collection: Annotated[str, Meta(max_length=63)] | None = None
    limit: Annotated[int, Meta(ge=1, le=100)] = 20
    cursor: Cursor | None = None


class SearchItem(Struct, frozen=True):
    """A record that matches; ``marks`` are [start, end) of the found words in ``snippet``."""

    collection: str
    id: str
    title: str
    snippet: str
    marks: list[tuple[int, int]]
    score: float
    created_at: str


class SearchPage(Struct, frozen=True):
    """Records, best first."""

    items: list[SearchItem]
    next: str | None


async def find(scope: Scope, call: Call) -> Answer:
    """Ranked records with snippets."""
    asked: SearchQuery = call.query
    offset = _offset(asked.cursor)

    def question(view: View) -> tuple[list[SearchItem], bool]:
        hits = search.find(
            view, asked.q, collection=asked.collection, limit=asked.limit + 1, offset=offset
        )
        return [_item(view, hit, asked.q) for hit in hits[: asked.limit]], len(hits) > asked.limit

    items, more = await scope.store.aread(question)
    following = offset + asked.limit
    cursor = _cursor(following) if more and following <= _DEEPEST else None
    return Answer(SearchPage(items, cursor))


def _item(view: View, hit: search.Hit, wanted: str) -> SearchItem:
    collection = collections.get(view, hit.collection)
    declared = collection.search
    data = records.get(view, hit.collection, hit.id).data
    title = str(data.get(declared.title) or "") if declared.title else ""
    body = " ".join(texts([data.get(name) for name in declared.body]))
    text, marks = search.snippet(body or title, wanted)
    return SearchItem(
        hit.collection, hit.id, title, text, marks, -hit.rank, iso(made_at_ms(hit.id))
    )


def _cursor(offset: int) -> str:
    return base64url(str(offset).encode())


def _offset(cursor: str | None) -> int:
    if cursor is None:
        return 0
    try:
        offset = int(from_base64url(cursor))
        if 0 <= offset <= _DEEPEST:
            return offset
    except ValueError:
        pass
    raise cursor_invalid()


ENDPOINTS = (
    Endpoint(
        "GET",
        "/search",
        find,
        "Find records by their words",
        {200: SearchPage},
        Role.VIEWER,
        query=SearchQuery,
        errors=(Invalid,),
    ),
)
