"""Albums as the API shows them."""

from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType

from unibos.base.clock import hlc_ms, iso
from unibos.base.ids import made_at_ms
from unibos.core.store.records import Record
from unibos.modules.media.shapes import Id, Title

MOST = 20_000
"""Members of one album: a record holds no more."""

Ids = Annotated[list[Id], Meta(min_length=1, max_length=500)]


class AlbumIn(Struct, frozen=True, forbid_unknown_fields=True):
    """A new album, perhaps with its first members."""

    title: Title
    members: Annotated[list[Id], Meta(max_length=500)] = []


class AlbumChange(Struct, frozen=True, forbid_unknown_fields=True):
    """What may be changed of an album; ``cover`` is one of its members, null the first one."""

    title: Title | UnsetType = UNSET
    cover: Id | UnsetType | None = UNSET


class Placing(Struct, frozen=True, forbid_unknown_fields=True):
    """Photos and videos to stand in an album in this order, before one of its members, or at its
    end. Those that it has already move there."""

    members: Ids
    before: Id | None = None


class Leaving(Struct, frozen=True, forbid_unknown_fields=True):
    """Photos and videos that leave an album."""

    members: Ids


class AlbumOut(Struct, frozen=True, kw_only=True):
    """An album; ``count`` are its members, those in the bin too; ``cover`` the one to show it by,
    and ``thumbnail`` where its picture is."""

    id: str
    title: str
    count: int
    cover: str | None
    thumbnail: str | None
    created_at: str
    updated_at: str


class AlbumPage(Struct, frozen=True):
    """Albums, and where to go on."""

    items: list[AlbumOut]
    next: str | None


def shown(record: Record) -> AlbumOut:
    """A record as the API shows it."""
    data = record.data
    members = data["members"]
    chosen = data.get("cover")
    cover = chosen if chosen in members else next(iter(members), None)
    return AlbumOut(
        id=record.id,
        title=data["title"],
        count=len(members),
        cover=cover,
        thumbnail=f"/api/v1/media/{cover}/thumbnail" if cover else None,
        created_at=iso(made_at_ms(record.id)),
        updated_at=iso(hlc_ms(record.clock[0])),
    )
