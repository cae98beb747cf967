"""What the name of a file tells of its time: phones and messengers write it there."""

import re
from datetime import datetime

_DATE = r"(?<!\d)((?:19|20)\d\d)([-_.]?)(0[1-9]|1[0-2])\2(0[1-9]|[12]\d|3[01])"
_CLOCK = (
    r"(?:[-_ .T]{1,2}|(?: at ))([01]\d|2[0-3])([-_.:]?)([0-5]\d)\6([0-5]\d)(?=\D|\d{3}(?!\d)|$)"
)
_NAME = re.compile(rf"{_DATE}(?:{_CLOCK}|(?!\d))")


def moment_of(filename: str | None) -> str | None:
    """``IMG_20230405_123456.jpg`` is of ``2023-04-05T12:34:56``, ``IMG-20230405-WA0001.jpg`` of
    that day's noon; None for a name that tells nothing."""
    found = _NAME.search(filename or "")
    if found is None:
        return None
    year, _, month, day, hour, _, minute, second = found.groups()
    clock = (hour, minute, second) if hour else ("12", "0", "0")
    try:
        moment = datetime(*map(int, (year, month, day, *clock)))  # type: ignore[arg-type]  # noqa: DTZ001 - six numbers; a name has no zone
    except ValueError:
        return None
    return moment.isoformat()
