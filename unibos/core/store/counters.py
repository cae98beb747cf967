"""The replica's counter and its newest clock reading, kept in the database with the rows."""

import sqlite3


def newest(connection: sqlite3.Connection) -> int:
    """The newest clock reading that was committed; 0 when nothing was stamped yet."""
    return _read(connection)[1]


def _read(connection: sqlite3.Connection) -> tuple[int, int]:
    row = connection.execute("SELECT value FROM meta WHERE key = 'counters'").fetchone()
    seq, hlc = (int(part) for part in row[0].split()) if row else (0, 0)
    return seq, hlc


class Counters:
    """``seq`` and ``hlc`` as of the last row written; kept once for each group commit."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.seq, self.hlc = _read(connection)
        self._kept = (self.seq, self.hlc)

    def keep(self, connection: sqlite3.Connection) -> None:
        """Write them down if they moved; the last statement of every transaction."""
        now = (self.seq, self.hlc)
        if now != self._kept:
            connection.execute(
                "INSERT INTO meta (key, value) VALUES ('counters', ?)"
                " ON CONFLICT (key) DO UPDATE SET value = excluded.value",
                (f"{self.seq} {self.hlc}",),
            )
            self._kept = now
