"""Media: photos and videos are taken in, shown small and large, and found by time and place."""

from collections.abc import Mapping

from unibos.core.jobs.kind import HeavyKind
from unibos.core.module.manifest import Module
from unibos.core.store import query
from unibos.modules.media import overview, photos, pictures, videos
from unibos.modules.media.albums import endpoints as albums
from unibos.modules.media.collection import ALBUMS, MEDIA
from unibos.modules.media.endpoints import endpoints
from unibos.modules.media.files import Kind
from unibos.modules.media.jobs import Options


def module(options: Options, limits: Mapping[Kind, int]) -> Module:
    """The module with its settings.

    :param options: how photos and videos are read.
    :param limits: the largest file in bytes, by kind.
    """
    of_photos, of_videos = photos.kinds(options), videos.kinds(options)
    reading: dict[Kind, HeavyKind] = {"photo": of_photos[0], "video": of_videos[0]}
    return Module(
        "media",
        collections=(MEDIA, ALBUMS),
        endpoints=(
            *overview.endpoints(),
            *endpoints(reading, limits),
            *pictures.endpoints(),
            *albums.endpoints(),
        ),
        jobs=(*of_photos, *of_videos),
        status=lambda view: query.count_by(view, MEDIA.name, "status"),
    )
