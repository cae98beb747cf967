"""Amounts of money in a line of text, in any of the usual spellings.

``1,007.50`` ``1.234,56`` ``24,23`` ``.10`` ``55. 00`` ``RM9.90`` ``*45,50`` ``19,90-`` and, where
OCR has lost the point, ``RM 64 13``. Percentages, dates, times and weights are no amounts.
"""

import re
from decimal import Decimal

import msgspec

_NUMBER = re.compile(
    r"""
    (?<![\w.,/:-])                        # nothing numeric right before
    (?:(?:rm|eur|usd|gbp|try|tl|myr|chf|[€$£₺*#])\s*:?\s*)?
    (?P<sign>[-−–]\s?)?
    (?:(?:rm|[€$£₺*])\s*)?
    (?P<whole>\d{1,3}(?:[.,']\d{3})+|\d{1,7}|)
    (?P<point>\s?[.,]|[.]\s|,\s(?=\d\d\s*$))
    (?P<cents>\d{2})
    (?![\d%])(?!\s?%)(?![.,/:-]\d)
    (?P<after>\s?-(?=\s*[A-Za-z]?\s*$))?
    """,
    re.VERBOSE | re.IGNORECASE,
)
_BROKEN = re.compile(r"(?:rm|eur|tl|[€$£₺])\s?(\d{1,6})\s(\d{2})(?![\d.,%])", re.IGNORECASE)
_MISREAD = re.compile(
    r"(?<![A-Za-z])(?=[\dOoIlSBZ|]*\d|[OoIl|]+[.,]\s?\d)[\dOoIlSBZ|]+[.,]\s?[\dOoIlSBZ|]{2}(?![A-Za-z\d])"
)
_BEHIND_SIGN = re.compile(
    r"\b(RM|EUR|TL|[€$£₺])\s?([\dOoIlSBZ|]{1,6}[.,]\s?[\dOoIlSBZ|]{2})(?![A-Za-z\d])"
)
_LOOKS = str.maketrans("OoIl|SBZ", "00111582")
_GLUED = re.compile(r"(?<=[A-Za-z])(?=[€£₺]?\d+[.,]\d{2}\b)")
_QUANTITY = re.compile(r"^\s*(?:x|X|×|kg|Kg|KG|g|Stk|adet|lt|L|km|uhr|Uhr|h|cm|mm|m2|kWh|kwh)\b")


class Amount(msgspec.Struct, frozen=True):
    """A number of money: its value, where it stands in the text, whether it was mended."""

    value: Decimal
    start: int
    end: int
    mended: bool = False


def amounts(text: str) -> list[Amount]:
    """All amounts of a line, from left to right."""
    readable = _mend(text)
    found = [
        Amount(_value(match), match.start(), match.end(), mended=readable != text)
        for match in _NUMBER.finditer(readable)
        if not _QUANTITY.match(readable[match.end() :])
    ]
    if not found:
        found = [
            Amount(Decimal(f"{match[1]}.{match[2]}"), match.start(), match.end(), mended=True)
            for match in _BROKEN.finditer(readable)
        ]
    return found


def money(value: Decimal) -> str:
    """Write an amount as the result has it: ``1007.50``."""
    return f"{value:.2f}"


def _mend(text: str) -> str:
    """Give digits back to numbers in which OCR saw letters, and cut letters glued to a number."""
    text = _BEHIND_SIGN.sub(lambda match: f"{match[1]} {match[2].translate(_LOOKS)}", text)
    text = _MISREAD.sub(lambda match: match[0].translate(_LOOKS), text)
    return _GLUED.sub(" ", text)


def _value(match: re.Match[str]) -> Decimal:
    whole = re.sub(r"\D", "", match["whole"]) or "0"
    negative = bool(match["sign"] or match["after"])
    value = Decimal(f"{whole}.{match['cents']}")
    return -value if negative else value
