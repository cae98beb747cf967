"""Merchant, date, total and currency out of a document's lines: pure functions, no files."""

import datetime
from collections.abc import Sequence

from unibos.modules.documents.reading.currencies import find_currency
from unibos.modules.documents.reading.dates import find_date
from unibos.modules.documents.reading.merchants import find_merchant
from unibos.modules.documents.reading.result import Field
from unibos.modules.documents.reading.totals import find_total
from unibos.modules.documents.reading.words import Row


def find_fields(
    rows: Sequence[Row], *, day_first: bool | None, today: datetime.date
) -> dict[str, Field]:
    """Everything that can be found, by name; what is not found is not there.

    :param day_first: ``None`` takes US dollars for a sign of month-first dates.
    :param today: limits what can be the document's date.
    """
    currency = find_currency(rows)
    if day_first is None:
        day_first = currency is None or currency.value != "USD"
    found = {
        "merchant": find_merchant(rows),
        "date": find_date(rows, day_first=day_first, today=today),
        "total": find_total(rows),
        "currency": currency,
    }
    return {name: field for name, field in found.items() if field is not None}
