"""Which money a document counts in: by signs beside amounts, else by words of a country."""

import re
from collections.abc import Sequence

from unibos.modules.documents.reading.language import fold
from unibos.modules.documents.reading.result import Field
from unibos.modules.documents.reading.words import Row

_SIGNS = {
    "EUR": re.compile(r"€|\beuro?s?\b"),
    "MYR": re.compile(r"\b(?:myr|ringgit)\b|\brm(?=\s?\d|\b)"),
    "TRY": re.compile(r"₺|\b(?:try|tl)\b"),
    "GBP": re.compile(r"£|\bgbp\b"),
    "CHF": re.compile(r"\b(?:chf|sfr)\b"),
    "SGD": re.compile(r"\bsgd\b|\bs\$"),
    "USD": re.compile(r"\busd\b|\bus\$|(?<![a-z])\$\s?\d[\d.,]*[.,]\d\d\b"),
}
_HINTS = {
    "MYR": re.compile(r"\b(?:sdn\.? ?bhd|selangor|johor|kuala lumpur|jalan|malaysia)\b"),
    "EUR": re.compile(
        r"\b(?:mwst|gmbh|ust-?id|umsatzsteuer|rechnungsbetrag|steuernummer|finanzamt)\b|\.de\b"
    ),
    "TRY": re.compile(r"\b(?:kdv|topkdv|vergi dairesi|toplam|mersis)\b|\.com\.tr\b"),
    "GBP": re.compile(r"\b(?:united kingdom|vat reg|london)\b|\.co\.uk\b"),
}
_SURE, _HINTED = 0.9, 0.6


def find_currency(rows: Sequence[Row]) -> Field | None:
    """ISO 4217 code, ``None`` when nothing tells."""
    text = "\n".join(fold(row.text) for row in rows)
    # An Euro sign or "RM" is glued to the number as often as not.
    text = re.sub(r"(?<=[a-z€£₺$])(?=\d)|(?<=\d)(?=[a-z€£₺])", " ", text)
    signs = {code: len(sign.findall(text)) for code, sign in _SIGNS.items()}
    hints = {code: len(hint.findall(text)) for code, hint in _HINTS.items()}
    # A single sign may be misread ("£" for "E"); words of a country speak against it.
    counts = {code: count + min(2, hints.get(code, 0)) for code, count in signs.items()}
    code = max(counts, key=lambda code: counts[code])
    if not counts[code]:
        return None
    confidence = _SURE if signs[code] else _HINTED
    return Field(code, round(confidence * (0.5 + 0.5 * counts[code] / sum(counts.values())), 2))
