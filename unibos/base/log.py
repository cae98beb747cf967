"""Logging: one line an event for people or machines; for the journal one entry with fields.

Modules use the standard library: ``logging.getLogger(__name__).info("listening",
extra={"address": "http://…"})``. The fields of ``extra`` become ``key=value`` in text and members
in JSON (names of ``LogRecord`` attributes such as ``name`` or ``filename`` are refused by it).

What came from outside can't forge a line: control characters are escaped. Secrets are masked by
the names that they go under. An exception stays on its line, the innermost frame first; only a
terminal gets the usual traceback below it.
"""

import json
import logging
import os
import re
import sys
import traceback
import unicodedata
from collections.abc import Mapping
from datetime import datetime
from types import TracebackType
from typing import Any, Literal, TextIO

from unibos.base.clock import iso

Format = Literal["auto", "text", "json"]
HIDDEN = "•••"

_HIDE = r"password|passwd|token|secret|setup_code|authorization|cookie"
_HIDDEN_KEY = re.compile(_HIDE, re.IGNORECASE)
# name=value anywhere, "name": "value" as JSON and repr() write it, and the header's own form.
_HIDDEN_IN_TEXT = re.compile(
    rf"""(\b\w*(?:{_HIDE})\w*(?:\s*=\s*|["']\s*:\s*)["']?|\bauthorization:\s*|\bbearer\s+)"""
    r"""(?:bearer\s+|basic\s+)?[^\s"',;&)}\]]+""",
    re.IGNORECASE,
)
_OWN_ATTRIBUTES = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime"}
_FRAMES = 6
# sd-daemon(3): the priorities of syslog.
_PRIORITIES = {logging.DEBUG: 7, logging.INFO: 6, logging.WARNING: 4, logging.ERROR: 3}
_COLOURS = {
    logging.DEBUG: "2",
    logging.WARNING: "33",
    logging.ERROR: "31",
    logging.CRITICAL: "1;31",
}


def start(
    level: str = "info",
    format: Format = "auto",
    stream: TextIO | None = None,
    environ: Mapping[str, str] | None = None,
) -> None:
    """Send all log events of this process to one stream, in place of an earlier start's.

    :param level: ``debug``, ``info``, ``warning`` or ``error``.
    :param format: ``auto`` is text, and fields of their own where the journal takes them; as
        lines the journal gets priority prefixes in either format.
    :param stream: standard error when absent.
    """
    stream = stream or sys.stderr
    journal = is_journal(stream, os.environ if environ is None else environ)
    formatter = JsonLine(journal=journal) if format == "json" else _text(stream, journal=journal)
    handler: logging.Handler = logging.StreamHandler(stream)
    handler.setFormatter(formatter)
    if journal and format == "auto":
        handler = _with_fields(handler)
    handler.set_name("unibos")
    root = logging.getLogger()
    for earlier in [one for one in root.handlers if one.get_name() == "unibos"]:
        root.removeHandler(earlier)
        earlier.close()
    root.addHandler(handler)
    root.setLevel(level.upper())


def is_journal(stream: TextIO, environ: Mapping[str, str]) -> bool:
    """Whether a stream goes to the journal (systemd.exec(5), ``JOURNAL_STREAM``)."""
    try:
        status = os.fstat(stream.fileno())
    except (OSError, ValueError):
        return False
    return environ.get("JOURNAL_STREAM") == f"{status.st_dev}:{status.st_ino}"


