"""Collections: what exists, and a user's own."""

from typing import Annotated, Any

from msgspec import Meta, Struct

from unibos.base.errors import Conflict, Forbidden, Invalid, NotFound
from unibos.core.identity.scope import Role, Scope
from unibos.core.module.endpoint import Answer, Call, Endpoint
from unibos.core.store import collections
from unibos.core.store.definitions import Collection, Export, Search, Strategy
from unibos.core.store.drafts import admit_schema


class CollectionIn(Struct, frozen=True, forbid_unknown_fields=True):
    """A user's own collection."""

    name: Annotated[str, Meta(pattern="^[a-z][a-z0-9_]{0,62}$")]
    schema: dict[str, Any] = {}
    strategy: Strategy = Strategy.FIELDS
    export: Export = Export.LOCAL
    search: Search | None = None


class CollectionOut(Struct, frozen=True):
    """A collection as it stands."""

    name: str
    schema: dict[str, Any]
    strategy: Strategy
    export: Export
    ceiling: Export
    search: Search
    module: str | None
    managed: bool


class CollectionPage(Struct, frozen=True):
    """All collections; there are never so many that they need pages."""

    items: list[CollectionOut]
    next: None = None


async def list_collections(scope: Scope, call: Call) -> Answer:
    """Every collection of the org."""
    found = scope.store.read(collections.every)
    return Answer(CollectionPage([_shown(item) for item in found]))


async def get_collection(scope: Scope, call: Call) -> Answer:
    """One collection."""
    name = call.path["collection"]
    return Answer(_shown(scope.store.read(lambda view: collections.get(view, name))))


async def create_collection(scope: Scope, call: Call) -> Answer:
    """Make a collection; without a word about search, all its texts are found."""
    asked: CollectionIn = call.body
    schema = admit_schema(asked.schema)
    wanted = Collection(
        asked.name,
        schema,
        asked.strategy,
        asked.export,
        search=_all_texts(asked.schema) if asked.search is None else asked.search,
    )
    await scope.store.awrite(lambda tx: collections.create(tx, wanted))
    return Answer(_shown(wanted), 201)


def _all_texts(schema: dict[str, Any]) -> Search:
    texts = [
        name
        for name, about in schema.get("properties", {}).items()
        if isinstance(about, dict) and about.get("type") in ("string", "array", "object")
    ]
    title = next((name for name in ("title", "name") if name in texts), None)
    return Search(title, tuple(name for name in texts if name != title))


def _shown(collection: Collection) -> CollectionOut:
    return CollectionOut(
        collection.name,
        dict(collection.schema.declared),
        collection.strategy,
        collection.export,
        collection.ceiling,
        collection.search,
        collection.module,
        collection.managed,
    )


ENDPOINTS = (
    Endpoint(
        "GET",
        "/collections",
        list_collections,
        "List collections",
        {200: CollectionPage},
        Role.VIEWER,
    ),
    Endpoint(
        "POST",
        "/collections",
        create_collection,
        "Make a collection",
        {201: CollectionOut},
        Role.ADMIN,
        body=CollectionIn,
        errors=(Conflict, Forbidden, Invalid),
    ),
    Endpoint(
        "GET",
        "/collections/{collection}",
        get_collection,
        "Read a collection's definition",
        {200: CollectionOut},
        Role.VIEWER,
        errors=(NotFound,),
    ),
)
