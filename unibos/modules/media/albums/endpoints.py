"""What albums can be asked over any door."""

from typing import Any

from msgspec import UNSET, structs

from unibos.base.errors import Invalid, NotFound, TooLarge
from unibos.core.identity.scope import Role, Scope
from unibos.core.module.endpoint import Answer, Call, Endpoint, Listing
from unibos.core.store import query
from unibos.core.store.transaction import View
from unibos.modules.media.albums import albums
from unibos.modules.media.albums.shapes import (
    AlbumChange,
    AlbumIn,
    AlbumOut,
    AlbumPage,
    Leaving,
    Placing,
    shown,
)
from unibos.modules.media.collection import ALBUMS

_ONE = "/albums/{id}"


def endpoints() -> tuple[Endpoint, ...]:
    """The endpoints over albums; what is in one is listed by ``GET /media?album=``."""
    return (
        Endpoint(
            "POST",
            "/albums",
            create_album,
            "Make an album",
            {201: AlbumOut},
            body=AlbumIn,
            errors=(Invalid, NotFound, TooLarge),
        ),
        Endpoint(
            "GET",
            "/albums",
            list_albums,
            "List albums, the newest first",
            {200: AlbumPage},
            Role.VIEWER,
            query=Listing,
            errors=(Invalid,),
        ),
        Endpoint(
            "GET",
            _ONE,
            get_album,
            "Read an album",
            {200: AlbumOut},
            Role.VIEWER,
            errors=(NotFound,),
        ),
        Endpoint(
            "PATCH",
            _ONE,
            change_album,
            "Change an album's title or cover",
            {200: AlbumOut},
            body=AlbumChange,
            errors=(NotFound, Invalid, TooLarge),
        ),
        Endpoint(
            "DELETE",
            _ONE,
            delete_album,
            "Delete an album; what is in it stays",
            {204: None},
            errors=(NotFound,),
        ),
        Endpoint(
            "POST",
            f"{_ONE}/members",
            put_members,
            "Put photos and videos into an album, or to another place in it",
            {200: AlbumOut},
            body=Placing,
            errors=(NotFound, Invalid, TooLarge),
        ),
        Endpoint(
            "POST",
            f"{_ONE}/members/remove",
            take_members_out,
            "Take photos and videos out of an album",
            {200: AlbumOut},
            body=Leaving,
            errors=(NotFound, Invalid, TooLarge),
        ),
    )


async def create_album(scope: Scope, call: Call) -> Answer:
    """A new album."""
    asked: AlbumIn = call.body
    record = await scope.store.awrite(lambda tx: albums.create(tx, asked.title, asked.members))
    return Answer(shown(record), 201)


async def list_albums(scope: Scope, call: Call) -> Answer:
    """A page of albums."""
    wanted = query.Query(limit=call.query.limit, cursor=call.query.cursor)

    def question(view: View) -> AlbumPage:
        page = query.page(view, ALBUMS.name, wanted)
        return AlbumPage([shown(record) for record in page.items], page.next)

    return Answer(await scope.store.aread(question))


async def get_album(scope: Scope, call: Call) -> Answer:
    """One album."""
    id_ = call.path["id"]
    return Answer(await scope.store.aread(lambda view: shown(albums.find(view, id_))))


async def change_album(scope: Scope, call: Call) -> Answer:
    """Title and cover."""
    id_ = call.path["id"]
    asked: dict[str, Any] = structs.asdict(call.body)
    changes = {name: value for name, value in asked.items() if value is not UNSET}
    return Answer(shown(await scope.store.awrite(lambda tx: albums.change(tx, id_, changes))))


async def delete_album(scope: Scope, call: Call) -> Answer:
    """The album alone."""
    id_ = call.path["id"]
    await scope.store.awrite(lambda tx: albums.delete(tx, id_))
    return Answer(status=204)


async def put_members(scope: Scope, call: Call) -> Answer:
    """Add, or move."""
    id_, asked = call.path["id"], call.body
    record = await scope.store.awrite(lambda tx: albums.put(tx, id_, asked.members, asked.before))
    return Answer(shown(record))


async def take_members_out(scope: Scope, call: Call) -> Answer:
    """Out of the album, not away."""
    id_, asked = call.path["id"], call.body
    record = await scope.store.awrite(lambda tx: albums.take_out(tx, id_, asked.members))
    return Answer(shown(record))
