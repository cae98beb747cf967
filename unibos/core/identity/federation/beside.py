"""Hubs beside the first one: each with a membership, a line and a heartbeat of its own.

The hub that a node joined first is its home: its org is the node's, and its users log in here. At
a hub beside it the node is one of some org there, and that is all: nothing here is adopted, and
nobody logs in with its accounts. Records go to both.
"""

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

import msgspec
from msgspec.structs import replace as changed

from unibos.base.clock import Wall, wall_ms
from unibos.base.errors import Conflict, Damaged, Error, NotFound
from unibos.core.identity.federation.contact import Contact
from unibos.core.identity.federation.enrolling import (
    Enrolling,
    HubAddress,
    Links,
    Preview,
    say_farewell,
)
from unibos.core.identity.federation.heartbeat import Heartbeat
from unibos.core.identity.federation.state import HubState, Joined, own_membership
from unibos.core.identity.federation.trusted_time import boot_seconds
from unibos.core.identity.keys import InstanceKey
from unibos.core.identity.link import Link, Report
from unibos.core.identity.registry.join_string import JoinToken
from unibos.core.identity.registry.membership import Membership
from unibos.core.store import meta
from unibos.core.store.store import Store
from unibos.core.store.transaction import Transaction, View

log = logging.getLogger(__name__)

_KEY = "hubs_beside"
_MOST = 7
Listener = Callable[["BesideHub"], Awaitable[None]]


class OwnTime:
    """The time of one hub, as it told it since this start; until then another clock's.

    :param wall: what to go by until the hub has told its time.
    """

    def __init__(self, wall: Wall, monotonic: Callable[[], float] = boot_seconds) -> None:
        self._wall = wall
        self._monotonic = monotonic
        self._base: tuple[int, float] | None = None

    def now(self) -> int:
        """In milliseconds since 1970."""
        if self._base is None:
            return self._wall()
        told, at = self._base
        return told + round((self._monotonic() - at) * 1000)

    def heard(self, hub_ms: int) -> None:
        """The hub told its time."""
        self._base = hub_ms, self._monotonic()


@dataclass(frozen=True, slots=True)
class Options:
    """What a role decides; see :class:`unibos.core.identity.federation.joining.Options`."""

    name: str
    report: Callable[[], Report]


class BesideHub:
    """One hub beside the home.

    :ivar kept: the node's place there.
    :ivar contact: how the line is.
    :ivar link: the way to it.
    """

    def __init__(
        self, kept: Joined, key: InstanceKey, links: Links, contact: Contact, beside: "Beside"
    ) -> None:
        self.kept = kept
        self.membership: Membership | None = own_membership(kept, key)
        self.contact = contact
        self.link: Link = links(self.address, contact)
        self._key = key
        self._beside = beside
        self.heartbeat = Heartbeat(self, self.link, contact, beside.report, self._revoked)

    @property
    def address(self) -> HubAddress:
        """Which hub, and where."""
        return HubAddress(self.kept.hub, tuple(self.kept.urls), self.kept.certificate)

    @property
    def joined(self) -> Joined | None:
        """The node's place there, while it is a member and its credential is genuine."""
        member = self.kept.stage == "joined" and self.membership is not None
        return self.kept if member else None

    @property
    def online(self) -> bool:
        """Whether the hub is within reach."""
        return self.joined is not None and self.contact.online

    async def keep(self, joined: Joined) -> bool:
        """Keep a new state; False, and nothing is written, when it is the present one."""
        if joined == self.kept:
            return False
        await self._beside.keep(joined)
        self.kept, self.membership = joined, own_membership(joined, self._key)
        return True

    async def stop(self) -> None:
        """End the heartbeat and let go of connections."""
        await self.heartbeat.stop()
        await self.link.close()

    async def _revoked(self) -> None:
        """This hub says that the node is no member any more; that is no other hub's matter."""
        await self.keep(changed(self.kept, stage="revoked", membership="", keys="", revocations=""))
        log.warning("no member any more of a hub", extra={"hub": self.kept.hub_name})
        await self._beside.tell(self)


