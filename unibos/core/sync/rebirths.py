"""New epochs that peers ask for: seldom, whatever they say.

A peer that holds more of this replica than it ever gave shows that it was restored or cloned, so it
begins a new epoch, in which all peers of all orgs exchange everything again. Nothing proves what a
peer says there. A true claim is rare, and once is enough: the new epoch is unknown to everybody.
"""

import logging
import time
from collections.abc import Callable
from typing import Final

from unibos.base.errors import Unavailable

log = logging.getLogger(__name__)

BETWEEN_S: Final = 600.0
OF_ONE_S: Final = 24 * 3600.0
_PEERS: Final = 1000


class Rebirths:
    """Who had this replica begin anew since it was started, and when."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._last: float | None = None
        self._by: dict[str, float] = {}

    def admit(self, peer: str) -> None:
        """Take note that a peer has this replica begin anew.

        :param peer: its instance id.
        :raises Unavailable: ``epoch_unbelieved``: somebody did within 10 minutes, or this peer
            within a day. It is to wait; nothing was exchanged.
        """
        now, before = self._monotonic(), self._by.get(peer)
        if self._last is not None and now - self._last < BETWEEN_S:
            raise _unbelieved()
        if before is not None and now - before < OF_ONE_S:
            raise _unbelieved()
        if len(self._by) >= _PEERS:
            self._by.pop(next(iter(self._by)))
        self._last = self._by[peer] = now
        log.warning("a peer holds more than was ever given: a new epoch", extra={"peer": peer})


def _unbelieved() -> Unavailable:
    return Unavailable(
        "epoch_unbelieved",
        "The peer holds more of this replica than it ever gave, and says so again and again.",
        hint="It is tried again by itself. If it goes on, that peer is broken, or means harm.",
    )
