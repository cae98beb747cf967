"""The quarantine: changes from peers that could not be taken, and another try."""

import logging
from typing import Annotated

from msgspec import Meta, Struct

from unibos.base.clock import iso
from unibos.base.errors import Invalid, NotFound, StorageFull
from unibos.core.identity.scope import Role, Scope
from unibos.core.module.endpoint import Answer, Call, Endpoint, Listing
from unibos.core.store import peers
from unibos.core.store import quarantine as verbs
from unibos.core.store.quarantine import Held
from unibos.core.store.transaction import View
from unibos.core.sync.exchange import quarantine
from unibos.core.sync.local import Local
from unibos.transports.http.pages import NUMBER, number_in

log = logging.getLogger(__name__)


class HeldOut(Struct, frozen=True, kw_only=True):
    """A change that waits.

    :param code: why it was not taken, with the words in ``detail``.
    :param due: when it is tried again by itself; null: when the collection's schema changes.
    :param size: of the change as it came, in bytes.
    """

    id: str
    peer: str
    peer_name: str
    collection: str
    record: str
    at: str
    code: str
    detail: str
    due: str | None
    size: int


class HeldPage(Struct, frozen=True):
    """Changes, oldest first."""

    items: list[HeldOut]
    next: str | None


class HeldListing(Listing, frozen=True, forbid_unknown_fields=True):
    """Which changes."""

    collection: Annotated[str, Meta(max_length=64)] | None = None


class RetriedOut(Struct, frozen=True):
    """How many changes were taken, and how many are held as before."""

    taken: int
    held: int


def endpoints(local: Local) -> tuple[Endpoint, ...]:
    """The endpoints over what one replica holds back."""

    async def retry_held(scope: Scope, call: Call) -> Answer:
        tried = await quarantine.retry(local, scope.org, everything=True)
        return Answer(RetriedOut(tried.taken, tried.held))

    return (
        Endpoint(
            "GET",
            "/sync/quarantine",
            list_held,
            "List changes that could not be taken",
            {200: HeldPage},
            query=HeldListing,
            errors=(Invalid,),
        ),
        Endpoint(
            "POST",
            "/sync/quarantine/retry",
            retry_held,
            "Try to take all of them now",
            {200: RetriedOut},
            errors=(StorageFull,),
        ),
        Endpoint(
            "DELETE",
            "/sync/quarantine/{id}",
            discard_held,
            "Let go of a change that was never taken",
            {204: None},
            Role.ADMIN,
            errors=(NotFound,),
        ),
    )


async def list_held(scope: Scope, call: Call) -> Answer:
    """A page of the quarantine."""
    asked: HeldListing = call.query
    after = number_in(asked.cursor) or 0

    def look(view: View) -> tuple[list[Held], dict[str, str]]:
        found = verbs.some(view, after, asked.limit + 1, collection=asked.collection)
        return found, {peer.id: peer.name for peer in peers.latest(view).values()}

    found, names = await scope.store.aread(look)
    page = found[: asked.limit]
    following = str(page[-1].num) if len(found) > asked.limit else None
    return Answer(HeldPage([_out(one, names) for one in page], following))


async def discard_held(scope: Scope, call: Call) -> Answer:
    """Let go of one change."""
    given = call.path["id"]
    if NUMBER.fullmatch(given) is None:
        raise verbs.not_found(given)
    await scope.store.awrite(lambda tx: quarantine.discard(tx, int(given)))
    log.warning("change discarded", extra={"change": given, "by": scope.principal.id})
    return Answer(status=204)


def _out(held: Held, names: dict[str, str]) -> HeldOut:
    return HeldOut(
        id=str(held.num),
        peer=held.peer,
        peer_name=names.get(held.peer, ""),
        collection=held.collection,
        record=held.record,
        at=iso(held.at),
        code=held.code,
        detail=held.detail,
        due=None if held.due is None else iso(held.due),
        size=held.size,
    )
