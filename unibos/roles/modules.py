"""The modules that this program has, with their settings."""

from unibos.base.board import Model
from unibos.base.config import Documents, Media
from unibos.core.module.endpoint import MIB
from unibos.core.module.manifest import Module
from unibos.modules.care.ping import PING
from unibos.modules.documents import manifest as documents
from unibos.modules.documents.reading import Options
from unibos.modules.media import manifest as media
from unibos.modules.media.files import Kind
from unibos.modules.media.jobs import Options as MediaOptions
from unibos.modules.media.videos import max_video_mb
from unibos.modules.notes import manifest as notes

_CARE = Module("care", jobs=(PING,))
"""What every process can do of it; the rest is a node's."""


def modules(
    reading: Documents, photos_and_videos: Media, care: Module = _CARE, *, model: Model = "pc"
) -> tuple[Module, ...]:
    """Every module.

    :param reading: what the configuration says about documents.
    :param photos_and_videos: what it says about media.
    :param care: how a node looks after itself.
    :param model: the board that takes documents and media in.
    """
    return (
        care,
        notes.MODULE,
        documents.module(Options(languages=reading.languages), reading.max_mb * MIB),
        media.module(
            MediaOptions(transcode=photos_and_videos.transcode), _largest(photos_and_videos, model)
        ),
    )


def _largest(photos_and_videos: Media, model: Model) -> dict[Kind, int]:
    """The most bytes of one photo, and of one video."""
    return {
        "photo": photos_and_videos.max_photo_mb * MIB,
        "video": (photos_and_videos.max_video_mb or max_video_mb(model)) * MIB,
    }