def escaped(text: str) -> str:
    """Text without characters that could end a line, steer a terminal or reorder what is read."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(char if _harmless(char) else _code(char) for char in text)


def masked(value: object, key: str = "") -> Any:
    """A field's value with everything hidden that goes under a secret's name, at any depth."""
    if _HIDDEN_KEY.search(key):
        return HIDDEN
    if isinstance(value, Mapping):
        return {str(name): masked(inner, str(name)) for name, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [masked(inner) for inner in value]
    if value is None or isinstance(value, bool | int | float):
        return value
    return _HIDDEN_IN_TEXT.sub(rf"\1{HIDDEN}", str(value))


class JsonLine(logging.Formatter):
    """One JSON object per event: ``time`` (UTC), ``level``, ``logger``, ``message``, fields."""

    def __init__(self, *, journal: bool) -> None:
        super().__init__()
        self._journal = journal

    def format(self, record: logging.LogRecord) -> str:
        """The event as one line."""
        line = _fields(record) | {
            "time": iso(int(record.created * 1000)),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": masked(record.getMessage()),
        }
        if record.exc_info and record.exc_info[1]:
            line["error"] = _summary(record.exc_info[1])
            line["at"] = _frames(record.exc_info[2])
        # Pure ASCII: nothing in it can break a line or a terminal.
        return _prefix(record, journal=self._journal) + json.dumps(line, default=str)


class TextLine(logging.Formatter):
    """One line of text per event; on a terminal with colours and a traceback below."""

    def __init__(self, *, journal: bool, terminal: bool) -> None:
        super().__init__()
        self._journal = journal
        self._terminal = terminal

    def format(self, record: logging.LogRecord) -> str:
        """The event as one line, or several on a terminal."""
        line = self._head(record) + self.words(record)
        error = record.exc_info[1] if record.exc_info else None
        if error and self._terminal:
            line += "\n" + _traceback(error)
        return line

    def words(self, record: logging.LogRecord) -> str:
        """What happened and its fields, without when and where."""
        fields = _told(record)
        if self._terminal:
            # It stands below, whole.
            fields.pop("at", None)
        words = [escaped(str(masked(record.getMessage())))]
        words += [f"{escaped(key)}={_quoted(value)}" for key, value in fields.items()]
        return " ".join(words)

    def _head(self, record: logging.LogRecord) -> str:
        if self._journal:
            return f"{_prefix(record, journal=True)}{record.name}: "
        moment = datetime.fromtimestamp(record.created).astimezone()
        if not self._terminal:
            return f"{moment.isoformat(timespec='milliseconds')} {record.levelname} {record.name}: "
        level = f"{record.levelname:<8}"
        if record.levelno in _COLOURS:
            level = f"\x1b[{_COLOURS[record.levelno]}m{level}\x1b[0m"
        return f"\x1b[2m{moment:%H:%M:%S}\x1b[0m {level} \x1b[2m{record.name}:\x1b[0m "


def _with_fields(lines: logging.Handler) -> logging.Handler:
    """The journal's own way in, or lines where it has none."""
    from unibos.base import journal

    try:
        return journal.JournalHandler(journal.Journal(journal.SOCKET), journal_fields, lines)
    except OSError:
        return lines


def journal_fields(record: logging.LogRecord) -> dict[str, str]:
    """An event as systemd.journal-fields(7) names its parts; ours begin with ``UNIBOS_``."""
    from unibos.base.journal import IDENTIFIER, own

    said = TextLine(journal=False, terminal=False).words(record)
    fields = {
        "MESSAGE": f"{record.name}: {said}",
        "PRIORITY": str(_PRIORITIES.get(record.levelno, 2)),
        "SYSLOG_IDENTIFIER": IDENTIFIER,
        "CODE_FILE": record.pathname,
        "CODE_LINE": str(record.lineno),
        "CODE_FUNC": record.funcName,
        own("logger"): record.name,
    }
    for key, value in _told(record).items():
        text = value if isinstance(value, str) else json.dumps(value, default=str)
        fields[own(key)] = escaped(text)
    return fields


def _text(stream: TextIO, *, journal: bool) -> TextLine:
    return TextLine(journal=journal, terminal=not journal and stream.isatty())


def _fields(record: logging.LogRecord) -> dict[str, Any]:
    own = {key: value for key, value in vars(record).items() if key not in _OWN_ATTRIBUTES}
    return {key: masked(value, key) for key, value in own.items()}


def _told(record: logging.LogRecord) -> dict[str, Any]:
    """The fields of an event, with its exception."""
    fields = _fields(record)
    if record.exc_info and record.exc_info[1]:
        fields |= {"error": _summary(record.exc_info[1]), "at": _frames(record.exc_info[2])}
    return fields


def _prefix(record: logging.LogRecord, *, journal: bool) -> str:
    return f"<{_PRIORITIES.get(record.levelno, 2)}>" if journal else ""


def _quoted(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value, default=str, ensure_ascii=False)
    if text and not re.search(r'[\s"=]', text):
        return escaped(text)
    return '"' + escaped(text.replace("\\", "\\\\").replace('"', '\\"')) + '"'


def _summary(error: BaseException) -> str:
    """Type and message of an error and of what led to it."""
    said: list[str] = []
    cause: BaseException | None = error
    while cause is not None and len(said) < 4:
        said.append(f"{type(cause).__name__}: {cause}" if str(cause) else type(cause).__name__)
        cause = cause.__cause__ or (None if cause.__suppress_context__ else cause.__context__)
    return str(masked(" < ".join(said)))


def _frames(trace: TracebackType | None) -> str:
    frames = traceback.extract_tb(trace)[-_FRAMES:]
    places = [f"{'/'.join(f.filename.split('/')[-2:])}:{f.lineno} {f.name}" for f in frames]
    return " < ".join(reversed(places))


def _traceback(error: BaseException) -> str:
    text = "".join(traceback.format_exception(error)).rstrip("\n")
    return "\n".join("    " + escaped(line) for line in str(masked(text)).split("\n"))


def _harmless(char: str) -> bool:
    # Control, format (bidirectional overrides), surrogate, line and paragraph separator.
    return unicodedata.category(char) not in {"Cc", "Cf", "Cs", "Zl", "Zp"}


def _code(char: str) -> str:
    short = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}.get(char)
    number = ord(char)
    return short or (f"\\x{number:02x}" if number < 256 else f"\\u{number:04x}")
