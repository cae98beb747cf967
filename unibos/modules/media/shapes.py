"""Photos and videos as the API shows them."""

from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from unibos.base.clock import hlc_ms, iso
from unibos.base.ids import made_at_ms
from unibos.core.module.endpoint import Listing
from unibos.core.store.records import Record
from unibos.modules.media.collection import DERIVED
from unibos.modules.media.reading import Exposure, Place

Tag = Annotated[str, Meta(min_length=1, max_length=100)]
Title = Annotated[str, Meta(min_length=1, max_length=500)]
Status = Literal["queued", "running", "done", "failed"]
Kind = Literal["photo", "video"]
Month = Annotated[str, Meta(pattern=r"^\d{4}-(0[1-9]|1[0-2])$")]
Id = Annotated[str, Meta(min_length=1, max_length=64)]


class Failure(Struct, frozen=True, omit_defaults=True):
    """Why something could not be read or made."""

    code: str
    detail: str
    hint: str = ""


class Taken(Struct, frozen=True):
    """A photo or a video that was taken in, or was here already."""

    id: str
    kind: Kind
    status: Status
    job: str


class VideoFacts(Struct, frozen=True, kw_only=True):
    """What is known of a video's streams; ``playable_error`` says why none could be made that
    browsers can show."""

    seconds: float | None = None
    video_codec: str | None = None
    audio_codec: str | None = None
    frame_rate: float | None = None
    playable_job: str | None = None
    playable_error: Failure | None = None


class MediaOut(Struct, frozen=True, kw_only=True):
    """A photo or a video.

    ``taken_at`` has an offset where the file says the zone (``taken_zone`` is then ``known``);
    otherwise it is what the clock showed where it was taken (``local``). ``moment`` is that clock;
    where the file does not say, it is what the file's name tells, or the time at which it was taken
    in. Lists go by it.
    """

    id: str
    kind: Kind
    status: Status
    title: str
    tags: list[str]
    filename: str | None
    media_type: str
    size: int
    sha256: str
    moment: str
    taken_at: str | None
    taken_zone: Literal["known", "local"] | None
    width: int | None
    height: int | None
    camera: str | None
    lens: str | None
    exposure: Exposure | None
    place: Place | None
    place_name: str | None
    video: VideoFacts | None
    original: str
    thumbnail: str | None
    preview: str | None
    playable: str | None
    error: Failure | None
    job: str
    created_at: str
    updated_at: str
    binned_at: str | None


class MediaPage(Struct, frozen=True):
    """Photos and videos, and where to go on."""

    items: list[MediaOut]
    next: str | None


class MediaListing(Listing, frozen=True, forbid_unknown_fields=True):
    """Which photos and videos; the latest first, those of an album in its order."""

    month: Month | None = None
    kind: Kind | None = None
    album: Id | None = None
    status: Literal["queued", "done", "failed"] | None = None
    tag: Tag | None = None
    q: Annotated[str, Meta(max_length=200)] | None = None
    sha256: Annotated[str, Meta(pattern="^[0-9a-f]{64}$")] | None = None
    bin: bool = False
    sort: Literal["-moment", "moment", "-created_at", "created_at"] = "-moment"


class MediaChange(Struct, frozen=True, forbid_unknown_fields=True):
    """What a person may change; what is absent stays, null takes a place's name away."""

    title: Title | UnsetType = UNSET
    tags: Annotated[list[Tag], Meta(max_length=50)] | UnsetType = UNSET
    place_name: Title | UnsetType | None = UNSET


class Removal(Struct, frozen=True, forbid_unknown_fields=True):
    """Whether it goes for good instead of into the bin."""

    purge: bool = False


class TimelineMonth(Struct, frozen=True):
    """How many photos and videos a month has."""

    month: str
    photos: int
    videos: int


class Timeline(Struct, frozen=True):
    """The months that have something, the latest first."""

    items: list[TimelineMonth]


class DuplicateGroup(Struct, frozen=True):
    """Photos of the same bytes (``exact``) or of the same picture to the eye (``near``); first the
    one to keep, by pixels, then bytes, then age."""

    kind: Literal["exact", "near"]
    items: list[MediaOut]


class DuplicatePage(Struct, frozen=True):
    """Groups of duplicates, and where to go on."""

    items: list[DuplicateGroup]
    next: str | None


def shown(record: Record, *, running: bool = False) -> MediaOut:
    """A record as the API shows it."""
    data, id_ = record.data, record.id
    base = f"/api/v1/media/{id_}"
    return MediaOut(
        id=id_,
        kind=data["kind"],
        status="running" if running else data["status"],
        title=data.get("title") or data.get("filename") or "",
        tags=data.get("tags", []),
        filename=data.get("filename"),
        media_type=data["media_type"],
        size=data["size"],
        sha256=data["sha256"],
        moment=data["moment"],
        taken_at=data.get("taken_at"),
        taken_zone=_zone(data.get("taken_at")),
        width=data.get("width"),
        height=data.get("height"),
        camera=data.get("camera"),
        lens=data.get("lens"),
        exposure=Exposure(**data["exposure"]) if "exposure" in data else None,
        place=Place(**data["place"]) if "place" in data else None,
        place_name=data.get("place_name"),
        video=_video(data) if data["kind"] == "video" else None,
        original=f"{base}/original",
        **{field: f"{base}/{field}" if field in data else None for field in DERIVED}
        | _playable(data, base),
        error=_failure(data, "error"),
        job=data["job"],
        created_at=iso(made_at_ms(id_)),
        updated_at=iso(hlc_ms(record.clock[0])),
        binned_at=data.get("binned_at"),
    )


def _zone(taken_at: str | None) -> Literal["known", "local"] | None:
    if taken_at is None:
        return None
    return "known" if len(taken_at) > len("2026-01-02T03:04:05") else "local"


def _playable(data: dict[str, Any], base: str) -> dict[str, str]:
    """The original, where browsers can show it as it is."""
    return {"playable": f"{base}/original"} if data.get("browser_ready", False) else {}


def _video(data: dict[str, Any]) -> VideoFacts:
    names = ("seconds", "video_codec", "audio_codec", "frame_rate", "playable_job")
    facts = {name: data.get(name) for name in names}
    return VideoFacts(**facts, playable_error=_failure(data, "playable_error"))


def _failure(data: dict[str, Any], field: str) -> Failure | None:
    return Failure(**data[field]) if field in data else None
