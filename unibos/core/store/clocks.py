"""Which write each field of a record comes from: pure functions over clocks.

A record carries one clock (hybrid reading and origin); ``field_clocks`` names only the fields
whose clock differs from it, and the fields that were removed, which are in no data and so must be
named always. An absent field without a clock was never there.
"""

from collections.abc import Mapping
from typing import Any

Clock = tuple[int, str]
"""A hybrid clock's reading and the id of the instance that gave it; ordered in that order."""


def restamp(
    before: Mapping[str, Any],
    clocks: Mapping[str, Clock],
    old: Clock,
    after: Mapping[str, Any],
    new: Clock,
) -> dict[str, Clock]:
    """The field clocks of a record that changes from ``before`` to ``after``.

    :param clocks: the field clocks up to now.
    :param old: the record's clock up to now.
    :param new: the record's clock from now on.
    """
    stamped: dict[str, Clock] = {}
    for field in clocks:
        if field not in before and field not in after:
            stamped[field] = clocks[field]
    for field, value in before.items():
        if field not in after:
            stamped[field] = new
        elif after[field] == value and type(after[field]) is type(value):
            stamped[field] = clocks.get(field, old)
    return stamped


def clock_of(field: str, clocks: Mapping[str, Clock], row: Clock, data: Mapping[str, Any]) -> Clock:
    """The clock of one field; ``(0, "")`` for a field that was never there."""
    if field in clocks:
        return clocks[field]
    return row if field in data else (0, "")
