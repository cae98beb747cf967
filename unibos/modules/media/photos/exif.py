"""What a photo's file says of itself: when, where, with what (Exif 2.32; IPTC IIM 4.2).

Files say it wrongly, incompletely, or with intent: each value is checked, and left out where it
makes no sense. Nothing here decodes pixels.
"""

import math
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from PIL import Image
from PIL.ExifTags import IFD

from unibos.modules.media.photos.place import place_of
from unibos.modules.media.reading import Exposure

_MAKE, _MODEL, _CHANGED, _CHANGED_OFFSET = 0x010F, 0x0110, 0x0132, 0x9010
_LENS_MAKE, _LENS = 0xA433, 0xA434
_EXPOSURE, _F_NUMBER, _ISO, _FOCAL = 0x829A, 0x829D, 0x8827, 0x920A
# When it was taken, when it was digitised: each with its offset.
_TIMES = ((0x9003, 0x9011), (0x9004, 0x9012))
_TIME = re.compile(r"(\d{4})[:-](\d\d)[:-](\d\d)[ T](\d\d):(\d\d):(\d\d)")
_OFFSET = re.compile(r"[+-](?:0\d|1[0-4]):[0-5]\d")
_LONGEST = 200
_IPTC_PLACE = ((2, 92), (2, 90), (2, 95), (2, 101))  # part of a city, city, state, country


def told(image: Image.Image) -> dict[str, Any]:
    """Fields of :class:`Reading`, by name; those alone that the file tells."""
    exif = image.getexif()
    inner: Mapping[int, Any] = exif.get_ifd(IFD.Exif)
    found = {
        **_when(exif, inner),
        "camera": _camera(exif),
        "lens": _lens(inner),
        "exposure": _exposure(inner),
        "place": place_of(exif.get_ifd(IFD.GPSInfo)),
        "place_name": _place_name(image),
    }
    return {name: value for name, value in found.items() if value is not None}


def _when(exif: Mapping[int, Any], inner: Mapping[int, Any]) -> dict[str, str]:
    """The first time that makes sense; the file's last change comes last."""
    for values, time, offset in (
        *((inner, time, offset) for time, offset in _TIMES),
        (exif, _CHANGED, _CHANGED_OFFSET),
    ):
        moment = _moment(_text(values.get(time)))
        if moment is not None:
            zone = _text(inner.get(offset)) or ""
            known = zone if _OFFSET.fullmatch(zone) else ""
            return {"moment": moment, "taken_at": moment + known}
    return {}


def _moment(text: str | None) -> str | None:
    """``2008:05:30 15:56:01`` as ISO 8601; None for what was never on a calendar."""
    parts = _TIME.match(text or "")
    if parts is None:
        return None
    try:
        moment = datetime(*map(int, parts.groups()))  # type: ignore[arg-type]  # noqa: DTZ001 - six numbers; the zone is not known
    except ValueError:
        return None
    return moment.isoformat()


def _camera(exif: Mapping[int, Any]) -> str | None:
    """Maker and model, without saying the maker twice."""
    make, model = _text(exif.get(_MAKE)), _text(exif.get(_MODEL))
    if make is None or model is None:
        return model or make
    if model.lower().startswith(make.split()[0].lower()):
        return model
    return f"{make} {model}"


def _lens(inner: Mapping[int, Any]) -> str | None:
    make, lens = _text(inner.get(_LENS_MAKE)), _text(inner.get(_LENS))
    if make is None or lens is None or lens.lower().startswith(make.split()[0].lower()):
        return lens
    return f"{make} {lens}"


def _exposure(inner: Mapping[int, Any]) -> Exposure | None:
    iso = _number(inner.get(_ISO))
    exposure = Exposure(
        seconds=_number(inner.get(_EXPOSURE)),
        aperture=_number(inner.get(_F_NUMBER)),
        iso=round(iso) if iso else None,
        focal_mm=_number(inner.get(_FOCAL)),
    )
    return None if exposure == Exposure() else exposure


def _number(value: object) -> float | None:
    """A number above zero; of a list the first one."""
    if isinstance(value, tuple | list) and value:
        value = value[0]
    try:
        number = float(value)  # type: ignore[arg-type]  # whatever the file holds
    except (TypeError, ValueError, ZeroDivisionError, OverflowError):
        return None
    return round(number, 6) if math.isfinite(number) and 0 < number < 1e9 else None


def _text(value: object) -> str | None:
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    if not isinstance(value, str):
        return None
    shown = "".join(char if char.isprintable() else " " for char in value.partition("\0")[0])
    return " ".join(shown.split())[:_LONGEST] or None


def _place_name(image: Image.Image) -> str | None:
    """Part of the city, city, state and country, as somebody wrote them into the file."""
    from PIL import ImageFile, IptcImagePlugin

    if not isinstance(image, ImageFile.ImageFile):
        return None
    try:
        said: Mapping[Any, Any] = IptcImagePlugin.getiptcinfo(image) or {}
    except Exception:  # noqa: BLE001 - a parser that raises all sorts of errors at broken notes
        return None
    parts = (_iptc_text(said.get(key)) for key in _IPTC_PLACE)
    return ", ".join(dict.fromkeys(part for part in parts if part))[:_LONGEST] or None


def _iptc_text(value: object) -> str | None:
    if isinstance(value, list) and value:
        value = value[0]
    if not isinstance(value, bytes):
        return None
    try:
        return _text(value.decode("utf-8"))
    except UnicodeDecodeError:
        return _text(value.decode("latin-1"))
