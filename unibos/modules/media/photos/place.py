"""Where a photo was taken, out of the GPS part of its EXIF (Exif 2.32, section 4.6.6)."""

import math
from collections.abc import Mapping
from typing import Any

from unibos.modules.media.reading import Place

_LATITUDE_REF, _LATITUDE, _LONGITUDE_REF, _LONGITUDE, _ALTITUDE_REF, _ALTITUDE = range(1, 7)
_DIGITS = 7  # of a degree: about a centimetre
_HIGHEST_M, _DEEPEST_M = 100_000.0, -12_000.0


def place_of(gps: Mapping[int, Any]) -> Place | None:
    """The place; None where there is none, or none that is on Earth.

    Exactly 0° north, 0° east is what cameras write that do not know.
    """
    latitude = degrees(gps.get(_LATITUDE), gps.get(_LATITUDE_REF), "NS", 90)
    longitude = degrees(gps.get(_LONGITUDE), gps.get(_LONGITUDE_REF), "EW", 180)
    if latitude is None or longitude is None or not (latitude or longitude):
        return None
    return Place(latitude=latitude, longitude=longitude, altitude=_altitude(gps))


def degrees(parts: object, reference: object, signs: str, most: float) -> float | None:
    """Degrees, minutes and seconds as one number; None where it makes no sense.

    :param reference: one of ``signs``, of which the second turns the number negative.
    :param most: what the number may not exceed.
    """
    if not isinstance(parts, tuple | list) or not 1 <= len(parts) <= 3:
        return None
    sign = _letter(reference)
    if not sign or sign not in signs:
        return None
    numbers = [_number(part) for part in parts]
    if any(number is None or number < 0 for number in numbers):
        return None
    whole: float = sum((number or 0) / 60**power for power, number in enumerate(numbers))
    if whole > most or any((number or 0) >= 60 for number in numbers[1:]):
        return None
    return round(-whole if sign == signs[1] else whole, _DIGITS) + 0.0


def _altitude(gps: Mapping[int, Any]) -> float | None:
    metres = _number(gps.get(_ALTITUDE))
    if metres is None:
        return None
    if gps.get(_ALTITUDE_REF) in (1, b"\1"):
        metres = -metres
    return round(metres, 2) if _DEEPEST_M <= metres <= _HIGHEST_M else None


def _letter(value: object) -> str:
    if isinstance(value, bytes):
        value = value.decode("ascii", "replace")
    return value.strip("\0 ").upper()[:1] if isinstance(value, str) else ""


def _number(value: object) -> float | None:
    try:
        number = float(value)  # type: ignore[arg-type]  # whatever the file holds
    except (TypeError, ValueError, ZeroDivisionError, OverflowError):
        return None
    return number if math.isfinite(number) else None
