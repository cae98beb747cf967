"""Groups of photos that are the same bytes, or the same picture to the eye."""

from collections.abc import Iterable
from dataclasses import dataclass

from unibos.modules.media import nearness


@dataclass(frozen=True, slots=True)
class Group:
    """Ids of photos that belong together; ``exact`` when all have the same bytes."""

    ids: tuple[str, ...]
    exact: bool


@dataclass(frozen=True, slots=True)
class Known:
    """The groups as they were when the newest change was ``head``."""

    head: int
    groups: list[Group]


def grouped(photos: Iterable[tuple[str, str, str | None]]) -> list[Group]:
    """The groups, in the order of their oldest photos.

    :param photos: of each its id, the SHA-256 of its bytes, and its likeness or None; the oldest
        first. The same bytes come in twice where two nodes each took them in.
    """
    by_bytes: dict[str, list[str]] = {}
    seen: dict[str, str | None] = {}
    for id_, sha256, likeness in photos:
        by_bytes.setdefault(sha256, []).append(id_)
        seen.setdefault(sha256, likeness)
    files = [sha256 for sha256, likeness in seen.items() if likeness]
    found = []
    for places in nearness.groups([int(seen[sha256] or "", 16) for sha256 in files]):
        group = [files[place] for place in places]
        ids = [id_ for sha256 in group for id_ in by_bytes.pop(sha256)]
        found.append(Group(tuple(sorted(ids)), exact=False))
    found += [Group(tuple(ids), exact=True) for ids in by_bytes.values() if len(ids) > 1]
    return sorted(found, key=lambda group: group.ids)
