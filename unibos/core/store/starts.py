"""Starts: which start of the process gave which values of ``seq``.

Whoever restores or copies a database starts a process with it, and that one gives values of ``seq``
that were given before. Each start has a name of its own, so it shows: the same value under another
name is another change. The name is written with the first change of a start, so one without changes
writes nothing.
"""

import secrets
import sqlite3
from bisect import bisect_right
from typing import Final

MOST: Final = 256
"""Of older starts it is not known any more who gave what."""


class Starts:
    """The starts of this database that gave a ``seq``, this one included.

    :param seq: the highest ``seq`` that was given before this start.
    """

    def __init__(self, connection: sqlite3.Connection, seq: int) -> None:
        rows = connection.execute("SELECT first_seq, name FROM starts ORDER BY first_seq")
        known = [*rows, (seq + 1, secrets.token_urlsafe(6))]
        self._firsts = [first for first, _ in known]
        self._names = [name for _, name in known]
        self._noted = False

    def of(self, seq: int) -> str:
        """The name of the start that gave a ``seq``; empty where it is not known."""
        place = bisect_right(self._firsts, seq)
        return self._names[place - 1] if place else ""

    def keep(self, connection: sqlite3.Connection, seq: int) -> None:
        """Write this start down once it has given a ``seq``, in the transaction that does.

        :param seq: the highest that was given.
        """
        first = self._firsts[-1]
        if self._noted or seq < first:
            return
        # Not from memory: the transaction in which it was written may have been lost.
        if connection.execute("SELECT 1 FROM starts WHERE first_seq = ?", (first,)).fetchone():
            self._noted = True
            return
        connection.execute("INSERT INTO starts VALUES (?, ?)", (first, self._names[-1]))
        connection.execute(
            "DELETE FROM starts WHERE first_seq NOT IN"
            " (SELECT first_seq FROM starts ORDER BY first_seq DESC LIMIT ?)",
            (MOST,),
        )
