"""The sum to pay: every amount is weighed by the words in its line, by arithmetic and by size.

A *value* collects evidence from all places where it stands: beside "Total" or "Summe", repeated
beside a means of payment, equal to cash less change, equal to the sum of the items, or to a
subtotal with tax and rounding. A single misread digit thus loses against consistent neighbours.
"""

import itertools
from collections.abc import Iterable, Sequence
from decimal import Decimal

import msgspec

from unibos.modules.documents.reading import labels
from unibos.modules.documents.reading.amounts import Amount, amounts, money
from unibos.modules.documents.reading.result import Field
from unibos.modules.documents.reading.wording import mentions
from unibos.modules.documents.reading.words import Row

_COIN = _LARGEST_ROUNDING = Decimal("0.05")
_MOST_ITEMS = 200
_TABLE_SHARE = 0.6  # a line with several amounts is one of a table of taxes or items


class _Line(msgspec.Struct):
    """A row with amounts and what its words say."""

    index: int
    text: str
    label: str
    amounts: list[Amount]
    row: Row

    @property
    def last(self) -> Decimal:
        """The amount that the words are about: the rightmost."""
        return self.amounts[-1].value


class _Value(msgspec.Struct):
    """Evidence for one value; ``sums`` holds a bonus for each kind of arithmetic that gives it."""

    label: float = 0.0
    part: bool = False
    places: int = 0
    sums: dict[str, float] = msgspec.field(default_factory=dict)
    confidence: float = 0.0

    @property
    def score(self) -> float:
        base = self.label + 0.1 * self.confidence
        if self.part and "change" not in self.sums:
            return base  # items add up to a subtotal too, and it stands in the table of taxes
        return base + sum(self.sums.values()) + min(0.3, 0.1 * max(0, self.places - 1))


def find_total(rows: Sequence[Row]) -> Field | None:
    """The sum to pay with two decimals, ``None`` when the lines hold no amount of money."""
    lines = _lines(rows)
    if not lines:
        return None
    values = _values(lines, len(rows))
    _add_arithmetic(values, lines)
    if not values:
        return None
    best, evidence = max(values.items(), key=lambda item: (item[1].score, item[0]))
    if any(mentions(row.text, labels.ROUNDING) for row in rows):
        best = _rounded(best, values)
    return Field(money(best), round(max(0.05, min(0.99, evidence.score / 1.6)), 2))


def _rounded(value: Decimal, values: Iterable[Decimal]) -> Decimal:
    """The printed multiple of 0.05 near by, for receipts that round the sum to coins."""
    if value % _COIN == 0:
        return value
    near = [other for other in values if other % _COIN == 0 and abs(other - value) < _COIN]
    return min(near, key=lambda other: abs(other - value), default=value)


def _lines(rows: Sequence[Row]) -> list[_Line]:
    """Rows with amounts; a label alone in a line counts for the bare amount below it."""
    lines = []
    for index, row in enumerate(rows):
        found = amounts(row.text)
        if not found:
            continue
        label = row.text
        if _wordless(row.text) and index and not amounts(rows[index - 1].text):
            label = f"{rows[index - 1].text} {row.text}"
        lines.append(_Line(index, row.text, label, found, row))
    return lines


def _wordless(text: str) -> bool:
    letters = sum(map(str.isalpha, text))
    return letters <= 3


