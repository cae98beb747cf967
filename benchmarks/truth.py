"""What the real documents say, and how near a reading comes to it.

Receipts named ``sroie-…`` have a JSON file beside them; those named ``de-…`` carry the truth in
their name: merchant, date (DDMMYYYY), number of items, total in cents.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from difflib import SequenceMatcher
from pathlib import Path

ALIKE = 0.8
"""A merchant counts as right from this similarity on."""

FIELDS = ("merchant", "date", "total")
_SAME = str.maketrans({"’": "'", "‘": "'", "“": '"', "”": '"', "—": "-", "–": "-", "ﬁ": "fi"})


@dataclass(frozen=True)
class Receipt:
    """A receipt and its truth.

    :param label: the merchant is a one-word label ("aldi"), not the name as it is printed.
    """

    file: Path
    merchant: str
    date: str
    total: str
    label: bool


def receipts(folder: Path) -> list[Receipt]:
    """All receipts of a folder whose truth is known."""
    found = []
    for file in sorted(folder.glob("*.jpg")):
        facts = file.with_suffix(".json")
        if facts.exists():
            found.append(_described(file, json.loads(facts.read_text())))
        elif file.name.startswith("de-"):
            found.append(_named(file))
    return found


def score(receipt: Receipt, fields: Mapping[str, str | None]) -> dict[str, dict[str, object]]:
    """Compare the fields of a reading with the truth."""
    merchant = similarity(receipt.merchant, fields.get("merchant") or "", label=receipt.label)
    result: dict[str, dict[str, object]] = {
        "merchant": {
            "truth": receipt.merchant,
            "found": fields.get("merchant"),
            "similarity": round(merchant, 3),
            "right": merchant >= ALIKE,
        }
    }
    for name in ("date", "total"):
        truth = getattr(receipt, name)
        found = fields.get(name)
        result[name] = {"truth": truth, "found": found, "right": found == truth}
    return result


def similarity(truth: str, found: str, *, label: bool = False) -> float:
    """Likeness of two names by their letters and digits, 0 to 1 (``difflib``'s ratio).

    A label such as "aldi" is looked for as a part of the printed name, "Aldi GmbH & Co. KG": its
    likeness is that of the best window as long as the label.
    """
    one, other = _letters(truth), _letters(found)
    ratios = [_ratio(one, other)]
    if label:
        starts = range(len(other) - len(one) + 1)
        ratios += [_ratio(one, other[start : start + len(one)]) for start in starts]
    return max(ratios)


def character_errors(truth: str, found: str) -> float:
    """Edit distance through the length of the truth, white space and typography made equal."""
    one, other = _plain(truth), _plain(found)
    return edit_distance(one, other) / max(1, len(one))


def character_errors_of_lines(truth: str, found: str) -> float:
    """The same line by line, whatever the order of the lines: columns may be read in any order.

    Every line of the truth takes the found line nearest to it; a found line serves once.
    """
    ones, others = _lines(truth), _lines(found)
    near = sorted(
        (edit_distance(one, other), number, place)
        for number, one in enumerate(ones)
        for place, other in enumerate(others)
    )
    errors = 0
    left, free = set(range(len(ones))), set(range(len(others)))
    for distance, number, place in near:
        if number in left and place in free and distance < len(ones[number]):
            errors += distance
            left.remove(number)
            free.remove(place)
    errors += sum(len(ones[number]) for number in left)
    return errors / max(1, sum(map(len, ones)))


def edit_distance(one: str, other: str) -> int:
    """Least number of insertions, deletions and replacements (Myers 1999, Hyyrö 2003).

    A whole column of the table is kept in two integers: where it rises, and where it falls.
    """
    if not one:
        return len(other)
    full = (1 << len(one)) - 1
    last = 1 << (len(one) - 1)
    places: dict[str, int] = {}
    for number, letter in enumerate(one):
        places[letter] = places.get(letter, 0) | 1 << number
    rises, falls, distance = full, 0, len(one)
    for letter in other:
        equal = places.get(letter, 0)
        diagonal = (((equal & rises) + rises) ^ rises) | equal | falls
        right_up = falls | ~(diagonal | rises) & full
        right_down = rises & diagonal
        distance += bool(right_up & last) - bool(right_down & last)
        right_up = (right_up << 1 | 1) & full
        right_down = right_down << 1 & full
        rises = right_down | ~(diagonal | right_up) & full
        falls = right_up & diagonal
    return distance


def shares(results: Sequence[Mapping[str, Mapping[str, object]]]) -> dict[str, float]:
    """The share of right answers for every field."""
    count = max(1, len(results))
    return {name: sum(bool(one[name]["right"]) for one in results) / count for name in FIELDS}


def _described(file: Path, facts: Mapping[str, str]) -> Receipt:
    day, month, year = (int(part) for part in re.split(r"\D", facts["date"]))
    when = date(year if year > 99 else 2000 + year, month, day)
    total = facts["total"].replace(",", "")
    return Receipt(file, facts["company"], when.isoformat(), total, label=False)


def _named(file: Path) -> Receipt:
    merchant, day, _, cents = file.stem.removeprefix("de-").split("_")
    when = date(int(day[4:]), int(day[2:4]), int(day[:2]))
    return Receipt(file, merchant, when.isoformat(), f"{int(cents) / 100:.2f}", label=True)


def _letters(text: str) -> str:
    return "".join(letter for letter in text.lower() if letter.isalnum())


def _ratio(one: str, other: str) -> float:
    return SequenceMatcher(None, one, other, autojunk=False).ratio()


def _plain(text: str) -> str:
    return " ".join(text.translate(_SAME).split())


def _lines(text: str) -> list[str]:
    return [line for line in map(_plain, text.splitlines()) if line]
