"""Photos and videos as a whole: the timeline by months, and duplicates."""

import asyncio
import re

from unibos.base.errors import Invalid
from unibos.core.identity.scope import Role, Scope
from unibos.core.module.endpoint import Answer, Call, Endpoint, Listing
from unibos.core.store import timeline
from unibos.core.store.paging import cursor_invalid
from unibos.core.store.transaction import View
from unibos.modules.media import kept
from unibos.modules.media.collection import NAME
from unibos.modules.media.duplicates import Group, Known, grouped
from unibos.modules.media.shapes import (
    DuplicateGroup,
    DuplicatePage,
    Timeline,
    TimelineMonth,
    shown,
)

_PLACE = re.compile(r"\d{1,9}")


def endpoints() -> tuple[Endpoint, ...]:
    """The endpoints; they remember what they found last, until something changes."""
    known: dict[str, Known] = {}
    counted: dict[str, tuple[int, Timeline]] = {}

    async def get_timeline(scope: Scope, _call: Call) -> Answer:
        head = scope.store.read(lambda view: timeline.head(view, NAME))
        latest = counted.get(scope.org)
        if latest is None or latest[0] != head:
            latest = counted[scope.org] = head, await scope.store.aread(_timeline)
        return Answer(latest[1])

    async def list_duplicates(scope: Scope, call: Call) -> Answer:
        start = _start(call.query.cursor)
        head = scope.store.read(lambda view: timeline.head(view, NAME))
        latest = known.get(scope.org)
        if latest is None or latest.head != head:
            found = await scope.store.aread(lambda view: timeline.likenesses(view, NAME))
            latest = Known(head, await asyncio.to_thread(grouped, found))
            known[scope.org] = latest
        end = start + call.query.limit
        some = latest.groups[start:end]
        items = await scope.store.aread(lambda view: [_told(view, group) for group in some])
        more = str(end) if end < len(latest.groups) else None
        return Answer(DuplicatePage([item for item in items if len(item.items) > 1], more))

    return (
        Endpoint(
            "GET",
            "/media/timeline",
            get_timeline,
            "How many photos and videos each month has",
            {200: Timeline},
            Role.VIEWER,
        ),
        Endpoint(
            "GET",
            "/media/duplicates",
            list_duplicates,
            "Photos that are the same, or nearly so",
            {200: DuplicatePage},
            Role.VIEWER,
            query=Listing,
            errors=(Invalid,),
        ),
    )


def _timeline(view: View) -> Timeline:
    """All months, the latest first."""
    items = [
        TimelineMonth(one.month, one.kinds.get("photo", 0), one.kinds.get("video", 0))
        for one in timeline.months(view, NAME)
    ]
    return Timeline(items)


def _start(cursor: str | None) -> int:
    if cursor is None:
        return 0
    if _PLACE.fullmatch(cursor) is None:
        raise cursor_invalid()
    return int(cursor)


def _told(view: View, group: Group) -> DuplicateGroup:
    """The group's photos, the one to keep first: most pixels, then most bytes, then the oldest."""
    found = (kept.look(view, id_) for id_ in group.ids)
    photos = [shown(record) for record in found if record is not None]
    photos.sort(key=lambda photo: (-(photo.width or 0) * (photo.height or 0), -photo.size))
    return DuplicateGroup("exact" if group.exact else "near", photos)
