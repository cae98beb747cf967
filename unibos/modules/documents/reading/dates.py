"""The date of a document: every date in its lines, weighed by the words around it.

Numbers (``02.03.2020``, ``5/3/2018``, ``20-02-18``, ``2020-03-02``) and month names in English,
German and Turkish (``2 Mart 2020``, ``Mar 2, 2020``).
"""

import datetime
import re
from collections.abc import Iterator, Sequence

import msgspec

from unibos.modules.documents.reading.language import fold
from unibos.modules.documents.reading.result import Field
from unibos.modules.documents.reading.wording import mentions
from unibos.modules.documents.reading.words import Row

_OLDEST = 1980
_MONTHS = (
    "jan januar january ocak oca",
    "feb februar february subat sub",
    "mar maerz marz mrz march mart",
    "apr april nisan nis",
    "may mai mayis",
    "jun juni june haziran haz",
    "jul juli july temmuz tem",
    "aug august agustos agu",
    "sep sept september eylul eyl",
    "oct okt oktober october ekim eki",
    "nov november kasim kas",
    "dec dez dezember december aralik ara",
)
_MONTH = {name: number for number, names in enumerate(_MONTHS, 1) for name in names.split()}
_NAME = "|".join(sorted(_MONTH, key=len, reverse=True))
_NUMERIC = re.compile(
    r"(?<![\d.,/])(\d{1,2})\s?([./-])\s?(\d{1,2})\s?\2\s?(\d{4}|\d{2})(?!\d|[.,/-]\d)"
)
_SORTED = re.compile(r"(?<!\d)(\d{4})\s?([./-])\s?(\d{1,2})\s?\2\s?(\d{1,2})(?!\d)")
_COMPACT = re.compile(r"(?<!\d)(20\d\d)(0[1-9]|1[0-2])([0-2]\d|3[01])(?!\d)")
_NAMED = re.compile(
    rf"(?<!\d)(\d{{1,2}})(?:st|nd|rd|th)?[\s.,/-]*({_NAME})[\s.,/'-]*(\d{{4}}|\d{{2}})(?!\d)"
)
_NAMED_FIRST = re.compile(rf"\b({_NAME})[\s.]*(\d{{1,2}})(?:st|nd|rd|th)?[\s,]+(\d{{4}})(?!\d)")
_TIME = re.compile(r"(?<!\d)([01]?\d|2[0-3])\s?[:.']\s?[0-5]\d(?!\d)")
_MISREAD = re.compile(
    r"(?<![A-Za-z])[\dOoIl|SB]{1,4}(?:\s?[./-]\s?[\dOoIl|SB]{1,4}){2}(?![A-Za-z])"
)
_LOOKS = str.maketrans("OoIl|SB", "0011158")

_LABELS = ("date", "datum", "tarih", "tarihi", "issued", "belegdatum", "vom")
_OTHER_LABELS = (
    "due date", "due", "expiry", "expires", "valid until", "valid", "birth", "delivery date",
    "printed", "fallig", "faellig", "zahlbar", "gultig", "gueltig", "lieferdatum", "geburtsdatum",
    "leistungsdatum", "son odeme", "vade", "gecerlilik", "teslim", "skt", "mhd", "period",
)  # fmt: skip


class _Found(msgspec.Struct):
    day: datetime.date
    score: float


def find_date(rows: Sequence[Row], *, day_first: bool, today: datetime.date) -> Field | None:
    """The day on which the document was made out, ``None`` if no date stands in it.

    :param day_first: how to read a date such as 03/04/2020 that could be both.
    :param today: dates later than tomorrow are taken for something else.
    """
    scores: dict[datetime.date, float] = {}
    for index, row in enumerate(rows):
        for found in _weighed(row, index, len(rows), day_first=day_first, today=today):
            earlier = scores.get(found.day)
            better = found.score if earlier is None else max(earlier, found.score) + 0.1
            scores[found.day] = better
    if not scores:
        return None
    day, score = max(scores.items(), key=lambda item: item[1])
    return Field(day.isoformat(), round(max(0.1, min(0.99, score)), 2))


def dates(text: str, *, day_first: bool = True, today: datetime.date) -> Iterator[datetime.date]:
    """All dates of a line that a calendar has, from 1980 to tomorrow."""
    text = _MISREAD.sub(lambda match: match[0].translate(_LOOKS), text)
    for year, month, day in _candidates(text, day_first=day_first):
        full = _century(year, today)
        try:
            found = datetime.date(full, month, day)
        except ValueError:
            continue
        if found.year >= _OLDEST and found <= today + datetime.timedelta(days=1):
            yield found


def _candidates(text: str, *, day_first: bool) -> Iterator[tuple[int, int, int]]:
    for match in _SORTED.finditer(text):
        yield int(match[1]), int(match[3]), int(match[4])
    for match in _COMPACT.finditer(text):
        yield int(match[1]), int(match[2]), int(match[3])
    for match in _NUMERIC.finditer(text):
        first, second, year = int(match[1]), int(match[3]), int(match[4])
        month_first = second > 12 or (not day_first and first <= 12 and match[2] != ".")
        day, month = (second, first) if month_first else (first, second)
        yield year, month, day
    folded = fold(text)
    for match in _NAMED.finditer(folded):
        yield int(match[3]), _MONTH[match[2]], int(match[1])
    for match in _NAMED_FIRST.finditer(folded):
        yield int(match[3]), _MONTH[match[1]], int(match[2])


def _century(year: int, today: datetime.date) -> int:
    if year >= 100:
        return year
    return 2000 + year if 2000 + year <= today.year + 1 else 1900 + year


def _weighed(
    row: Row, index: int, count: int, *, day_first: bool, today: datetime.date
) -> Iterator[_Found]:
    score = 0.5 + 0.3 * min(1.0, row.confidence)
    if mentions(row.text, _OTHER_LABELS):
        score -= 0.35
    elif mentions(row.text, _LABELS):
        score += 0.15
    if _TIME.search(row.text):
        score += 0.1
    score -= 0.05 * index / max(1, count)
    for day in dates(row.text, day_first=day_first, today=today):
        yield _Found(day, score)
