"""How a node's line to its hub is: when it last answered, and what was wrong if it did not."""

import asyncio
from collections.abc import Callable
from typing import Protocol

from unibos.base.clock import Wall, wall_ms
from unibos.base.errors import Error
from unibos.core.identity.federation.trusted_time import boot_seconds

FIRST_INTERVAL_S = 30
"""Between heartbeats, until the hub has said how it wants them."""

_MISSED = 3
"""So many heartbeats may be lost before a hub that did not refuse counts as out of reach."""


class HubTime(Protocol):
    """A hub's time, as well as it is known here."""

    def now(self) -> int:
        """In milliseconds since 1970."""
        ...

    def heard(self, hub_ms: int) -> None:
        """The hub told it."""
        ...


class Contact:
    """What is known of the line; told by everything that speaks over it.

    :ivar interval_seconds: when the hub expects the next heartbeat.
    :ivar last_ms: the hub's time when it last answered, since this start; None: it has not.
    :ivar skew_ms: how far the machine's clock is ahead of the hub's.
    :ivar url: where it answered; empty in the same process.
    :ivar hub_name: what the hub says it is called, where it was asked who it is.
    :ivar certificate: PEM of the one that it showed and vouched for, where that is news; empty: a
        public one; None: no news.
    :ivar trouble: the code of what went wrong last; empty while all is well.
    :ivar wanted: set when the next heartbeat is wanted at once.
    """

    def __init__(
        self,
        trusted: HubTime,
        *,
        wall: Wall = wall_ms,
        monotonic: Callable[[], float] = boot_seconds,
    ) -> None:
        self._trusted = trusted
        self._wall = wall
        self._monotonic = monotonic
        self._at: float | None = None
        self._listeners: list[Callable[[bool], object]] = []
        self.interval_seconds = FIRST_INTERVAL_S
        self.last_ms: int | None = None
        self.skew_ms: int | None = None
        self.url = ""
        self.hub_name = ""
        self.certificate: str | None = None
        self.trouble = ""
        self.wanted = asyncio.Event()

    @property
    def online(self) -> bool:
        """Whether the hub answered the last call, no longer than three heartbeats ago."""
        if self._at is None or self.trouble:
            return False
        return self._monotonic() - self._at <= _MISSED * self.interval_seconds

    def now(self) -> int:
        """The hub's time as well as it is known, in milliseconds since 1970."""
        return self._trusted.now()

    def heard(self, hub_ms: int) -> None:
        """The hub told its time, over a connection that proved to be the hub's."""
        self._trusted.heard(hub_ms)
        self.skew_ms = self._wall() - hub_ms

    def answered(self) -> None:
        """The hub answered, whatever it said."""
        again = self._at is None or bool(self.trouble)
        self._at = self._monotonic()
        self.last_ms = self._trusted.now()
        self.trouble = ""
        if again:
            self._tell(there=True)

    def failed(self, error: Error) -> None:
        """The hub did not answer, or does not take this node for its own."""
        before, self.trouble = self.trouble, error.code
        if not before:
            self._tell(there=False)

    def reached(self) -> None:
        """Something else than the heartbeat reached the hub: where that is news, ask it now."""
        if self.trouble:
            self.wanted.set()

    def listen(self, listener: Callable[[bool], object]) -> None:
        """Have ``listener`` called when the hub answers again (True), and when it does not any
        more (False)."""
        self._listeners.append(listener)

    def _tell(self, *, there: bool) -> None:
        for listener in self._listeners:
            listener(there)