class Beside:
    """All hubs beside the home, for the life of one role.

    :param home: where the first one stands.
    :param time: what to go by until a hub has told its own time.
    :param wall: the machine's clock, whose error is told.

    :ivar hubs: by their instance id, in the order of joining.
    """

    def __init__(
        self,
        store: Store,
        home: HubState,
        key: InstanceKey,
        links: Links,
        time: Wall,
        options: Options,
        *,
        wall: Wall = wall_ms,
    ) -> None:
        self._store = store
        self._home = home
        self._key = key
        self._links = links
        self._time = time
        self._wall = wall
        self._options = options
        self._started = False
        self._busy = False
        self._listeners: list[Listener] = []
        self._enrolling = Enrolling(key, links, self._contact, options.report)
        self.hubs = {kept.hub: self._made(kept) for kept in store.read(_read)}

    @property
    def online(self) -> bool:
        """Whether any of them is within reach."""
        return any(hub.online for hub in self.hubs.values())

    def report(self) -> Report:
        """How this node is."""
        return self._options.report()

    def listen(self, listener: Listener) -> None:
        """Have ``listener`` told of a hub that was joined or left, on the event loop."""
        self._listeners.append(listener)

    async def tell(self, hub: BesideHub) -> None:
        """A hub is a new one, or the node is a member of it no longer."""
        for listener in self._listeners:
            await listener(hub)

    def start(self) -> None:
        """Begin to tell the hubs that this node lives."""
        self._started = True
        for hub in self.hubs.values():
            hub.heartbeat.start()

    async def stop(self) -> None:
        """End the heartbeats and let go of connections."""
        for hub in self.hubs.values():
            await hub.stop()

    async def preview(self, text: str) -> Preview:
        """Look where a join token leads; nothing is changed and no secret is sent.

        :raises Invalid: ``join_string_invalid``.
        :raises Conflict: ``not_joined``, ``already_joined``, ``too_many_hubs``.
        :raises Unavailable: ``hub_unreachable``, ``hub_not_genuine``.
        """
        return await self._enrolling.preview(self._token(text))

    async def join(self, text: str, name: str = "") -> BesideHub:
        """Join one more hub; the node goes on as it is.

        :param name: what the hub is to call this node; empty: the role's choice.
        :raises Invalid: ``join_string_invalid``.
        :raises Conflict: ``not_joined``, ``already_joined``, ``too_many_hubs``.
        :raises Unavailable: ``hub_unreachable``, ``hub_not_genuine``.
        :raises Forbidden: ``hub_answer_wrong``, and what the hub refuses with.
        """
        token = self._token(text)
        self._busy = True
        try:
            pending = await self._enrolling.enroll(token, name or self._options.name)
            joined = changed(pending, stage="joined")
            await self.keep(joined)
        finally:
            self._busy = False
        before = self.hubs.pop(joined.hub, None)
        if before is not None:
            await before.stop()
        hub = self.hubs[joined.hub] = self._made(joined)
        if self._started:
            hub.heartbeat.start()
        log.info("taken in by one more hub", extra={"hub": joined.hub_name})
        await self.tell(hub)
        return hub

    async def leave(self, name: str, *, force: bool = False) -> BesideHub:
        """Be a member of one of them no longer; what the node has stays.

        :param name: the hub's name or id.
        :param force: also when the hub cannot be told.
        :raises NotFound: ``hub_not_found``.
        :raises Unavailable: ``hub_unreachable``, and whatever else the hub answers.
        """
        hub = self.find(name)
        if hub.joined is not None:
            await say_farewell(hub.link, force=force)
        # First, or a heartbeat on its way would keep the hub once more.
        await hub.stop()
        await self._store.awrite(lambda tx: _drop(tx, hub.kept.hub))
        self.hubs.pop(hub.kept.hub, None)
        hub.kept = changed(hub.kept, stage="revoked")
        log.info("left a hub", extra={"hub": hub.kept.hub_name})
        await self.tell(hub)
        return hub

    def find(self, name: str) -> BesideHub:
        """One of them, by name or id.

        :raises NotFound: ``hub_not_found``.
        """
        for hub in self.hubs.values():
            if name in (hub.kept.hub, hub.kept.hub_name):
                return hub
        raise NotFound(
            "hub_not_found",
            f"This node has joined no hub {name[:64]!r} beside its own.",
            hint="unibos sync shows the hubs.",
        )

    async def check(self) -> None:
        """A heartbeat to each of them now; trouble is told in its contact."""
        for hub in tuple(self.hubs.values()):
            try:
                await hub.heartbeat.check()
            except Error as error:
                log.info("no heartbeat", extra={"hub": hub.kept.hub_name, "code": error.code})

    async def keep(self, joined: Joined) -> None:
        """Keep the node's place at one of them."""
        await self._store.awrite(lambda tx: _put(tx, joined))

    def _token(self, text: str) -> JoinToken:
        token, home = JoinToken.parse(text), self._home.joined
        if home is None:
            raise Conflict(
                "not_joined",
                "This node has not joined a hub; the first one is its home.",
                hint="Join without --also: unibos join TOKEN",
            )
        present = self.hubs.get(token.hub)
        if self._busy or token.hub == home.hub or (present and present.joined):
            raise Conflict(
                "already_joined",
                "This node has joined that hub already.",
                hint="unibos sync shows the hubs.",
                hub=home.hub_name if token.hub == home.hub else "",
            )
        if len(self.hubs) >= _MOST:
            raise Conflict("too_many_hubs", f"A node has {_MOST + 1} hubs at most.")
        return token

    def _made(self, kept: Joined) -> BesideHub:
        return BesideHub(kept, self._key, self._links, self._contact(), self)

    def _contact(self) -> Contact:
        return Contact(OwnTime(self._time), wall=self._wall)


def _read(view: View) -> list[Joined]:
    text = meta.get(replace(view, org=""), _KEY)
    if text is None:
        return []
    try:
        return msgspec.json.decode(text, type=list[Joined])
    except msgspec.MsgspecError as error:
        raise Damaged(
            "hub_state_damaged",
            f"What is kept of the hubs cannot be read: {error}.",
            hint="Restore the newest backup.",
        ) from None


def _put(tx: Transaction, joined: Joined) -> None:
    """One of them anew, in its place, or at the end."""
    kept = _read(tx)
    new = [joined if one.hub == joined.hub else one for one in kept]
    if all(one.hub != joined.hub for one in kept):
        new.append(joined)
    _write(tx, new)


def _drop(tx: Transaction, hub: str) -> None:
    _write(tx, [one for one in _read(tx) if one.hub != hub])


def _write(tx: Transaction, kept: list[Joined]) -> None:
    meta.put(replace(tx, org=""), _KEY, msgspec.json.encode(kept).decode())
