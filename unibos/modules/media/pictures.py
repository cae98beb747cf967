"""The bytes of photos and videos: the original, and what was made of it, shown in the page.

None of the media types that are taken can carry scripts.
"""

from functools import partial

from unibos.base.errors import NotFound
from unibos.core.identity.scope import Role, Scope
from unibos.core.module.endpoint import Call, Endpoint, FileAnswer, Handler, Media
from unibos.core.store import blobs
from unibos.core.store.transaction import View
from unibos.modules.media import kept

_MADE = {
    "thumbnail": ("image/webp", "A small picture"),
    "preview": ("image/jpeg", "A picture that fills a screen, without what the file says"),
    "playable": ("video/mp4", "A video that browsers can show"),
}


def endpoints() -> tuple[Endpoint, ...]:
    """The endpoints that give files."""
    return (
        _endpoint("original", "The file as it was taken in", Media(), get_original),
        *(
            _endpoint(name, summary, Media(type_), partial(_get_made, name, type_))
            for name, (type_, summary) in _MADE.items()
        ),
    )


def _endpoint(name: str, summary: str, media: Media, handler: Handler) -> Endpoint:
    return Endpoint(
        "GET",
        f"/media/{{id}}/{name}",
        handler,
        summary,
        {200: media, 206: media, 304: None, 416: None},
        Role.VIEWER,
        errors=(NotFound,),
    )


async def get_original(scope: Scope, call: Call) -> FileAnswer:
    """The original bytes."""
    id_, files = call.path["id"], scope.store.blobs

    def find(view: View) -> FileAnswer:
        data = kept.find(view, id_).data
        path = blobs.open_path(view, files, data["sha256"])
        etag, name = f'"{data["sha256"]}"', data.get("filename")
        return FileAnswer(path, data["media_type"], etag, name, inline=True)

    return scope.store.read(find)


async def _get_made(name: str, media_type: str, scope: Scope, call: Call) -> FileAnswer:
    """What was made of the original, once it was."""
    id_, files = call.path["id"], scope.store.blobs

    def find(view: View) -> FileAnswer:
        sha256 = kept.find(view, id_).data.get(name)
        if sha256 is None:
            raise NotFound("media_not_made", f"There is no {name} of it (yet).")
        path = blobs.open_path(view, files, sha256)
        return FileAnswer(path, media_type, f'"{sha256}"', inline=True)

    return scope.store.read(find)
