"""Events as the journal keeps them: each with fields of its own, not with words in a line.

systemd's native protocol (https://systemd.io/JOURNAL_NATIVE_PROTOCOL/): one datagram an event.
"""

import logging
import re
import socket
from collections.abc import Callable, Mapping
from pathlib import Path

SOCKET = Path("/run/systemd/journal/socket")
IDENTIFIER = "unibos"
_LONGEST = 48 * 1024
"""Bytes of a field, so that a datagram fits into a socket's buffer, whatever was logged."""

Fields = Callable[[logging.LogRecord], Mapping[str, str]]


class Journal:
    """A connection to the journal.

    :raises OSError: nobody listens.
    """

    def __init__(self, path: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
        try:
            self._socket.connect(str(path))
        except OSError:
            self._socket.close()
            raise

    def send(self, fields: Mapping[str, str]) -> None:
        """Hand over one event.

        :raises OSError: the journal does not take it.
        """
        self._socket.send(b"".join(_field(name, text) for name, text in fields.items()))

    def close(self) -> None:
        """Let go of it."""
        self._socket.close()


def own(key: str) -> str:
    """The journal's name for a field of ours: upper case, and none that the journal sets itself."""
    return "UNIBOS_" + re.sub(r"[^A-Z0-9]", "_", key.upper())[:50]


def _field(name: str, text: str) -> bytes:
    value = text.encode(errors="replace")[:_LONGEST]
    if b"\n" not in value:
        return b"%s=%s\n" % (name.encode(), value)
    # Several lines: the length goes ahead, so nothing in a value can begin another field.
    return b"%s\n%s%s\n" % (name.encode(), len(value).to_bytes(8, "little"), value)


class JournalHandler(logging.Handler):
    """Sends events to the journal; what it does not take goes to another handler.

    :param fields: what an event is made of, for the journal.
    :param fallback: such as the line on standard error, which reaches the journal, too.
    """

    def __init__(self, journal: Journal, fields: Fields, fallback: logging.Handler) -> None:
        super().__init__()
        self._journal = journal
        self._fields = fields
        self._fallback = fallback

    def emit(self, record: logging.LogRecord) -> None:
        """Send one event."""
        try:
            self._journal.send(self._fields(record))
        except OSError:
            self._fallback.handle(record)

    def close(self) -> None:
        """Let go of the journal."""
        self._journal.close()
        super().close()
