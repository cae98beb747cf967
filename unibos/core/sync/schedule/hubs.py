"""Which of several hubs a node reads from and writes to: a pure choice.

A hub is *there* while it answered the last time that it was asked. Reading moves at once to the
nearest one that is there, writing only when the hub to write to is gone for a while: what it is
told then goes to it as well when it is back, but two hubs that do not know each other yet should
not both be written to for every cut of a line.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

ReadStrategy = Literal["nearest", "priority"]

NEARER = 0.8
"""The hub that is read from is left for one that answers in less than this share of its time:
two that are equally near do not take turns."""

_SHARE = 0.25


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the operator wants.

    :param order: names or ids of hubs, best first; the others follow in their own order.
    :param write_hub: name or id; empty: the best.
    :param failover_s: how long the hub to write to may be gone.
    """

    order: tuple[str, ...] = ()
    write_hub: str = ""
    read_strategy: ReadStrategy = "nearest"
    failover_s: float = 30.0


@dataclass(frozen=True, slots=True)
class Seen:
    """One hub, as it is seen now.

    :param gone_since: by a steady clock in seconds; None: it is there.
    :param latency_s: :func:`smoothed` time of its answers; None: not measured yet.
    """

    id: str
    name: str
    gone_since: float | None
    latency_s: float | None = None


@dataclass(frozen=True, slots=True)
class Choice:
    """Ids of hubs; empty: none.

    :param online: whether any hub is there.
    :param again: when to choose anew though nothing else has happened; None: never.
    """

    read: str
    write: str
    online: bool
    again: float | None = None


NOWHERE = Choice("", "", online=False)


def choose(wishes: Wishes, hubs: Sequence[Seen], now: float, before: Choice = NOWHERE) -> Choice:
    """Which hub to read from and which to write to.

    :param hubs: in the order of joining.
    :param now: by the clock of :attr:`Seen.gone_since`.
    :param before: the choice until now.
    """
    if not hubs:
        return NOWHERE
    ranked = sorted(hubs, key=lambda hub: _rank(wishes.order, hub))
    there = [hub for hub in ranked if hub.gone_since is None]
    write, again = _writing(wishes, ranked, now)
    return Choice(_reading(wishes, there, before) or write, write, bool(there), again)


def smoothed(before: float | None, seconds: float) -> float:
    """A latency once one more answer took so long; the first one counts whole."""
    return seconds if before is None else before + _SHARE * (seconds - before)


def _rank(order: Sequence[str], hub: Seen) -> int:
    places = [place for place, one in enumerate(order) if one in (hub.id, hub.name)]
    return min(places, default=len(order))


def _writing(wishes: Wishes, ranked: Sequence[Seen], now: float) -> tuple[str, float | None]:
    """The hub to write to, and when it is to be chosen anew."""
    wanted = wishes.write_hub
    first = next((hub for hub in ranked if wanted in (hub.id, hub.name)), ranked[0])
    if first.gone_since is None:
        return first.id, None
    until = first.gone_since + wishes.failover_s
    if now < until:
        return first.id, until
    return next((hub.id for hub in ranked if hub.gone_since is None), first.id), None


def _reading(wishes: Wishes, there: Sequence[Seen], before: Choice) -> str:
    if not there or wishes.read_strategy == "priority":
        return there[0].id if there else ""
    nearest = min(there, key=_latency)
    present = next((hub for hub in there if hub.id == before.read), None)
    if present is None or _latency(nearest) < NEARER * _latency(present):
        return nearest.id
    return present.id


def _latency(hub: Seen) -> float:
    return float("inf") if hub.latency_s is None else hub.latency_s
