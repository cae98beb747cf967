"""What kind of document it is, and a title that a person recognises it by."""

import statistics
from collections.abc import Mapping, Sequence

from unibos.modules.documents.reading.result import Field, Kind
from unibos.modules.documents.reading.wording import mentions
from unibos.modules.documents.reading.words import Row

_TITLE_LENGTH = 80
_TITLE_LINES = 12
_STRONG = 1.45
_NARROW = 52  # letters in the longest lines
_SURE_TOTAL = 0.35
_SIGNS = 3
_ALL = ("merchant", "date", "total", "currency")

_INVOICE = (
    "invoice number", "invoice no", "invoice date", "bill to", "billed to", "ship to", "due date",
    "payment terms", "rechnungsnummer", "rechnung nr", "rechnungsdatum",
    "kundennummer", "zahlungsziel", "leistungszeitraum", "lieferdatum", "uberweisen", "iban",
    "e fatura", "e arsiv fatura", "fatura no", "fatura tarihi", "vade tarihi", "sayin", "ettn",
    "purchase order", "remit",
)  # fmt: skip
_INVOICE_NAME = ("invoice", "rechnung", "fatura")
_RECEIPT = (
    "receipt", "cash", "change", "cashier", "kassenbon", "bon", "bar", "ruckgeld", "zuruck",
    "gegeben", "kartenzahlung", "kundenbeleg", "terminal", "kasse", "fis no", "mali fis", "fis",
    "nakit", "para ustu", "kredi karti", "kasiyer", "eku", "visa", "mastercard", "girocard",
    "thank you", "vielen dank", "tesekkur ederiz", "come again", "cash bill", "pos", "topkdv",
    "tendered", "quittung", "tse", "maestro", "zu zahlen", "ec cash", "geg",
)  # fmt: skip
_LETTER = (
    "dear sir", "dear madam", "dear mr", "dear ms", "dear mrs", "dear", "sincerely", "yours truly",
    "yours faithfully", "kind regards", "best regards", "sehr geehrte", "sehr geehrter", "liebe",
    "lieber", "mit freundlichen grussen", "mit freundlichem gruss", "hochachtungsvoll", "sayin",
    "saygilarimla", "saygilarimizla", "monsieur", "madame", "cordialement", "betreff", "konu",
    "subject",
)  # fmt: skip


def classify(rows: Sequence[Row], fields: Mapping[str, Field]) -> Kind:
    """Receipt, invoice, letter or other.

    Receipts and invoices hold a sum; receipts are narrow and speak of paying, invoices are wide
    and speak of numbers, customers and terms. Letters greet and close.
    """
    text = "\n".join(row.text for row in rows)
    counts = {
        kind: sum(1 for phrase in phrases if mentions(text, (phrase,)))
        for kind, phrases in (("receipt", _RECEIPT), ("invoice", _INVOICE), ("letter", _LETTER))
    }
    total = fields.get("total")
    if total is not None:
        invoice = 1.5 * counts["invoice"] + 2.0 * mentions(text, _INVOICE_NAME)
        receipt = counts["receipt"] + (4.0 if _narrow(rows) else 0.0)
        needed = _SIGNS if total.confidence >= _SURE_TOTAL else 2 * _SIGNS
        if max(invoice, receipt) >= needed:
            return "receipt" if receipt >= invoice else "invoice"
    return "letter" if counts["letter"] >= 2 else "other"


def believed(kind: Kind, fields: Mapping[str, Field]) -> dict[str, Field]:
    """The fields that make sense for the kind: only sums of money have a merchant and a total."""
    names = _ALL if kind in ("receipt", "invoice") else ("date",)
    return {name: field for name, field in fields.items() if name in names}


def title(kind: Kind, rows: Sequence[Row], fields: Mapping[str, Field]) -> str:
    """``Lidl, 2020-03-02, 7.16 EUR`` for sums of money, else the strongest line near the top."""
    if kind in ("receipt", "invoice"):
        sum_ = " ".join(fields[name].value for name in ("total", "currency") if name in fields)
        parts = [fields[name].value for name in ("merchant", "date") if name in fields]
        return _short(", ".join([*parts, sum_] if sum_ else parts))
    lines = [row for row in rows if _speaks(row)]
    if not lines:
        return ""
    usual = statistics.median(row.height for row in lines)
    tallest = max(lines[:_TITLE_LINES], key=lambda row: row.height)
    return _short((tallest if tallest.height > _STRONG * usual else lines[0]).text)


def _speaks(row: Row) -> bool:
    letters = sum(map(str.isalpha, row.text))
    return letters >= 4 and letters >= 0.6 * len(row.text.replace(" ", "")) and row.confidence > 0.6


def _narrow(rows: Sequence[Row]) -> bool:
    lengths = sorted(len(row.text) for row in rows)
    return bool(lengths) and lengths[int(0.9 * (len(lengths) - 1))] <= _NARROW


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= _TITLE_LENGTH else text[: _TITLE_LENGTH - 1].rstrip() + "…"
