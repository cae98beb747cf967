"""A node's place at its hub, and at those beside it: joining, leaving, a heartbeat now."""

from typing import Annotated, Literal

from msgspec import Meta, Struct
from msgspec.structs import replace

from unibos.base.clock import iso
from unibos.base.errors import (
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
    StorageFull,
    TooMany,
    Unauthenticated,
    Unavailable,
)
from unibos.core.identity.federation.beside import Beside, BesideHub
from unibos.core.identity.federation.joining import Joining
from unibos.core.identity.federation.state import Joined
from unibos.core.identity.link import OrgFacts
from unibos.core.identity.scope import Role, Scope
from unibos.core.module.endpoint import Answer, Call, Endpoint

Token = Annotated[str, Meta(max_length=4096)]


class HubFacts(Struct, frozen=True, kw_only=True):
    """A hub; ``id`` is its instance id, by which its nodes know it."""

    id: str
    name: str
    urls: list[str]


class BesideFacts(Struct, frozen=True, kw_only=True):
    """A hub beside the node's own; ``org`` is the one there that the node is of."""

    state: Literal["joined", "revoked"]
    online: bool
    hub: HubFacts
    name: str
    org: OrgFacts
    last_contact: str | None = None
    trouble: str | None = None


class Place(Struct, frozen=True, kw_only=True):
    """The node's place at its hub; ``beside`` are further hubs that it syncs with.

    ``pending``: joined, and its role starts anew. ``revoked``: a member no longer, by the hub's
    word. ``name`` is what the hub calls the node; ``clock_skew_ms`` is how far the machine's clock
    is ahead of the hub's; ``trouble`` is the code of what went wrong last.
    """

    state: Literal["none", "pending", "joined", "revoked"]
    online: bool = False
    hub: HubFacts | None = None
    name: str | None = None
    org: OrgFacts | None = None
    last_contact: str | None = None
    member_until: str | None = None
    clock_skew_ms: int | None = None
    trouble: str | None = None
    beside: list[BesideFacts] = []


class Lead(Struct, frozen=True, kw_only=True):
    """Where a join token leads; the hub at ``url`` proved to be the one that the token names."""

    hub: HubFacts
    url: str
    expires_at: str


class PreviewIn(Struct, frozen=True, forbid_unknown_fields=True):
    """A join token, whole; ``also``: to be joined beside the node's own hub."""

    token: Token
    also: bool = False


class JoinIn(Struct, frozen=True, forbid_unknown_fields=True):
    """A join token, whole; ``name`` is what the hub is to call this node (the machine's name);
    ``also`` joins the hub beside the node's own, to sync with both."""

    token: Token
    name: Annotated[str, Meta(max_length=200)] = ""
    also: bool = False


class LeaveIn(Struct, frozen=True, forbid_unknown_fields=True):
    """``force`` leaves even where the hub cannot be told; ``hub`` is the name or id of one beside
    the node's own (which it is when empty)."""

    force: bool = False
    hub: Annotated[str, Meta(max_length=200)] = ""


_REFUSALS = (Conflict, Forbidden, Invalid, NotFound, StorageFull, TooMany, Unavailable)


def endpoints(joining: Joining, beside: Beside) -> tuple[Endpoint, ...]:
    """The endpoints of one node."""

    async def show(scope: Scope, call: Call) -> Answer:
        return Answer(_place(joining, beside))

    async def preview(scope: Scope, call: Call) -> Answer:
        way = beside if call.body.also else joining
        found = await way.preview(call.body.token)
        hub = HubFacts(id=found.hub, name=found.hub_name, urls=[found.url])
        return Answer(Lead(hub=hub, url=found.url, expires_at=iso(found.expires_at)))

    async def join(scope: Scope, call: Call) -> Answer:
        try:
            if call.body.also:
                await beside.join(call.body.token, call.body.name)
            else:
                await joining.join(call.body.token, call.body.name)
        except Unauthenticated as error:
            raise _refused(error) from None
        return Answer(_place(joining, beside), 202)

    async def leave(scope: Scope, call: Call) -> Answer:
        try:
            await _leave(joining, beside, call.body)
        except Unauthenticated as error:
            raise _refused(error) from None
        return Answer(_place(joining, beside), 202)

    async def check(scope: Scope, call: Call) -> Answer:
        try:
            await joining.check()
        except Unauthenticated as error:
            raise _refused(error) from None
        await beside.check()
        return Answer(_place(joining, beside))

    return (
        Endpoint("GET", "/hub", show, "The node's place at its hub", {200: Place}, Role.VIEWER),
        Endpoint(
            "POST",
            "/hub/preview",
            preview,
            "See where a join token leads",
            {200: Lead},
            Role.OWNER,
            body=PreviewIn,
            errors=_REFUSALS,
        ),
        Endpoint(
            "POST",
            "/hub/join",
            join,
            "Join the hub that a token is from; the node starts anew",
            {202: Place},
            Role.OWNER,
            body=JoinIn,
            errors=_REFUSALS,
        ),
        Endpoint(
            "POST",
            "/hub/leave",
            leave,
            "Leave the hub; the node starts anew and keeps what it has",
            {202: Place},
            Role.OWNER,
            body=LeaveIn,
            errors=_REFUSALS,
        ),
        Endpoint(
            "POST",
            "/hub/check",
            check,
            "A heartbeat now",
            {200: Place},
            Role.MEMBER,
            errors=_REFUSALS,
        ),
    )


async def _leave(joining: Joining, beside: Beside, asked: LeaveIn) -> None:
    kept = joining.state.kept
    if asked.hub and not (kept and asked.hub in (kept.hub, kept.hub_name)):
        await beside.leave(asked.hub, force=asked.force)
    else:
        await joining.leave(force=asked.force)


def _place(joining: Joining, beside: Beside) -> Place:
    home = _home(joining)
    return replace(home, beside=[_beside(hub) for hub in beside.hubs.values()])


def _beside(hub: BesideHub) -> BesideFacts:
    kept, contact = hub.kept, hub.contact
    return BesideFacts(
        state="joined" if hub.joined else "revoked",
        online=hub.online,
        hub=HubFacts(id=kept.hub, name=kept.hub_name, urls=kept.urls),
        name=kept.node_name,
        org=kept.org,
        last_contact=iso(contact.last_ms) if contact.last_ms is not None else None,
        trouble=contact.trouble or None,
    )


def _home(joining: Joining) -> Place:
    kept, contact = joining.state.kept, joining.contact
    if kept is None:
        return Place(state="none")
    hub = HubFacts(id=kept.hub, name=kept.hub_name, urls=kept.urls)
    joined, membership = joining.state.joined, joining.state.membership
    if joined is None or membership is None:
        return Place(state=_stage(kept), hub=hub, name=kept.node_name, org=kept.org)
    return Place(
        state="joined",
        online=joining.online,
        hub=hub,
        name=joined.node_name,
        org=joined.org,
        last_contact=iso(contact.last_ms) if contact.last_ms is not None else None,
        member_until=iso(membership.expires_at),
        clock_skew_ms=contact.skew_ms,
        trouble=contact.trouble or None,
    )


def _stage(kept: Joined) -> Literal["pending", "revoked"]:
    """Of a node that is no member; a credential that is another instance's is as good as none."""
    return "pending" if kept.stage == "pending" else "revoked"


def _refused(error: Unauthenticated) -> Forbidden:
    """What the hub says of the node: the one who asks the node is who they say they are."""
    return Forbidden(error.code, error.detail, hint=error.hint)
