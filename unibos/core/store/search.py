"""Full-text search: one FTS5 index for all collections.

Text is folded before it is indexed and before it is asked for, so that Turkish dotted and dotless
i find each other; snippets are cut from the record itself and keep its spelling.
"""

import re
import unicodedata
from dataclasses import dataclass
from itertools import islice

from unibos.core.store.transaction import Transaction, View

_FOLD = str.maketrans({"ı": "i", "İ": "i", "ß": "s", "\0": " "})
_WORD = re.compile(r"\w+")
_MAX_WORDS = 16
_MAX_SPOTS = 1000

SNIPPET = 160


@dataclass(frozen=True, slots=True)
class Hit:
    """A record that matches; a lower ``rank`` is better."""

    collection: str
    id: str
    rank: float


def add(tx: Transaction, num: int, collection: str, words: tuple[str, str]) -> None:
    """Index a record's words; a record without any is not in the index."""
    title, body = words
    if title or body:
        tx.connection.execute(
            "INSERT INTO search (rowid, title, body, org, collection) VALUES (?, ?, ?, ?, ?)",
            (num, title.translate(_FOLD), body.translate(_FOLD), tx.org, collection),
        )


def remove(tx: Transaction, num: int) -> None:
    """Take a record out of the index."""
    tx.connection.execute("DELETE FROM search WHERE rowid = ?", (num,))


def replace(tx: Transaction, num: int, collection: str, words: tuple[str, str]) -> None:
    """Index a record's new words instead of the old; unchanged ones are not written."""
    row = tx.connection.execute("SELECT title, body FROM search WHERE rowid = ?", (num,)).fetchone()
    folded = tuple(part.translate(_FOLD) for part in words)
    if row == folded or (row is None and not any(folded)):
        return
    remove(tx, num)
    add(tx, num, collection, words)


def expression(text: str) -> str | None:
    """What FTS5 is asked for: every word, the last one also as a beginning; None without words.

    Words are quoted, so nothing that a person types is query syntax.
    """
    words = _WORD.findall(text.translate(_FOLD))[:_MAX_WORDS]
    if not words:
        return None
    quoted = [f'"{word}"' for word in words]
    quoted[-1] += "*"
    return " ".join(quoted)


def find(
    view: View, text: str, *, collection: str | None = None, limit: int = 20, offset: int = 0
) -> list[Hit]:
    """Records with all words of ``text``, best first (BM25; the title counts five times)."""
    wanted = expression(text)
    if wanted is None:
        return []
    rows = view.connection.execute(
        "SELECT r.collection, r.id, bm25(search, 5.0, 1.0) AS rank"
        " FROM search JOIN records r ON r.num = search.rowid"
        " WHERE search MATCH ? AND search.org = ? AND (? IS NULL OR search.collection = ?)"
        " ORDER BY rank, r.id DESC LIMIT ? OFFSET ?",
        (wanted, view.org, collection, collection, limit, offset),
    )
    return [Hit(*row) for row in rows]


def snippet(text: str, wanted: str) -> tuple[str, list[tuple[int, int]]]:
    """Cut the part of ``text`` that shows most of the wanted words.

    :return: the cut, and where words stand in it as (start, end) in characters.
    """
    stems = tuple({_plain(word) for word in _WORD.findall(wanted.translate(_FOLD))} - {""})
    flat = " ".join(text.split())
    found = (
        word.span()
        for word in _WORD.finditer(flat.translate(_FOLD))
        if _plain(word.group()).startswith(stems)
    )
    spots = list(islice(found, _MAX_SPOTS))
    start = _best_window(spots)
    if start > 0:
        start = flat.rfind(" ", 0, start) + 1
    cut = flat[start : start + SNIPPET]
    marks = [(a - start, b - start) for a, b in spots if a >= start and b <= start + len(cut)]
    return cut, marks


def _best_window(spots: list[tuple[int, int]]) -> int:
    """Where to cut, a little before the densest part; walks once along spots that are in order."""
    best, count, behind = 0, 0, 0
    for number, (begin, _) in enumerate(spots):
        while behind < len(spots) and spots[behind][1] <= begin + SNIPPET * 3 // 4:
            behind += 1
        if behind - number > count:
            best, count = begin, behind - number
    return max(0, best - SNIPPET // 4)


def _plain(word: str) -> str:
    """Lower case without accents, as the index sees it."""
    if word.isascii():
        return word.lower()
    parts = unicodedata.normalize("NFKD", word.casefold())
    return "".join(part for part in parts if not unicodedata.combining(part))
