"""Export control: how far collections travel, the kill switch, and the log of what left."""

import logging
import re
from typing import Annotated

from msgspec import Meta, Struct

from unibos.base.clock import iso
from unibos.base.errors import Forbidden, Invalid, NotFound
from unibos.core.identity.scope import Role, Scope
from unibos.core.module.endpoint import Answer, Call, Endpoint, Listing
from unibos.core.store import census, collections, export_log, peers
from unibos.core.store.definitions import Collection, Export
from unibos.core.store.export_log import Entry, Way
from unibos.core.store.paging import cursor_invalid
from unibos.core.store.peers import PeerKind
from unibos.core.store.transaction import View
from unibos.core.sync import export

log = logging.getLogger(__name__)

_NUMBER = re.compile("[0-9]{1,18}")


class ExportIn(Struct, frozen=True, forbid_unknown_fields=True):
    """One change: how far a collection travels, or the kill switch."""

    collection: Annotated[str, Meta(max_length=64)] | None = None
    export: Export | None = None
    kill_switch: bool | None = None


class ExportOut(Struct, frozen=True):
    """How far a collection's records may travel from here.

    :param records: how many there are, deleted ones not counted.
    :param to_nodes: whether other nodes of the org get them, ``to_hub`` whether the hub does.
    """

    collection: str
    module: str | None
    export: Export
    ceiling: Export
    records: int
    to_nodes: bool
    to_hub: bool


class ExportPage(Struct, frozen=True):
    """All collections, and the kill switch; there are never so many that they need pages.

    :param stopped_at: when the kill switch was turned on.
    """

    kill_switch: bool
    stopped_at: str | None
    items: list[ExportOut]
    next: None = None


class ExportLogListing(Listing, frozen=True, forbid_unknown_fields=True):
    """Which entries: of one peer, by its instance id, or of one collection."""

    peer: Annotated[str, Meta(max_length=128)] | None = None
    collection: Annotated[str, Meta(max_length=64)] | None = None


class ExportLogEntry(Struct, frozen=True):
    """A batch that was sent, or held back for the reason ``blocked``."""

    at: str
    peer: str
    peer_name: str
    collection: str
    way: Way
    records: int
    bytes: int
    first_seq: int
    last_seq: int
    blocked: str | None


class ExportLogPage(Struct, frozen=True):
    """Entries, newest first."""

    items: list[ExportLogEntry]
    next: str | None


def endpoints(kind: PeerKind) -> tuple[Endpoint, ...]:
    """The endpoints over an instance's exports.

    :param kind: a hub has the kill switch and the log; policies are said at nodes.
    """

    async def show_export(scope: Scope, call: Call) -> Answer:
        return Answer(await scope.store.aread(lambda view: _state(view, kind)))

    async def set_export(scope: Scope, call: Call) -> Answer:
        asked: ExportIn = call.body
        if asked.kill_switch is not None and asked.collection is asked.export is None:
            switch = export.stop if asked.kill_switch else export.resume
            changed = await scope.store.awrite(switch)
            facts: dict[str, object] = {"kill_switch": asked.kill_switch}
        elif asked.kill_switch is None and asked.collection and asked.export:
            name, wanted = asked.collection, asked.export
            _require_node(kind)
            changed = await scope.store.awrite(lambda tx: export.set_own(tx, name, wanted))
            facts = {"collection": name, "export": str(wanted)}
        else:
            raise Invalid(
                "export_unclear",
                "Give a collection with its export, or the kill switch.",
            )
        if changed:
            log.info("export changed", extra={**facts, "by": scope.principal.id})
        return Answer(await scope.store.aread(lambda view: _state(view, kind)))

    return (
        Endpoint(
            "GET",
            "/export",
            show_export,
            "How far each collection travels",
            {200: ExportPage},
            Role.ADMIN,
        ),
        Endpoint(
            "PUT",
            "/export",
            set_export,
            "Say how far a collection travels, or turn the kill switch",
            {200: ExportPage},
            Role.ADMIN,
            body=ExportIn,
            errors=(Forbidden, Invalid, NotFound),
        ),
        Endpoint(
            "GET",
            "/export/log",
            show_log,
            "What was sent to peers, and what was held back",
            {200: ExportLogPage},
            Role.ADMIN,
            query=ExportLogListing,
            errors=(Invalid,),
        ),
    )


async def show_log(scope: Scope, call: Call) -> Answer:
    """A page of the export log."""
    asked: ExportLogListing = call.query
    before = _before(asked.cursor)

    def look(view: View) -> tuple[list[Entry], dict[str, str]]:
        found = export_log.page(
            view, before, asked.limit + 1, peer=asked.peer, collection=asked.collection
        )
        return found, {peer.id: peer.name for peer in peers.latest(view).values()}

    found, names = await scope.store.aread(look)
    page = found[: asked.limit]
    following = str(page[-1].num) if len(found) > asked.limit else None
    return Answer(ExportLogPage([_entry(one, names) for one in page], following))


def _state(view: View, kind: PeerKind) -> ExportPage:
    since = export.stopped_since(view)
    items: list[ExportOut] = []
    if kind == "node":
        counts = census.take(view).records
        items = [_shown(one, counts.get(one.name, 0)) for one in collections.every(view)]
    return ExportPage(since is not None, None if since is None else iso(since), items)


def _shown(collection: Collection, records: int) -> ExportOut:
    reach = collection.export.reach
    return ExportOut(
        collection.name,
        collection.module,
        collection.export,
        collection.ceiling,
        records,
        to_nodes=reach >= export.needed("node").reach,
        to_hub=reach >= export.needed("hub").reach,
    )


def _require_node(kind: PeerKind) -> None:
    if kind == "hub":
        raise Forbidden(
            "export_at_nodes",
            "How far a collection travels is said at each node; a hub passes on what they let it.",
            hint="On the node: unibos export set COLLECTION local|nodes|hub",
        )


def _before(cursor: str | None) -> int | None:
    if cursor is None:
        return None
    if _NUMBER.fullmatch(cursor) is None:
        raise cursor_invalid()
    return int(cursor)


def _entry(one: Entry, names: dict[str, str]) -> ExportLogEntry:
    return ExportLogEntry(
        iso(one.at),
        one.peer,
        names.get(one.peer, ""),
        one.collection,
        one.way,
        one.records,
        one.bytes,
        one.first_seq,
        one.last_seq,
        one.blocked,
    )
