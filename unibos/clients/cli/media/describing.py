"""Photos and videos in words."""

from typing import Any

from unibos.clients.cli import show
from unibos.clients.cli.words import say


def taken(one: dict[str, Any]) -> str:
    """When it was taken, as the clock there showed it; nothing where the file does not say."""
    at = one.get("taken_at")
    return str(at)[:16].replace("T", " ") if at else ""


def camera_and_place(one: dict[str, Any]) -> tuple[str, str]:
    """What it was taken with, and where."""
    place = one.get("place")
    degrees = f"{place['latitude']:.4f}, {place['longitude']:.4f}" if place else ""
    return one.get("camera") or "", one.get("place_name") or degrees


def facts(one: dict[str, Any]) -> dict[str, object]:
    """All that is known of one, by its name in the user's language."""
    camera, place = camera_and_place(one)
    video = one.get("video") or {}
    size = f"{one['width']} × {one['height']}" if one.get("width") else None
    return {
        say("Id"): one["id"],
        say("Title"): one.get("title"),
        say("Kind"): say(one.get("kind") or ""),
        say("State"): show.state(one["status"]),
        say("Taken"): _taken_in_full(one),
        say("Camera"): camera,
        say("Lens"): one.get("lens"),
        say("Exposure"): _exposure(one.get("exposure") or {}),
        say("Place"): place,
        say("Pixels"): size,
        say("Length"): show.duration(video["seconds"]) if video.get("seconds") else None,
        say("Codecs"): " / ".join(
            codec for codec in (video.get("video_codec"), video.get("audio_codec")) if codec
        ),
        say("Tags"): ", ".join(one.get("tags") or ()),
        say("File"): one.get("filename"),
        say("Size"): show.size(one.get("size") or 0),
        say("Added"): show.moment(one.get("created_at")),
        say("In the bin since"): show.moment(one.get("binned_at")),
        say("Error"): (one.get("error") or video.get("playable_error") or {}).get("detail"),
    }


def _taken_in_full(one: dict[str, Any]) -> str:
    at = str(one.get("taken_at") or "").replace("T", " ")
    if one.get("taken_zone") == "local":
        at += " " + say("(zone unknown)")
    return at


def _exposure(exposure: dict[str, Any]) -> str:
    seconds = exposure.get("seconds")
    parts = [
        _seconds(seconds) if seconds else "",
        f"f/{exposure['aperture']:g}" if exposure.get("aperture") else "",
        f"ISO {exposure['iso']}" if exposure.get("iso") else "",
        f"{exposure['focal_mm']:g} mm" if exposure.get("focal_mm") else "",
    ]
    return ", ".join(part for part in parts if part)


def _seconds(seconds: float) -> str:
    return f"{seconds:g} s" if seconds >= 0.3 else f"1/{round(1 / seconds)} s"
