"""Two versions of one record become one: pure functions over versions.

What comes out does not depend on which of the two stood here. A value that loses although its
winner did not know it is told, so that it can go to the conflict log. What a version knows and
does not have was removed or overruled where it comes from, and does not come back.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from unibos.base.clock import hlc_ms
from unibos.core.store.clocks import Clock, same
from unibos.core.store.definitions import Strategy
from unibos.core.store.versions import Version

_REMOVED: Final = object()
_Entry = tuple[Clock, Any]
_Aware = Callable[[Version, Clock], bool]


@dataclass(frozen=True, slots=True)
class Lost:
    """What a merge overruled though its winner did not know it.

    :param fields: the losing values: some of a version (strategy ``fields``), or all of it.
    :param clock: the losing version's clock.
    :param mine: whether that is the version that stood here.
    :param copy: strategy ``both``: the id and the version of the record that keeps it.
    """

    fields: Mapping[str, Any]
    clock: Clock
    mine: bool
    copy: tuple[str, Version] | None = None


@dataclass(frozen=True, slots=True)
class Merged:
    """What came out of a merge.

    :param changed: whether it is another state than mine.
    :param needed: whether theirs lacks something of it, so that it must go back to who sent it.
    """

    version: Version
    changed: bool
    needed: bool
    lost: tuple[Lost, ...] = ()


def merge(
    strategy: Strategy,
    mine: Version | None,
    theirs: Version,
    *,
    name: tuple[str, str],
    suspicious: bool = False,
) -> Merged:
    """Merge the version that came with the one that stands here.

    :param name: the collection and the record's id; a copy's id is derived from them.
    :param suspicious: one of the two replicas was restored or cloned, so that two writes of one
        instance may not know each other. It changes what is told as lost and never what wins, on
        which all replicas must agree.
    """
    theirs = theirs.normal()
    if mine is None:
        return Merged(theirs, changed=True, needed=False)
    mine = mine.normal()
    if mine.equals(theirs):
        return Merged(mine, changed=False, needed=False)
    aware = surely_knows if suspicious else Version.knows
    if strategy is Strategy.FIELDS and mine.fields is not None and theirs.fields is not None:
        version, lost = _by_field(mine, theirs, aware)
    else:
        version, lost = _whole(strategy, mine, theirs, name, aware)
    return Merged(version, not version.equals(mine), not version.equals(theirs), lost)


def _by_field(mine: Version, theirs: Version, aware: _Aware) -> tuple[Version, tuple[Lost, ...]]:
    fields: dict[str, Any] = {}
    clocks: dict[str, Clock] = {}
    lost: tuple[dict[str, Any], dict[str, Any]] = ({}, {})
    sides = (mine, theirs)
    for field in _names(mine, theirs):
        entries = (_entry(mine, field), _entry(theirs, field))
        best = _best(entries, sides)
        if best is not None:
            clocks[field], value = best
            if value is not _REMOVED:
                fields[field] = value
        for side in (0, 1):
            entry, other = entries[side], sides[1 - side]
            if entry is not None and _overruled(entry, best, other, aware):
                lost[side][field] = entry[1]
    version = Version(max(mine.clock, theirs.clock), fields, clocks, _seen(mine, theirs)).normal()
    told = ((mine, lost[0]), (theirs, lost[1]))
    return version, tuple(Lost(values, side.clock, side is mine) for side, values in told if values)


def _names(mine: Version, theirs: Version) -> list[str]:
    """All fields that either has or had, in the order in which they stand here."""
    every = (mine.fields or {}, theirs.fields or {}, mine.clocks, theirs.clocks)
    return list(dict.fromkeys(name for names in every for name in names))


def _entry(version: Version, field: str) -> _Entry | None:
    present = version.fields or {}
    if field in present:
        return version.clocks.get(field, version.clock), present[field]
    if field in version.clocks:
        return version.clocks[field], _REMOVED
    return None


def _best(
    entries: tuple[_Entry | None, _Entry | None], sides: tuple[Version, Version]
) -> _Entry | None:
    ours, other = entries
    if ours is None or other is None:
        # Who knows the write and has no trace of the field had the record deleted in between.
        only, lacking = (ours, sides[1]) if ours is not None else (other, sides[0])
        return None if only is None or lacking.knows(only[0]) else only
    if ours[0] != other[0]:
        return max(ours, other, key=lambda entry: entry[0])
    return max(ours, other, key=lambda entry: _canonical(entry[1]))


def _overruled(entry: _Entry, best: _Entry | None, winner: Version, aware: _Aware) -> bool:
    """Whether a present value lost against a different one that did not know it."""
    clock, value = entry
    if value is _REMOVED:
        return False
    if best is not None and best[1] is not _REMOVED and same(best[1], value):
        return False
    if best is not None and best[0] == clock:
        return True
    # A version of this very reading would have the value, if it came from the same write.
    return clock == winner.clock or not aware(winner, clock)


def _whole(
    strategy: Strategy, mine: Version, theirs: Version, name: tuple[str, str], aware: _Aware
) -> tuple[Version, tuple[Lost, ...]]:
    winner, loser = mine, theirs
    if _beats(strategy, theirs, mine):
        winner, loser = theirs, mine
    version = Version(winner.clock, winner.fields, winner.clocks, _seen(mine, theirs)).normal()
    if loser.fields is None or same(loser.fields, winner.fields):
        return version, ()
    if _covers(winner, loser, aware):
        return version, ()
    copy = None
    if strategy is Strategy.BOTH and not _covers(winner, loser, Version.knows):
        copy = _copy(name, loser)
    return version, (Lost(loser.fields, loser.clock, loser is mine, copy),)


def _beats(strategy: Strategy, one: Version, other: Version) -> bool:
    """Whether ``one`` wins as a whole."""
    if one.clock == other.clock:
        return _rank(one) > _rank(other)
    if strategy is not Strategy.FIRST:
        return one.clock > other.clock
    later, earlier = one.knows(other.clock), other.knows(one.clock)
    if later != earlier:
        return later
    return one.clock < other.clock


def _covers(winner: Version, loser: Version, aware: _Aware) -> bool:
    if winner.clock == loser.clock:
        return False
    return all(aware(winner, clock) for clock in (loser.clock, *loser.clocks.values()))


def surely_knows(version: Version, clock: Clock) -> bool:
    """Whether the version incorporates the write, even where an instance has two histories.

    Then a later write of that instance says nothing; an entry with the very reading does.
    """
    return clock == version.clock or version.seen.get(clock[1]) == clock[0]


def _seen(mine: Version, theirs: Version) -> dict[str, int]:
    seen = dict(mine.seen)
    stamps = [(hlc, origin) for origin, hlc in theirs.seen.items()]
    for hlc, origin in (*stamps, mine.clock, theirs.clock):
        seen[origin] = max(hlc, seen.get(origin, hlc))
    return seen


def _copy(name: tuple[str, str], loser: Version) -> tuple[str, Version]:
    """The record that keeps a losing version, the same whoever makes it.

    What else the loser had seen depends on the way that it took, and is left out.
    """
    seen: dict[str, int] = {}
    for hlc, origin in loser.clocks.values():
        seen[origin] = max(hlc, seen.get(origin, hlc))
    version = Version(loser.clock, loser.fields, loser.clocks, seen).normal()
    return _copy_id(name, loser.clock), version


def _copy_id(name: tuple[str, str], clock: Clock) -> str:
    """A UUIDv7 (RFC 9562) of the losing write's time, with a digest where chance would be."""
    digest = hashlib.sha256(_canonical([*name, *clock])).digest()
    order = int.from_bytes(digest[:2]) & 0xFFF
    tail = int.from_bytes(digest[2:10]) & (1 << 62) - 1 | 1 << 63
    text = f"{hlc_ms(clock[0]):012x}7{order:03x}{tail:016x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def _rank(version: Version) -> tuple[bytes, bytes]:
    """Orders versions with one clock: an instance's clones can write at one reading."""
    present = _REMOVED if version.fields is None else version.fields
    return _canonical(present), _canonical(version.clocks)


def _canonical(value: object) -> bytes:
    return b"" if value is _REMOVED else msgspec.json.encode(value, order="deterministic")
