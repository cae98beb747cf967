"""What is done with albums: their members, in their order."""

from collections.abc import Callable, Iterable, Sequence

import msgspec

from unibos.base.base64url import base64url, from_base64url
from unibos.base.errors import Invalid, NotFound, TooLarge
from unibos.core.store import query, records
from unibos.core.store.paging import cursor_invalid
from unibos.core.store.records import Record
from unibos.core.store.transaction import Transaction, View
from unibos.modules.media.albums.shapes import MOST
from unibos.modules.media.collection import ALBUMS, NAME

_ALBUMS = ALBUMS.name
Fits = Callable[[Record], bool]


def find(view: View, id_: str) -> Record:
    """One album.

    :raises NotFound: ``album_not_found``.
    """
    try:
        return records.get(view, _ALBUMS, id_)
    except NotFound:
        raise NotFound("album_not_found", f"There is no album {id_[:64]!r}.") from None


def create(tx: Transaction, title: str, members: Sequence[str]) -> Record:
    """Make an album.

    :raises NotFound: ``media_not_found``.
    """
    _require(tx, members)
    data = {"title": title, "members": list(dict.fromkeys(members))}
    return records.create(tx, _ALBUMS, ALBUMS.draft(data))


def change(tx: Transaction, id_: str, changes: dict[str, object]) -> Record:
    """Change title or cover.

    :raises NotFound: ``album_not_found``.
    :raises Invalid: ``album_member_unknown``: the cover is no member.
    """
    cover = changes.get("cover")
    if cover is not None and cover not in find(tx, id_).data["members"]:
        raise _no_member(str(cover))
    find(tx, id_)
    return records.patch(tx, _ALBUMS, id_, changes, ALBUMS.draft)


def put(tx: Transaction, id_: str, members: Sequence[str], before: str | None) -> Record:
    """Have members stand in this order before another one, or at the end.

    :raises NotFound: ``album_not_found``, ``media_not_found``.
    :raises Invalid: ``album_member_unknown``: ``before`` is no member, or among those that move.
    :raises TooLarge: ``album_full``.
    """
    present = find(tx, id_).data["members"]
    placed = placing(present, members, before)
    if len(placed) > MOST:
        raise TooLarge("album_full", f"An album has at most {MOST} members.", limit=MOST)
    _require(tx, set(members).difference(present))
    return records.patch(tx, _ALBUMS, id_, {"members": placed}, ALBUMS.draft)


def placing(present: Sequence[str], members: Sequence[str], before: str | None) -> list[str]:
    """The order that comes of putting ``members`` before a member, or at the end."""
    moved = dict.fromkeys(members)
    rest = [one for one in present if one not in moved]
    if before is None:
        return [*rest, *moved]
    if before not in rest:
        raise _no_member(before)
    place = rest.index(before)
    return [*rest[:place], *moved, *rest[place:]]


def take_out(tx: Transaction, id_: str, members: Iterable[str]) -> Record:
    """Take members out of an album; they themselves stay. Who is none is passed over."""
    out = set(members)
    data = find(tx, id_).data
    changes: dict[str, object] = {"members": [one for one in data["members"] if one not in out]}
    if data.get("cover") in out:
        changes["cover"] = None
    return records.patch(tx, _ALBUMS, id_, changes, ALBUMS.draft)


def delete(tx: Transaction, id_: str) -> None:
    """Delete an album; its photos and videos stay."""
    find(tx, id_)
    records.delete(tx, _ALBUMS, id_)


def forget(tx: Transaction, member: str) -> None:
    """Take what was purged out of all albums."""
    wanted = query.Query((f"members:{msgspec.json.encode(member).decode()}",), limit=200)
    while found := query.page(tx, _ALBUMS, wanted).items:
        for album in found:
            take_out(tx, album.id, [member])


def members(
    view: View, id_: str, cursor: str | None, limit: int, fits: Fits
) -> tuple[list[Record], str | None]:
    """A page of an album's photos and videos, in its order.

    :param cursor: the ``next`` of the page before; it holds when members come, go or move.
    :param fits: which of them are wanted.
    :raises NotFound: ``album_not_found``.
    :raises Invalid: ``cursor_invalid``.
    """
    ids: list[str] = find(view, id_).data["members"]
    place = _after(ids, cursor)
    found: list[Record] = []
    while place < len(ids):
        record = _look(view, ids[place])
        if record is not None and fits(record):
            if len(found) == limit:
                return found, _cursor(ids, place)
            found.append(record)
        place += 1
    return found, None


def _look(view: View, id_: str) -> Record | None:
    """A member, if it is here; it may have been purged on another node."""
    try:
        return records.get(view, NAME, id_)
    except NotFound:
        return None


def _cursor(ids: Sequence[str], place: int) -> str:
    """Where to go on: at the one that comes next, or where it stood."""
    return base64url(msgspec.json.encode([place, ids[place]]))


def _after(ids: Sequence[str], cursor: str | None) -> int:
    if cursor is None:
        return 0
    try:
        place, id_ = msgspec.json.decode(from_base64url(cursor), type=tuple[int, str])
    except ValueError:
        raise cursor_invalid() from None
    return ids.index(id_) if id_ in ids else max(0, place)


def _require(view: View, ids: Iterable[str]) -> None:
    for id_ in ids:
        if _look(view, id_) is None:
            raise NotFound("media_not_found", f"There is no photo or video {id_[:64]!r}.")


def _no_member(id_: str) -> Invalid:
    return Invalid("album_member_unknown", f"{id_[:64]!r} is not in the album.")
