"""Words with places on a page, and what can be built of them: rows, running text, confidence.

Two views of the same words are needed. *Running text* keeps the reading order of columns and
paragraphs. *Rows* join what stands at the same height, so that a label and the amount at the other
edge of a receipt are one row.
"""

import statistics
from collections.abc import Callable, Iterable, Sequence

import msgspec

_SYMBOL_CONFIDENCE = 0.6
_SURE = 0.6
_FEWEST_LETTERS = 12


class Word(msgspec.Struct, frozen=True):
    """A word and its box in pixels (or PDF points); ``paragraph`` and ``line`` give its order."""

    text: str
    left: float
    top: float
    width: float
    height: float
    confidence: float = 1.0
    paragraph: tuple[int, int] = (0, 0)
    line: int = 0

    @property
    def right(self) -> float:
        """Right edge."""
        return self.left + self.width

    @property
    def middle(self) -> float:
        """Vertical middle."""
        return self.top + self.height / 2


class Row(msgspec.Struct, frozen=True):
    """Words at one height, from left to right."""

    words: tuple[Word, ...]
    text: str
    height: float
    top: float
    middle: float
    confidence: float


def clean(words: Iterable[Word]) -> list[Word]:
    """Drop doubtful symbols: what OCR sees in rules, stains and pictures."""
    return [
        word
        for word in words
        if word.confidence >= _SYMBOL_CONFIDENCE or any(map(str.isalnum, word.text))
    ]


def confidence(words: Sequence[Word]) -> float:
    """Mean confidence by letters, 0 when there are none."""
    letters = sum(len(word.text) for word in words)
    return sum(word.confidence * len(word.text) for word in words) / letters if letters else 0.0


def legible(words: Iterable[Word]) -> bool:
    """Tell text from what OCR sees in a landscape: some words must be sure and long enough."""
    sure = [word for word in words if word.confidence >= _SURE and len(word.text) > 2]
    return sum(sum(map(str.isalnum, word.text)) for word in sure) >= _FEWEST_LETTERS


def rows(words: Iterable[Word]) -> list[Row]:
    """Group words by height, top to bottom; columns that stand side by side share rows."""
    groups: list[list[Word]] = []
    for word in sorted(words, key=lambda word: word.middle):
        for group in reversed(groups[-4:]):
            anchor = group[0]
            if abs(anchor.middle - word.middle) < 0.5 * min(anchor.height, word.height):
                group.append(word)
                break
        else:
            groups.append([word])
    return [row(group) for group in groups]


def row(words: Iterable[Word]) -> Row:
    """Make one row of words that belong together."""
    ordered = tuple(sorted(words, key=lambda word: word.left))
    return Row(
        words=ordered,
        text=" ".join(word.text for word in ordered),
        height=statistics.median(word.height for word in ordered),
        top=min(word.top for word in ordered),
        middle=statistics.median(word.middle for word in ordered),
        confidence=confidence(ordered),
    )


def merge(first: Sequence[Row], second: Iterable[Row], worth: Callable[[Row], float]) -> list[Row]:
    """Line by line the better of two readings of one page, both in the same coordinates.

    :param worth: what a line is worth; one that only the second has is taken if that is above 0.
    """
    best = list(first)
    for other in second:
        near = [place for place, mine in enumerate(first) if _level(mine, other)]
        if near:
            place = min(near, key=lambda place: abs(first[place].middle - other.middle))
            best[place] = max(best[place], other, key=worth)
        elif worth(other) > 0:
            best.append(other)
    return sorted(best, key=lambda line: line.middle)


def _level(mine: Row, other: Row) -> bool:
    return abs(mine.middle - other.middle) < 0.6 * max(mine.height, other.height)


def credit(line: Row) -> float:
    """Letters read well count for a line, letters read badly against it."""
    return sum((word.confidence - 0.5) * len(word.text) for word in line.words)


def moved(word: Word, *, across: float, down: float) -> Word:
    """The word in a picture that is so many times as wide and high."""
    return msgspec.structs.replace(
        word,
        left=word.left * across,
        width=word.width * across,
        top=word.top * down,
        height=word.height * down,
    )


def text_rows(text: str) -> list[Row]:
    """Rows of plain text: one per line that is not empty, on a made-up grid of 10 by 20."""
    found = []
    for number, line in enumerate(text.splitlines()):
        words = []
        column = 0
        for piece in line.split():
            column = line.index(piece, column)
            words.append(Word(piece, column * 10, number * 20, len(piece) * 10, 16))
            column += len(piece)
        if words:
            found.append(row(words))
    return found


def running_text(words: Iterable[Word]) -> str:
    """Text in reading order: lines by newline, paragraphs by an empty line."""
    paragraphs: list[list[list[str]]] = []
    last: tuple[tuple[int, int], int] | None = None
    for word in words:
        place = (word.paragraph, word.line)
        if last is None or last[0] != word.paragraph:
            paragraphs.append([[]])
        elif last != place:
            paragraphs[-1].append([])
        paragraphs[-1][-1].append(word.text)
        last = place
    return "\n\n".join("\n".join(" ".join(line) for line in lines) for lines in paragraphs)
