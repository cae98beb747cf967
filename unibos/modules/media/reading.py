"""What reading a photo or a video finds; the child tells it, and the record becomes it."""

from typing import Annotated

from msgspec import Meta, Struct

FILES = {"thumbnail.webp": "thumbnail", "preview.jpg": "preview", "playable.mp4": "playable"}
"""What a work may leave in its folder, by name, and the record's field for it."""

Text = Annotated[str, Meta(min_length=1, max_length=500)]


class Exposure(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How a picture was exposed; ``aperture`` is the f-number, ``focal_mm`` the focal length."""

    seconds: float | None = None
    aperture: float | None = None
    iso: int | None = None
    focal_mm: float | None = None


class Place(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where: degrees of WGS 84, north and east positive; metres above the sea."""

    latitude: Annotated[float, Meta(ge=-90, le=90)]
    longitude: Annotated[float, Meta(ge=-180, le=180)]
    altitude: float | None = None


class Reading(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """All that was found; None where the file does not say.

    :param moment: ``YYYY-MM-DDTHH:MM:SS`` as the clock on the wall showed it, to list by; None
        where nothing says when, and the time of taking in stays.
    :param taken_at: the same as ISO 8601, with an offset where the file says it.
    :param width: of the picture as it is to be looked at, upright.
    :param likeness: see :mod:`unibos.modules.media.photos.likeness`.
    :param seconds: of a video, how long it is.
    :param browser_ready: of a video, whether browsers can show the original.
    """

    width: int | None = None
    height: int | None = None
    moment: Annotated[str, Meta(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$")] | None = None
    taken_at: Annotated[str, Meta(max_length=40)] | None = None
    camera: Text | None = None
    lens: Text | None = None
    exposure: Exposure | None = None
    place: Place | None = None
    place_name: Text | None = None
    likeness: Annotated[str, Meta(pattern="^[0-9a-f]{32}$")] | None = None
    seconds: float | None = None
    video_codec: Text | None = None
    audio_codec: Text | None = None
    frame_rate: float | None = None
    browser_ready: bool | None = None
