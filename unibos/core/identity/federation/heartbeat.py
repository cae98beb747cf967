"""The heartbeat: a node tells its hub that it lives, and hears what has changed.

The pace is the hub's, which gives each node a slightly other one. While the hub is away the node
asks less and less often, and never at the same moment as all the others: a hub that comes back is
not run over.
"""

import asyncio
import contextlib
import logging
import random
from collections.abc import Awaitable, Callable
from typing import Protocol

from msgspec.structs import replace

from unibos.base.errors import Error, Forbidden
from unibos.core.identity.federation.contact import Contact
from unibos.core.identity.federation.state import Joined
from unibos.core.identity.link import Link, Pulse, Report
from unibos.core.identity.registry.membership import verify_membership
from unibos.core.identity.signing.keys import KnownKeys
from unibos.core.identity.signing.revocations import read_revocations

log = logging.getLogger(__name__)

LONGEST_WAIT_S = 300.0
REVOKED = "node_revoked"


class Kept(Protocol):
    """What is kept of the hub."""

    @property
    def joined(self) -> Joined | None:
        """The node's place at its hub, while it is a member."""
        ...

    async def keep(self, joined: Joined) -> bool:
        """Keep a new state."""
        ...


class Heartbeat:
    """The heartbeats of one node.

    :param report: how the node is, now.
    :param ended: called once when the hub says that the node is no member any more.
    """

    def __init__(
        self,
        state: Kept,
        link: Link,
        contact: Contact,
        report: Callable[[], Report],
        ended: Callable[[], Awaitable[None]],
    ) -> None:
        self._state = state
        self._link = link
        self._contact = contact
        self._report = report
        self._ended = ended
        self._turn = asyncio.Lock()
        self._failures = 0
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin, with a heartbeat at once."""
        self._task = asyncio.create_task(self._run(), name="heartbeat")

    async def stop(self) -> None:
        """End; a heartbeat on its way is given up."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def check(self) -> None:
        """A heartbeat now.

        :raises Unavailable: ``hub_unreachable``, and whatever else the hub answers.
        """
        async with self._turn:
            joined = self._state.joined
            if joined is None:
                return
            try:
                await self._beat(joined)
            except Error as error:
                self._tell(error)
                if error.code == REVOKED:
                    await self._ended()
                raise
            if self._failures:
                log.info("the hub is back", extra={"hub": joined.hub_name})
            self._failures = 0
            self._contact.answered()

    async def _run(self) -> None:
        while self._state.joined is not None:
            try:
                await self.check()
            except Error:
                # Told already, and tried again.
                pass
            except Exception:
                self._failures += 1
                log.exception("the heartbeat failed")
            await self._until_due()

    async def _until_due(self) -> None:
        wanted = self._contact.wanted
        wanted.clear()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self.wait_s()):
                await wanted.wait()

    def wait_s(self) -> float:
        """Seconds until the next heartbeat."""
        interval = float(self._contact.interval_seconds)
        if self._failures:
            longest = max(interval, LONGEST_WAIT_S)
            interval = min(longest, interval * 2.0 ** min(self._failures, 20))
            return random.SystemRandom().uniform(0.5, 1.0) * interval
        return interval

    async def _beat(self, joined: Joined) -> None:
        pulse = await self._link.heartbeat(self._report())
        self._contact.heard(pulse.time)
        self._contact.interval_seconds = max(1, pulse.interval_seconds)
        await self._state.keep(await self._news(joined, pulse))

    async def _news(self, joined: Joined, pulse: Pulse) -> Joined:
        """The state with all that the hub says is new; what does not prove to be its, is not."""
        if pulse.org.id != joined.org.id:
            raise answer_wrong("The hub speaks of another org than this node's.")
        keys, revocations = joined.keys, joined.revocations
        if pulse.keys_version != joined.keys_version:
            keys = await self._link.keys()
            KnownKeys.from_jwks(keys)
        if pulse.revocations_version != joined.revocations_version:
            revocations = await self._link.revocations()
            read_revocations(revocations, joined.hub, joined.org.id)
        pinned = self._contact.certificate
        return replace(
            joined,
            node_name=pulse.name,
            urls=urls_of(pulse, self._contact.url) or joined.urls,
            certificate=joined.certificate if pinned is None else pinned,
            membership=_renewed(joined, pulse.membership),
            org=pulse.org,
            keys=keys,
            keys_version=pulse.keys_version,
            revocations=revocations,
            revocations_version=pulse.revocations_version,
        )

    def _tell(self, error: Error) -> None:
        if not self._failures:
            log.warning("no heartbeat", extra={"code": error.code, "detail": error.detail})
        self._failures += 1
        self._contact.failed(error)


def urls_of(pulse: Pulse, in_use: str) -> list[str]:
    """Where the hub says that it is reached, and where it was: its own names may not work here."""
    known = [in_use] if in_use and in_use not in pulse.urls else []
    return [*pulse.urls, *known]


def _renewed(joined: Joined, membership: str | None) -> str:
    if membership is None:
        return joined.membership
    present = verify_membership(joined.membership, joined.hub, 0)
    new = verify_membership(membership, joined.hub, 0)
    if (new.node, new.org) != (present.node, present.org):
        raise answer_wrong("The hub sent another node's membership.")
    return membership


def answer_wrong(detail: str) -> Forbidden:
    """The answer where a hub's answer does not hold together; nothing of it is kept."""
    return Forbidden(
        "hub_answer_wrong",
        f"The hub's answer does not prove what it says: {detail}",
        hint="Nothing was changed here; look at the hub's log.",
    )
