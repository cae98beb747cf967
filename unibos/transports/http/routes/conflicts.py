"""Conflicts: what lost a merge, to be compared, brought back or let go."""

from typing import Annotated, Any

from msgspec import Meta, Struct

from unibos.base.clock import hlc_ms, iso
from unibos.base.errors import Conflict, Forbidden, Invalid, NotFound, TooLarge
from unibos.core.identity.scope import Scope
from unibos.core.module.endpoint import Answer, Call, Endpoint, Listing
from unibos.core.store import conflicts as verbs
from unibos.core.store.conflicts import Entry
from unibos.core.store.definitions import Strategy
from unibos.core.sync import conflicts
from unibos.transports.http.pages import NUMBER, number_in
from unibos.transports.http.routes.records import RecordOut


class ConflictOut(Struct, frozen=True, kw_only=True):
    """Values that lost a merge although the winner did not know them.

    :param found_at: when it was found here, ``written_at`` when the losing write was made.
    :param fields: the names of what lost: some fields (strategy ``fields``), or all.
    :param origin: the instance that made the losing write.
    :param mine: whether it stood here; otherwise the peer brought it.
    :param peer: the instance that the merge was with.
    :param copy: the record that keeps what lost as well (strategy ``both``).
    :param open: it waits for a decision (strategy ``manual``).
    """

    id: str
    collection: str
    record: str
    found_at: str
    written_at: str
    strategy: Strategy
    fields: tuple[str, ...]
    origin: str
    mine: bool
    peer: str
    copy: str | None
    open: bool


class ConflictShown(ConflictOut, frozen=True, kw_only=True):
    """A conflict with the values that lost, and the record's data as they stand now.

    :param present: null where the record is deleted.
    """

    lost: dict[str, Any]
    present: dict[str, Any] | None


class ConflictPage(Struct, frozen=True):
    """Conflicts, newest first."""

    items: list[ConflictOut]
    next: str | None


class ConflictListing(Listing, frozen=True, forbid_unknown_fields=True):
    """Which conflicts: of a collection, of a record, or those that wait for a decision."""

    collection: Annotated[str, Meta(max_length=64)] | None = None
    record: Annotated[str, Meta(max_length=128)] | None = None
    open: bool | None = None


async def list_conflicts(scope: Scope, call: Call) -> Answer:
    """A page of the log."""
    asked: ConflictListing = call.query
    before = number_in(asked.cursor)
    found = await scope.store.aread(
        lambda view: verbs.some(
            view,
            before,
            asked.limit + 1,
            collection=asked.collection,
            record=asked.record,
            open_=asked.open,
        )
    )
    page = found[: asked.limit]
    following = str(page[-1].num) if len(found) > asked.limit else None
    return Answer(ConflictPage([ConflictOut(**_facts(entry)) for entry in page], following))


async def get_conflict(scope: Scope, call: Call) -> Answer:
    """One conflict."""
    num = _num(call)
    shown = await scope.store.aread(lambda view: conflicts.show(view, num))
    present = None if shown.present is None else dict(shown.present)
    return Answer(ConflictShown(**_facts(shown.entry), lost=dict(shown.lost), present=present))


async def restore_conflict(scope: Scope, call: Call) -> Answer:
    """Bring back what lost."""
    num = _num(call)
    record = await scope.store.awrite(lambda tx: conflicts.restore(tx, num))
    return Answer(record.json, 200, {"etag": record.etag})


async def discard_conflict(scope: Scope, call: Call) -> Answer:
    """Let go of what lost."""
    num = _num(call)
    await scope.store.awrite(lambda tx: conflicts.discard(tx, num))
    return Answer(status=204)


def _num(call: Call) -> int:
    given = call.path["id"]
    if NUMBER.fullmatch(given) is None:
        raise verbs.not_found(given)
    return int(given)


def _facts(entry: Entry) -> dict[str, Any]:
    hlc, origin = entry.clock
    return {
        "id": str(entry.num),
        "collection": entry.collection,
        "record": entry.record,
        "found_at": iso(entry.at),
        "written_at": iso(hlc_ms(hlc)),
        "strategy": entry.strategy,
        "fields": entry.names,
        "origin": origin,
        "mine": entry.mine,
        "peer": entry.peer,
        "copy": entry.copy,
        "open": entry.open,
    }


_ONE = "/sync/conflicts/{id}"

ENDPOINTS = (
    Endpoint(
        "GET",
        "/sync/conflicts",
        list_conflicts,
        "List what lost a merge",
        {200: ConflictPage},
        query=ConflictListing,
        errors=(Invalid,),
    ),
    Endpoint(
        "GET",
        _ONE,
        get_conflict,
        "Compare what lost a merge with what there is",
        {200: ConflictShown},
        errors=(NotFound,),
    ),
    Endpoint(
        "POST",
        f"{_ONE}/restore",
        restore_conflict,
        "Bring back what lost a merge, as a new write",
        {200: RecordOut},
        errors=(Conflict, Forbidden, Invalid, NotFound, TooLarge),
    ),
    Endpoint(
        "POST",
        f"{_ONE}/discard",
        discard_conflict,
        "Let go of what lost a merge",
        {204: None},
        errors=(NotFound,),
    ),
)
