"""Which write each field of a record comes from: pure functions over clocks.

A record carries one clock (hybrid reading and origin); ``field_clocks`` names only the fields
whose clock differs from it, and the fields that were removed, which are in no data and so must be
named always. An absent field without a clock was never there.

An origin is one life of an instance: what it writes after a restore does not know what the restore
took, and by one name nobody could tell.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec

from unibos.base.errors import TooLarge

MAX_HISTORY_BYTES: Final = 1024 * 1024
"""The most that a record's clocks may take, so that it fits into a message between replicas."""

Clock = tuple[int, str]
"""A hybrid clock's reading and the origin that gave it; ordered in that order."""


def origin_of(instance: str, life: str) -> str:
    """The origin of what an instance writes in one of its lives.

    :param life: its short name; empty: the first one, whose origin is the instance's id.
    """
    return f"{instance}.{life}" if life else instance


def instance_of(origin: str) -> str:
    """The instance whose life an origin is; ids of instances have no point."""
    return origin.partition(".")[0]


def authors_of(clocks: Iterable[Clock]) -> set[str]:
    """The instances that gave these clocks."""
    return {instance_of(origin) for _, origin in clocks}


def same(one: object, other: object) -> bool:
    """Whether two JSON values are one; ``1``, ``1.0`` and ``true`` are three, which Python equates.

    The order of an object's members does not matter.
    """
    # Most differences show without encoding.
    return one == other and _canonical(one) == _canonical(other)


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
        elif same(after[field], value):
            stamped[field] = clocks.get(field, old)
    return stamped


def require_bounded(*texts: str | None) -> None:
    """Make sure that what a record remembers of its writes does not outgrow it.

    :param texts: field clocks, and what the record has seen, as JSON.
    :raises TooLarge: ``record_too_large`` above 1 MiB.
    """
    if sum(len(text) for text in texts if text) > MAX_HISTORY_BYTES:
        raise TooLarge(
            "record_too_large",
            f"The record remembers more than {MAX_HISTORY_BYTES} bytes of who wrote which field.",
            hint="Give it fewer fields, with names that stay: put what changes into values.",
            limit=MAX_HISTORY_BYTES,
        )


def _canonical(value: object) -> bytes:
    return msgspec.json.encode(value, order="deterministic")
