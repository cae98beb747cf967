"""Slowing of guesses: failures are counted per account and per address, and fade with time.

The counters live in memory: a restart forgets them, and so does a flood that fills the table,
oldest first. After the free tries each failure doubles the wait until the next try, up to a
cap that is short for an account, because its owner waits as well. Short is not enough: whoever
never stops guessing would be first each time the wait is over. So an address that an account has
logged in from counts for itself, and guesses from elsewhere do not keep its owner out.
"""

import ipaddress
import math
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from unibos.base.errors import TooMany

FADE_SECONDS = 600.0
"""After so long without another one, a failure is forgotten."""

LIMIT = 2048


class Kind(Enum):
    """What is counted: its free tries, and the longest wait in seconds.

    The name keeps two kinds with the same numbers apart.
    """

    ACCOUNT = ("account", 5, 60)
    FAMILIAR = ("familiar", 5, 60)
    ADDRESS = ("address", 20, 900)
    SETUP = ("setup", 5, 60)

    def __init__(self, _name: str, free: int, cap: int) -> None:
        self.free = free
        self.cap = cap


Key = tuple[Kind, str]


@dataclass(slots=True)
class _Count:
    failures: float
    at: float


class Throttle:
    """The counters of one instance; safe to share between threads.

    :param monotonic: a clock in seconds that never goes back.
    """

    def __init__(self, monotonic: Callable[[], float], limit: int = LIMIT) -> None:
        self._monotonic = monotonic
        self._limit = limit
        self._counts: OrderedDict[Key, _Count] = OrderedDict()
        self._familiar: OrderedDict[Key, None] = OrderedDict()
        self._lock = threading.Lock()

    def of_login(self, email_key: str, client: str) -> tuple[Key, Key]:
        """The counters of one login: the account's, known or not, and the address's.

        :param client: the client's address.
        """
        here = address(client)
        together = _together(email_key, here)
        return together if together in self._familiar else account(email_key), here

    def logged_in(self, email_key: str, client: str) -> None:
        """Take note that an account's owner proved to be there, at this address."""
        counter, here = self.of_login(email_key, client)
        together = _together(email_key, here)
        with self._lock:
            self._counts.pop(counter, None)
            self._familiar[together] = None
            self._familiar.move_to_end(together)
            while len(self._familiar) > self._limit:
                self._familiar.popitem(last=False)

    def check(self, *keys: Key) -> None:
        """Let a try pass, or say how long to wait. A refused try counts for nothing.

        :raises TooMany: ``too_many_attempts``; ``facts["retry_after"]`` is in whole seconds.
        """
        now = self._monotonic()
        with self._lock:
            wait = max(self._wait(key, now) for key in keys)
        if wait > 0:
            seconds = math.ceil(wait)
            raise TooMany(
                "too_many_attempts",
                f"Too many failed attempts. Try again in {seconds} s.",
                retry_after=seconds,
            )

    def failed(self, *keys: Key) -> None:
        """Count a failure."""
        now = self._monotonic()
        with self._lock:
            for key in keys:
                failures = self._failures(key, now) + 1
                # Above the cap more failures would only make the fading longer.
                most = key[0].free + math.log2(key[0].cap) + 1
                self._counts[key] = _Count(min(failures, most), now)
                self._counts.move_to_end(key)
            while len(self._counts) > self._limit:
                self._counts.popitem(last=False)

    def undo(self, *keys: Key) -> None:
        """Take one failure back: what failed here succeeded elsewhere."""
        now = self._monotonic()
        with self._lock:
            for key in keys:
                failures = self._failures(key, now) - 1
                if failures > 0:
                    self._counts[key] = _Count(failures, now)
                else:
                    self._counts.pop(key, None)

    def _failures(self, key: Key, now: float) -> float:
        count = self._counts.get(key)
        if count is None:
            return 0.0
        return max(0.0, count.failures - (now - count.at) / FADE_SECONDS)

    def _wait(self, key: Key, now: float) -> float:
        kind = key[0]
        count = self._counts.get(key)
        if count is None or count.failures < kind.free:
            return 0.0
        pause = min(float(kind.cap), math.exp2(count.failures - kind.free))
        return count.at + pause - now


def account(email_key: str) -> Key:
    """The counter of an account, known or not."""
    return Kind.ACCOUNT, email_key


def address(text: str) -> Key:
    """The counter of a client's address; an IPv6 network (/64) counts as one client."""
    try:
        found = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return Kind.ADDRESS, text[:64]
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped is None:
            return Kind.ADDRESS, str(ipaddress.ip_network((found, 64), strict=False))
        found = found.ipv4_mapped
    return Kind.ADDRESS, str(found)


def _together(email_key: str, here: Key) -> Key:
    return Kind.FAMILIAR, f"{here[1]} {email_key}"


SETUP: Key = (Kind.SETUP, "")
