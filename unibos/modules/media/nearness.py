"""Which of very many likenesses are near each other, without comparing all with all.

Two likenesses of 128 bits are near when they differ in at most eight. Cut into nine bands they
then have one band in common, so only those are compared that share a band (the pigeonhole
principle; Manku, Jain, Das Sarma 2007, "Detecting Near-Duplicates for Web Crawling").
"""

from collections.abc import Iterator, Sequence

NEAR = 8
"""Copies in another size, quality or format differ in up to eight bits, different pictures of the
same kind in thirty and more."""

_BANDS = (*((14 * number, (1 << 14) - 1) for number in range(NEAR)), (112, (1 << 16) - 1))
_COMMON = 1500
"""A band that so many share tells nothing; what is near is found by another one."""


def near_pairs(likenesses: Sequence[int]) -> Iterator[tuple[int, int]]:
    """All pairs of places whose likenesses are near; some come more than once."""
    for shift, mask in _BANDS:
        table: dict[int, list[int]] = {}
        for place, likeness in enumerate(likenesses):
            table.setdefault(likeness >> shift & mask, []).append(place)
        for places in table.values():
            if len(places) <= _COMMON:
                yield from _compared(likenesses, places)


def _compared(likenesses: Sequence[int], places: Sequence[int]) -> Iterator[tuple[int, int]]:
    for number, place in enumerate(places):
        likeness = likenesses[place]
        for other in places[:number]:
            if (likeness ^ likenesses[other]).bit_count() <= NEAR:
                yield other, place


def groups(likenesses: Sequence[int]) -> list[list[int]]:
    """Places that belong together, because each is near another one of its group, in order; what
    is near nothing is in none."""
    first: dict[int, int] = {}
    leader = [first.setdefault(likeness, place) for place, likeness in enumerate(likenesses)]
    places = list(first.values())
    for one, other in near_pairs(list(first)):
        _join(leader, places[one], places[other])
    together: dict[int, list[int]] = {}
    for place in range(len(likenesses)):
        together.setdefault(_lead(leader, place), []).append(place)
    return [members for members in together.values() if len(members) > 1]


def _lead(leader: list[int], place: int) -> int:
    while leader[place] != place:
        leader[place] = leader[leader[place]]
        place = leader[place]
    return place


def _join(leader: list[int], one: int, other: int) -> None:
    low, high = sorted((_lead(leader, one), _lead(leader, other)))
    leader[high] = low
