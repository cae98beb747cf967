"""Joining a hub and leaving it again; the heartbeat in between.

Joining is three steps, and after each of them the power may fail. The hub takes the node in: if
nothing else comes of it, a new token takes it in again. The node keeps what it was told, as
``pending``. Then its role starts anew, and before all else the node's own org becomes the one that
it joined (:func:`unibos.core.identity.federation.state.adopt`).
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass

from unibos.base.clock import Wall, wall_ms
from unibos.base.errors import Conflict, StorageFull
from unibos.core.identity.federation.contact import Contact
from unibos.core.identity.federation.enrolling import (
    Enrolling,
    HubAddress,
    Links,
    Preview,
    say_farewell,
)
from unibos.core.identity.federation.heartbeat import Heartbeat
from unibos.core.identity.federation.state import HubState, Joined
from unibos.core.identity.federation.trusted_time import TrustedTime
from unibos.core.identity.keys import InstanceKey
from unibos.core.identity.link import Link, Report
from unibos.core.identity.registry.join_string import JoinToken

__all__ = ["HubAddress", "Joining", "Links", "Options", "Preview", "not_joined"]

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Options:
    """What a role decides.

    :param name: what the hub is to call this node.
    :param report: how the node is, now.
    :param room: whether the disk has room for the whole database once more, which adoption may
        take.
    :param restart: has the role start anew; returns at once.
    """

    name: str
    report: Callable[[], Report]
    restart: Callable[[], None]
    room: Callable[[], bool] = lambda: True


class Joining:
    """A node's place at its hub, for the life of one role.

    :param wall: the machine's clock, whose error is told.

    :ivar state: what is kept of the hub.
    :ivar contact: how the line is.
    :ivar link: the way to the hub; None where there is none.
    """

    def __init__(
        self,
        state: HubState,
        key: InstanceKey,
        links: Links,
        trusted: TrustedTime,
        options: Options,
        *,
        wall: Wall = wall_ms,
    ) -> None:
        self.state = state
        self._options = options
        self._busy = False
        joined = state.joined
        self.contact = Contact(trusted, wall=wall)
        self._enrolling = Enrolling(key, links, lambda: Contact(trusted, wall=wall), options.report)
        self.link: Link | None = None
        self._heartbeat: Heartbeat | None = None
        if joined is not None:
            address = HubAddress(joined.hub, tuple(joined.urls), joined.certificate)
            self.link = links(address, self.contact)
            self._heartbeat = Heartbeat(
                state, self.link, self.contact, options.report, self.revoked
            )

    def report(self) -> Report:
        """How this node is, now."""
        return self._options.report()

    @property
    def online(self) -> bool:
        """Whether the hub is within reach."""
        return self.state.joined is not None and self.contact.online

    def start(self) -> None:
        """Begin to tell the hub that this node lives; does nothing for one that did not join."""
        if self._heartbeat is not None:
            self._heartbeat.start()

    async def stop(self) -> None:
        """End the heartbeat and let go of connections."""
        if self._heartbeat is not None:
            await self._heartbeat.stop()
        if self.link is not None:
            await self.link.close()

    async def check(self) -> None:
        """A heartbeat now.

        :raises Conflict: ``not_joined``.
        :raises Unavailable: ``hub_unreachable``, and whatever else the hub answers.
        """
        if self._heartbeat is None or self.state.joined is None:
            raise not_joined()
        await self._heartbeat.check()

    async def preview(self, text: str) -> Preview:
        """Look where a join token leads; nothing is changed and no secret is sent.

        :raises Invalid: ``join_string_invalid``.
        :raises Conflict: ``already_joined``.
        :raises Unavailable: ``hub_unreachable``, ``hub_not_genuine``.
        """
        token = JoinToken.parse(text)
        self._refuse_second()
        return await self._enrolling.preview(token)

    async def join(self, text: str, name: str = "") -> Joined:
        """Join the hub that a token is from; the role then starts anew.

        :param name: what the hub is to call this node; empty: the role's choice.
        :raises Invalid: ``join_string_invalid``. Whether the token has expired, the hub says: this
            machine's clock may be wrong.
        :raises Conflict: ``already_joined``.
        :raises StorageFull: ``no_room_to_join``.
        :raises Unavailable: ``hub_unreachable``, ``hub_not_genuine``.
        :raises Forbidden: ``hub_answer_wrong``, and what the hub refuses with.
        """
        token = JoinToken.parse(text)
        self._refuse_second()
        if not self._options.room():
            raise StorageFull(
                "no_room_to_join",
                "Joining rewrites the database, and the disk has no room for it once more.",
                hint="Free some space (unibos doctor shows how much is left), then join.",
            )
        self._busy = True
        try:
            joined = await self._enrolling.enroll(token, name or self._options.name)
            await self.state.keep(joined)
        finally:
            self._busy = False
        log.info("taken in by a hub", extra={"hub": joined.hub_name, "org": joined.org.slug})
        self._options.restart()
        return joined

    async def leave(self, *, force: bool = False) -> None:
        """Be a member no longer; what the node has stays, and the role starts anew.

        :param force: also when the hub cannot be told.
        :raises Conflict: ``not_joined``.
        :raises Unavailable: ``hub_unreachable``, and whatever else the hub answers.
        """
        if self.state.kept is None:
            raise not_joined()
        if self.link is not None and self.state.joined is not None:
            await say_farewell(self.link, force=force)
        await self.state.drop()
        log.info("left the hub")
        self._options.restart()

    async def revoked(self) -> None:
        """The hub says that this node is no member any more."""
        if self.state.joined is None:
            return
        await self.state.revoke()
        log.warning("this node is no member of its hub any more; what it has stays its own")
        self._options.restart()

    def _refuse_second(self) -> None:
        kept = self.state.kept
        if self._busy or (kept is not None and kept.stage != "revoked"):
            raise Conflict(
                "already_joined",
                "This node has joined a hub already.",
                hint="unibos status shows which one; unibos leave ends it.",
                hub=kept.hub_name if kept else "",
            )


def not_joined() -> Conflict:
    """The answer where a hub is needed."""
    return Conflict(
        "not_joined", "This node has not joined a hub.", hint="Join one: unibos join TOKEN"
    )
