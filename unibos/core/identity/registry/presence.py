"""Which machines are there: what nodes last told, in memory, and what follows from the silence of
nodes and workers.

The database hears of it seldom: at a stop, and every ten minutes of what is worth an SD card's
wear: another version or board, and when a node was seen last that is seen no more. After a start
nobody is called late or offline for not having had the time to call; but who was so when the hub
stopped, still is.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

import msgspec

from unibos.base.clock import Wall
from unibos.core.identity.link import Report
from unibos.core.identity.scope import Scope
from unibos.core.store import meta
from unibos.core.store.nodes import NodeRow
from unibos.core.store.transaction import Transaction, View

KEEP_SECONDS = 600.0
NODES_AS_OF = "nodes_as_of"
_SPREAD = 0.2

KeptReport = tuple[str, int, str, str]
"""What :func:`unibos.core.store.nodes.keep_reports` takes of one node."""


class State(Enum):
    """How a node is, as far as the hub can tell."""

    ONLINE = "online"
    LATE = "late"
    OFFLINE = "offline"
    REVOKED = "revoked"


_CHANCE = random.SystemRandom()


@dataclass(frozen=True, slots=True)
class Pace:
    """How often nodes tell that they live, and after how long a silence they are what; seconds."""

    heartbeat: int = 30
    late: int = 90
    offline: int = 300


@dataclass(slots=True)
class KnownNode:
    """A node that asked since the start; it holds no more than its requests need.

    :param heard: when it last told of itself, on the monotonic clock; None: not since the start.
    """

    org: str
    id: str
    name: str
    public_key: bytes
    member_until: int
    revoked: bool
    scope: Scope
    seen_at: int
    report: Report | None = None
    heard: float | None = None
    kept_seen: int = 0
    kept: tuple[str, ...] = ()


class Kept(Protocol):
    """A machine as the database has it; times are in milliseconds since 1970."""

    @property
    def seen_at(self) -> int:
        """When it was seen last, as far as that was kept."""
        ...

    @property
    def revoked_at(self) -> int | None:
        """None while it belongs here."""
        ...


class Heard(Protocol):
    """A machine that may have been heard of since the start."""

    @property
    def heard(self) -> float | None:
        """When it last told of itself, on the monotonic clock."""
        ...


class Presence:
    """The silences of machines; for one event loop.

    :param as_of: until when the database knows of every sign of life; see :func:`kept_as_of`.
    :param draw: gives numbers from 0 to 1, so that machines do not call in step.
    :param fact: the name under which :meth:`keep_as_of` keeps it.
    """

    def __init__(
        self,
        pace: Pace,
        as_of: int,
        wall: Wall,
        monotonic: Callable[[], float],
        draw: Callable[[], float] = _CHANCE.random,
        fact: str = NODES_AS_OF,
    ) -> None:
        self._pace = pace
        self._fact = fact
        self._as_of = as_of
        self._wall = wall
        self._monotonic = monotonic
        self._draw = draw
        self._started = self._kept_at = monotonic()

    def hear(self, known: KnownNode, report: Report) -> int:
        """Take note of a sign of life; the hub's time of it, in milliseconds since 1970."""
        known.report = report
        known.seen_at = self._wall()
        known.heard = self._monotonic()
        return known.seen_at

    def interval(self) -> int:
        """After how many seconds a node shall call again: about the pace's, never the same."""
        spread = 1 - _SPREAD + 2 * _SPREAD * self._draw()
        return max(1, round(self._pace.heartbeat * spread))

    def now(self) -> float:
        """What :attr:`Heard.heard` is to be where a machine tells of itself now."""
        return self._monotonic()

    def state(self, row: Kept, known: Heard | None) -> State:
        """How a machine is now."""
        if row.revoked_at is not None:
            return State.REVOKED
        now = self._monotonic()
        if known is not None and known.heard is not None:
            return self._after(now - known.heard)
        since = self._after(now - self._started)
        return max(self._at_stop(row.seen_at), since, key=_WORSE.index)

    def since(self, heard: float | None) -> State:
        """How a machine is that nothing is kept of."""
        return State.OFFLINE if heard is None else self._after(self._monotonic() - heard)

    def due(self) -> bool:
        """Whether it is time to see what is worth keeping; once per ten minutes."""
        now = self._monotonic()
        if now - self._kept_at < KEEP_SECONDS:
            return False
        self._kept_at = now
        return True

    def worth_keeping(self, known: KnownNode) -> bool:
        """Whether the database should hear of a node before the hub stops."""
        if known.report is None or known.heard is None:
            return False
        if (
            known.kept != facts_of(known.report)
            or self._at_stop(known.kept_seen) is not State.ONLINE
        ):
            return True
        gone = self._after(self._monotonic() - known.heard) is State.OFFLINE
        return gone and known.kept_seen != known.seen_at

    def keep_as_of(self, tx: Transaction) -> None:
        """At a stop: the database knows of every sign of life until now.

        A hub that was up for so short a time that nodes could not call knows no better than
        before.
        """
        if self._monotonic() - self._started >= self._pace.offline:
            meta.put(tx, self._fact, str(self._wall()))

    def _at_stop(self, seen_at: int) -> State:
        """How a node was when the hub stopped that saw it then for the last time."""
        return self._after((self._as_of - seen_at) / 1000)

    def _after(self, silence: float) -> State:
        if silence >= self._pace.offline:
            return State.OFFLINE
        return State.LATE if silence >= self._pace.late else State.ONLINE


_WORSE = (State.ONLINE, State.LATE, State.OFFLINE)


def kept_as_of(view: View, fact: str = NODES_AS_OF) -> int:
    """What :meth:`Presence.keep_as_of` wrote, in milliseconds since 1970; 0 where it did not."""
    return int(meta.get(view, fact) or 0)


def facts_of(report: Report) -> tuple[str, ...]:
    """What of a report is worth a write when it changes."""
    return report.version, report.board, report.profile


def as_kept(known: KnownNode) -> KeptReport:
    """A node's last report, as the database takes it."""
    text = msgspec.json.encode(known.report).decode() if known.report else ""
    return text, known.seen_at, known.org, known.id


def report_of(row: NodeRow) -> Report | None:
    """The report that the database has; None where it cannot be read (a later version's)."""
    try:
        return msgspec.json.decode(row.report, type=Report)
    except msgspec.DecodeError:
        return None
