"""Records: list, create, read, replace, merge, delete."""

from typing import Annotated, Any

from msgspec import Meta, Struct

from unibos.base.errors import Conflict, Forbidden, Invalid, NotFound, PreconditionFailed, TooLarge
from unibos.base.ids import is_id
from unibos.core.identity.scope import Role, Scope
from unibos.core.module.endpoint import Answer, Call, Endpoint, Listing
from unibos.core.store import collections, query, records
from unibos.core.store.definitions import Collection
from unibos.core.store.transaction import View
from unibos.transports.http.pages import page_answer


class RecordIn(Struct, frozen=True, forbid_unknown_fields=True):
    """What a record is made of."""

    data: dict[str, Any]


class RecordOut(Struct, frozen=True):
    """A record as it stands."""

    id: str
    collection: str
    created_at: str
    updated_at: str
    data: dict[str, Any]


class RecordPage(Struct, frozen=True):
    """Some records, and where to go on."""

    items: list[RecordOut]
    next: str | None


class RecordListing(Listing, frozen=True, forbid_unknown_fields=True):
    """Which records, in which order."""

    filter: Annotated[
        tuple[Annotated[str, Meta(max_length=500)], ...],
        Meta(max_length=10, description="FIELD OP VALUE, such as `total>=10`; repeatable."),
    ] = ()
    sort: Annotated[
        str, Meta(max_length=200, description="A field, with `-` for the largest first.")
    ] = "-created_at"
    q: Annotated[str, Meta(max_length=200, description="Words that the record has.")] | None = None


async def list_records(scope: Scope, call: Call) -> Answer:
    """A page of a collection."""
    name, asked = call.path["collection"], call.query
    wanted = query.Query(asked.filter, asked.sort, asked.limit, asked.cursor, asked.q)

    def question(view: View) -> query.Page:
        collections.get(view, name)
        return query.page(view, name, wanted)

    # In the order of ids, a page is one short walk along an index; all else may read everything.
    short = not asked.filter and asked.q is None and asked.sort in ("-created_at", "created_at")
    page = scope.store.read(question) if short else await scope.store.aread(question)
    return page_answer([record.json for record in page.items], page.next)


async def create_record(scope: Scope, call: Call) -> Answer:
    """A new record with an id of the server's."""
    name = call.path["collection"]
    draft = writable(scope, name).draft(call.body.data)
    record = await scope.store.awrite(lambda tx: records.create(tx, name, draft))
    return _answer(record, 201)


async def get_record(scope: Scope, call: Call) -> Answer:
    """One record."""
    name, id_ = call.path["collection"], call.path["id"]

    def question(view: View) -> records.Record:
        collections.get(view, name)
        return records.get(view, name, id_)

    return _answer(scope.store.read(question), 200)


async def put_record(scope: Scope, call: Call) -> Answer:
    """Replace a record, or make one with an id of the client's (a UUIDv7)."""
    name, id_ = call.path["collection"], checked_id(call.path["id"])
    draft = writable(scope, name).draft(call.body.data)
    expected = call.headers.get("if-match")
    record, made = await scope.store.awrite(lambda tx: records.put(tx, name, id_, draft, expected))
    return _answer(record, 201 if made else 200)


async def patch_record(scope: Scope, call: Call) -> Answer:
    """Merge fields into a record (RFC 7396)."""
    name, id_ = call.path["collection"], call.path["id"]
    check = writable(scope, name).draft
    changes, expected = call.body.data, call.headers.get("if-match")
    record = await scope.store.awrite(
        lambda tx: records.patch(tx, name, id_, changes, check, expected)
    )
    return _answer(record, 200)


async def delete_record(scope: Scope, call: Call) -> Answer:
    """Delete a record."""
    name, id_ = call.path["collection"], call.path["id"]
    writable(scope, name)
    expected = call.headers.get("if-match")
    await scope.store.awrite(lambda tx: records.delete(tx, name, id_, expected))
    return Answer(status=204)


def writable(scope: Scope, name: str) -> Collection:
    """The collection, if people may write its records directly.

    :raises NotFound: ``collection_not_found``.
    :raises Forbidden: ``collection_managed``.
    """
    collection = scope.store.read(lambda view: collections.get(view, name))
    if collection.managed:
        raise Forbidden(
            "collection_managed",
            f"The records of {name!r} are written by the module {collection.module!r} only.",
            hint=f"Use the endpoints below /api/v1/{collection.module}.",
        )
    return collection


def checked_id(id_: str) -> str:
    """A client's id, if it is a UUIDv7.

    :raises Invalid: ``id_invalid``.
    """
    if not is_id(id_):
        raise Invalid(
            "id_invalid",
            f"{id_[:100]!r} is not a UUIDv7 in lower case.",
            hint="POST without an id, and the server gives one.",
        )
    return id_


def _answer(record: records.Record, status: int) -> Answer:
    return Answer(record.json, status, {"etag": record.etag})


_LIST = "/collections/{collection}/records"
_ONE = "/collections/{collection}/records/{id}"
_WRITE = (Conflict, Forbidden, Invalid, NotFound, PreconditionFailed, TooLarge)

ENDPOINTS = (
    Endpoint(
        "GET",
        _ONE,
        get_record,
        "Read a record",
        {200: RecordOut, 304: None},
        Role.VIEWER,
        errors=(NotFound,),
    ),
    Endpoint(
        "PUT",
        _ONE,
        put_record,
        "Replace or make a record",
        {200: RecordOut, 201: RecordOut},
        body=RecordIn,
        errors=_WRITE,
    ),
    Endpoint(
        "PATCH",
        _ONE,
        patch_record,
        "Merge fields into a record",
        {200: RecordOut},
        body=RecordIn,
        errors=_WRITE,
    ),
    Endpoint("DELETE", _ONE, delete_record, "Delete a record", {204: None}, errors=_WRITE),
    Endpoint(
        "GET",
        _LIST,
        list_records,
        "List records",
        {200: RecordPage},
        Role.VIEWER,
        query=RecordListing,
        errors=(NotFound, Invalid),
    ),
    Endpoint(
        "POST",
        _LIST,
        create_record,
        "Create a record",
        {201: RecordOut},
        body=RecordIn,
        errors=_WRITE,
    ),
)