def _values(lines: Sequence[_Line], count: int) -> dict[Decimal, _Value]:
    usual = sorted(line.row.height for line in lines)[len(lines) // 2]
    values: dict[Decimal, _Value] = {}
    for line in lines:
        weight = _weight(line.label)
        if len(line.amounts) > 1:
            weight *= _TABLE_SHARE
        if weight > 0:
            weight += 0.25 * max(0.0, min(1.0, line.row.height / usual - 1.15))
            weight += 0.05 * line.index / max(1, count)
        for amount in line.amounts:
            if not amount.value:
                continue
            value = values.setdefault(abs(amount.value), _Value())
            value.places += 1
            value.confidence = max(value.confidence, line.row.confidence)
            if amount is line.amounts[-1]:
                value.label = max(value.label, weight - (0.1 if amount.mended else 0.0))
                value.part = mentions(line.label, labels.PART) if value.places == 1 else False
    return values


def _weight(label: str) -> float:
    """How strongly the words of a line say that its amount is the sum to pay (-0.5 to 1.25)."""
    inclusive = mentions(label, labels.INCLUSIVE)
    total = mentions(label, labels.TOTAL)
    other = mentions(label, labels.OTHER)
    rules = (
        (mentions(label, labels.CHANGE), -0.5),
        (mentions(label, labels.PART), 0.2),
        (mentions(label, labels.FINAL), 1.25),
        ("%" in label and not inclusive, 0.2),
        (total and inclusive, 0.95),
        (other and inclusive, 0.55),
        (other, 0.0),
        (total, 0.9),
        (inclusive, 0.6),
        (mentions(label, labels.PAID), 0.4),
        (mentions(label, labels.MAYBE), 0.3),
    )
    return next((weight for applies, weight in rules if applies), 0.0)


def _add_arithmetic(values: dict[Decimal, _Value], lines: Sequence[_Line]) -> None:
    """Reward values that the other lines add up to; two sums may prove one that is misread."""
    proven: dict[Decimal, _Value] = {}
    for expected, kind, bonus in _expected(lines):
        evidence = values.get(expected) or proven.setdefault(expected, _Value())
        evidence.sums[kind] = max(bonus, evidence.sums.get(kind, 0.0))
    values.update({value: found for value, found in proven.items() if len(found.sums) > 1})


def _expected(lines: Sequence[_Line]) -> Iterable[tuple[Decimal, str, float]]:
    """Sums that may be the one to pay, with the kind of arithmetic and its weight."""
    cash = [line.last for line in lines if mentions(line.label, labels.TENDERED)]
    change = [abs(line.last) for line in lines if mentions(line.label, labels.CHANGE)]
    for given, returned in itertools.product(cash[:6], change[:6]):
        if abs(given) > returned:
            yield abs(given) - returned, "change", 0.7
    parts = [
        line.last
        for line in lines
        if mentions(line.label, (*labels.PART, *labels.TOTAL, *labels.INCLUSIVE))
    ]
    roundings = _roundings(lines)
    for part, tax, rounding in itertools.product(
        parts[:8], _taxes(lines), [Decimal(0), *roundings]
    ):
        yield part + tax + rounding, "tax", 0.45
    for part, rounding in itertools.product(parts[:8], roundings):
        yield part + rounding, "rounding", 0.4
    yield from ((total, "table", 0.4) for total in _table_sums(lines))
    yield from ((total, "items", 0.5) for total in _item_sums(lines))


def _taxes(lines: Sequence[_Line]) -> list[Decimal]:
    return [line.last for line in lines if line.last and mentions(line.label, labels.TAX)][:8]


def _roundings(lines: Sequence[_Line]) -> list[Decimal]:
    found = [line.last for line in lines if mentions(line.label, labels.ROUNDING)]
    return [value for value in found if 0 < abs(value) <= _LARGEST_ROUNDING][:2]


def _table_sums(lines: Sequence[_Line]) -> Iterable[Decimal]:
    """Net and tax of a line of the table of taxes, with or without their sum beside them."""
    for line in lines:
        found = [amount.value for amount in line.amounts]
        if len(found) == 3 and found[2] in (found[0] + found[1], found[0] - found[1]):
            yield max(found)
        elif len(found) == 2 and 0 < found[1] < found[0] / 3:
            yield found[0] + found[1]


def _item_sums(lines: Sequence[_Line]) -> list[Decimal]:
    """The sum of the lines above the first line that speaks of a total."""
    items: list[Decimal] = []
    for line in lines[:_MOST_ITEMS]:
        if items and _weight(line.label) >= 0.2:
            break
        items.append(line.last)
    return [sum(items, Decimal(0))] if len(items) > 1 else []
