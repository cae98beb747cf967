"""What a video's tags say: when, where and with what it was taken.

Files say it wrongly, incompletely, or with intent: what makes no sense is left out.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from unibos.modules.media.reading import Place

_LONGEST = 200
_WALL_CLOCK = ("com.apple.quicktime.creationdate",)
_UTC = ("creation_time", "date_utc")
_EARLIEST = 1970
# The epochs of QuickTime (1904) and Unix stand for "not set".
_TIME = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d):(\d\d)(?:\.\d+)?\s*(Z|[+-]\d\d:?\d\d)?\s*\Z"
)
_PLACES = ("com.apple.quicktime.location.iso6709", "location", "location-eng")
_CAMERAS = (
    ("com.apple.quicktime.make", "com.apple.quicktime.model"),
    ("com.android.manufacturer", "com.android.model"),
    ("make", "model"),
)
_ISO_6709 = re.compile(
    r"(?P<latitude>[+-]\d{2,6}(?:\.\d{1,12})?)(?P<longitude>[+-]\d{3,7}(?:\.\d{1,12})?)"
    r"(?P<altitude>[+-]\d{1,6}(?:\.\d{1,12})?)?(?:CRS[^/]{0,20})?/?\s*\Z"
)
_DIGITS = 7  # of a degree: about a centimetre
_HIGHEST_M, _DEEPEST_M = 100_000.0, -12_000.0


def told(tags: Mapping[str, str]) -> dict[str, Any]:
    """Fields of :class:`Reading`, by name; those alone that the tags tell.

    :param tags: their names in lower case.
    """
    found = {**_when(tags), "place": _where(tags), "camera": _camera(tags)}
    return {name: value for name, value in found.items() if value is not None}


def place_of(text: str) -> Place | None:
    """A place as ISO 6709:2008 (annex H) writes it; None where it is none that is on Earth.

    Degrees stand alone, with minutes, or with minutes and seconds, told apart by their digits.
    Exactly 0° north, 0° east is what cameras write that do not know.
    """
    found = _ISO_6709.match(text.strip())
    if found is None:
        return None
    latitude = _degrees(found["latitude"], 2, 90)
    longitude = _degrees(found["longitude"], 3, 180)
    if latitude is None or longitude is None or not (latitude or longitude):
        return None
    metres = float(found["altitude"]) if found["altitude"] else None
    if metres is not None and not _DEEPEST_M <= metres <= _HIGHEST_M:
        metres = None
    return Place(latitude=latitude, longitude=longitude, altitude=metres)


def _degrees(text: str, digits: int, most: float) -> float | None:
    sign, number = (-1 if text[0] == "-" else 1), text[1:]
    whole, _, part = number.partition(".")
    minutes = seconds = 0.0
    if len(whole) == digits:
        degrees = float(number)
    elif len(whole) == digits + 2:
        degrees, minutes = float(whole[:digits]), float(number[digits:])
    elif len(whole) == digits + 4:
        degrees, minutes = float(whole[:digits]), float(whole[digits : digits + 2])
        seconds = float(f"{whole[digits + 2 :]}.{part or 0}")
    else:
        return None
    value = degrees + minutes / 60 + seconds / 3600
    if minutes >= 60 or seconds >= 60 or value > most:
        return None
    return round(sign * value, _DIGITS) + 0.0


def _when(tags: Mapping[str, str]) -> dict[str, str]:
    """The clock on the wall with its offset where a tag has it, otherwise UTC.

    Containers keep UTC (ISO/IEC 14496-12, section 8.2.2), which is then what is listed by.
    """
    for name in (*_WALL_CLOCK, *_UTC):
        found = _TIME.match(tags.get(name, "").strip())
        if found is None or int(found[1]) <= _EARLIEST:
            continue
        try:
            wall = datetime(*(int(part) for part in found.groups()[:6]), tzinfo=UTC)  # type: ignore[misc,arg-type]  # six numbers, checked by the pattern
        except ValueError:
            continue
        if wall > datetime.now(UTC) + timedelta(days=2):
            continue
        moment = wall.strftime("%Y-%m-%dT%H:%M:%S")
        return {
            "moment": moment,
            "taken_at": moment + _offset(found[7] or ("Z" if name in _UTC else "")),
        }
    return {}


def _offset(text: str) -> str:
    if not text:
        return ""
    if text == "Z":
        return "+00:00"
    digits = text.replace(":", "")
    hours, minutes = int(digits[1:3]), int(digits[3:5])
    return f"{digits[0]}{hours:02}:{minutes:02}" if hours <= 14 and minutes < 60 else ""


def _where(tags: Mapping[str, str]) -> Place | None:
    for name in _PLACES:
        place = place_of(tags.get(name, "")[:_LONGEST])
        if place is not None:
            return place
    return None


def _camera(tags: Mapping[str, str]) -> str | None:
    for make_tag, model_tag in _CAMERAS:
        make, model = _plain(tags.get(make_tag)), _plain(tags.get(model_tag))
        if model and make and not model.lower().startswith(make.lower()):
            return f"{make} {model}"[:_LONGEST]
        if model or make:
            return (model or make)[:_LONGEST]
    return None


def _plain(text: str | None) -> str:
    shown = "".join(char if char.isprintable() else " " for char in (text or "")[:_LONGEST])
    return " ".join(shown.split())
