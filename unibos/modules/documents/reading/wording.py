"""Finding known words in text that OCR may have spelt wrong (``TOTAI``, ``T0TAL``, ``Summ e``).

Text and keywords are both brought to a *skeleton*: lower case, no accents, and every group of look
-alikes (0 O, 1 l I |, 5 S, 8 B) as one letter. Long words may then still differ by one letter.
"""

import functools
import re
from collections.abc import Iterable

from unibos.modules.documents.reading.language import fold

_ALIKE = str.maketrans(
    {"0": "o", "1": "i", "l": "i", "|": "i", "!": "i", "5": "s", "8": "b", "$": "s"}
)
_FORGIVING = 5


@functools.lru_cache(maxsize=4096)
def skeleton(text: str) -> tuple[str, ...]:
    """The words of a text, look-alikes made equal."""
    return tuple(re.findall(r"[a-z]+", fold(text).translate(_ALIKE).replace("'", "")))


def mentions(text: str, phrases: Iterable[str]) -> bool:
    """Tell whether a text holds one of the phrases as whole words, small errors forgiven."""
    words = skeleton(text)
    return any(_stands_in(words, skeleton(phrase)) for phrase in phrases)


def _stands_in(words: tuple[str, ...], wanted: tuple[str, ...]) -> bool:
    first = wanted[0]
    length = len(first)
    for start, word in enumerate(words):
        # Lengths are compared here because nearly all words fail at that.
        if word == first or (
            length >= _FORGIVING and -1 <= len(word) - length <= 1 and alike(word, first)
        ):
            following = words[start + 1 : start + len(wanted)]
            if len(following) == len(wanted) - 1 and all(map(alike, following, wanted[1:])):
                return True
    return False


def alike(word: str, wanted: str) -> bool:
    """Equal, or for words of five and more letters one wrong, missing or additional letter."""
    if word == wanted:
        return True
    if len(wanted) < _FORGIVING or abs(len(word) - len(wanted)) > 1:
        return False
    start = 0
    while start < min(len(word), len(wanted)) and word[start] == wanted[start]:
        start += 1
    rest, wanted_rest = word[start:], wanted[start:]
    return rest[1:] == wanted_rest[1:] or rest == wanted_rest[1:] or rest[1:] == wanted_rest
