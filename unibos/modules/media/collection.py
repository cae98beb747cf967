"""What is kept of a photo or a video, beside its files, which are blobs; and of an album."""

from typing import Any

from unibos.core.store.definitions import Collection, Export, Search
from unibos.core.store.drafts import Schema

_TEXT = {"type": "string"}
_NUMBER = {"type": "number"}
_WHOLE = {"type": "integer"}
_TEXTS = {"type": "array", "items": _TEXT}
_ERROR = {
    "type": "object",
    "required": ["code", "detail"],
    "properties": {"code": _TEXT, "detail": _TEXT, "hint": _TEXT},
}
_EXPOSURE = {
    "type": "object",
    "properties": {"seconds": _NUMBER, "aperture": _NUMBER, "iso": _WHOLE, "focal_mm": _NUMBER},
}
_PLACE = {
    "type": "object",
    "required": ["latitude", "longitude"],
    "properties": {"latitude": _NUMBER, "longitude": _NUMBER, "altitude": _NUMBER},
}
_PROPERTIES: dict[str, Any] = {
    "kind": {"enum": ["photo", "video"]},
    "status": {"enum": ["queued", "done", "failed"]},
    "job": _TEXT,
    "sha256": _TEXT,
    "size": _WHOLE,
    "media_type": _TEXT,
    "filename": _TEXT,
    "title": _TEXT,
    "tags": _TEXTS,
    # What the clock on the wall showed, without a zone: by it things are listed. Until the file
    # was read, and where it does not say, what its name tells, or when it was taken in (UTC).
    "moment": _TEXT,
    # ISO 8601 with seconds; without an offset where the file does not say the zone.
    "taken_at": _TEXT,
    "width": _WHOLE,
    "height": _WHOLE,
    "camera": _TEXT,
    "lens": _TEXT,
    "exposure": _EXPOSURE,
    "place": _PLACE,
    "place_name": _TEXT,
    "place_chosen": {"type": "boolean"},
    # Of photos: what the picture looks like, for finding duplicates.
    "likeness": _TEXT,
    # Of videos.
    "seconds": _NUMBER,
    "video_codec": _TEXT,
    "audio_codec": _TEXT,
    "frame_rate": _NUMBER,
    # Whether browsers can show the original.
    "browser_ready": {"type": "boolean"},
    # Blobs that were made of the original: small, as large as a screen, and a video that
    # browsers can show.
    "thumbnail": _TEXT,
    "preview": _TEXT,
    "playable": _TEXT,
    # The job that makes the playable video, and why it could not.
    "playable_job": _TEXT,
    "playable_error": _ERROR,
    "error": _ERROR,
    "binned_at": _TEXT,
}

MEDIA = Collection(
    name="media",
    schema=Schema(
        {
            "type": "object",
            "required": ["kind", "status", "job", "sha256", "size", "media_type", "moment"],
            "properties": _PROPERTIES,
        }
    ),
    export=Export.LOCAL,
    search=Search(
        "title", ("filename", "camera", "lens", "place_name", "tags"), unless="binned_at"
    ),
    module="media",
    managed=True,
    key="sha256",
    moment="moment",
    blobs=("sha256", "thumbnail", "preview", "playable"),
)
NAME = MEDIA.name

DERIVED = ("thumbnail", "preview", "playable")
"""The fields of blobs that were made of the original."""

ALBUMS = Collection(
    name="albums",
    schema=Schema(
        {
            "type": "object",
            "required": ["title", "members"],
            # Ids of photos and videos, in the album's order.
            "properties": {"title": _TEXT, "members": _TEXTS, "cover": _TEXT},
        }
    ),
    export=Export.LOCAL,
    search=Search("title"),
    module="media",
    managed=True,
)
