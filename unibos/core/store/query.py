"""Lists of records: filter, sort and page, compiled to SQL with every value bound.

A filter is ``FIELD OP VALUE``: ``total>=10``, ``fields.merchant~lidl``, ``tags:food``. Operators:
``=`` ``!=`` ``>`` ``>=`` ``<`` ``<=``, ``~`` (contains; the case of a to z does not matter),
``:`` (a list has it). A value is read as JSON where it is JSON, otherwise as text. Fields are
dotted paths into the data, or ``id``, ``created_at``, ``updated_at``; a time stands for its whole
millisecond, and is in UTC where it names no zone.
"""

import re
from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from unibos.base.base64url import base64url, from_base64url
from unibos.base.clock import COUNTER_BITS
from unibos.base.errors import Invalid, NotFound
from unibos.core.store import collections, search
from unibos.core.store.paging import cursor_invalid
from unibos.core.store.records import COLUMNS, PAGE_BYTES, Record, from_row
from unibos.core.store.transaction import View

MAX_FILTERS = 10
Own = Mapping[str, str]
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FILTER = re.compile(r"([A-Za-z_][\w-]*(?:\.[\w-]+)*)\s*(!=|>=|<=|=|>|<|~|:)\s*(.*)", re.DOTALL)
_PATH = re.compile(r"[A-Za-z_][\w-]*(?:\.[\w-]+)*")


@dataclass(frozen=True, slots=True)
class Query:
    """What to list. ``sort`` is a field, with ``-`` in front for the largest first."""

    filters: tuple[str, ...] = ()
    sort: str = "-created_at"
    limit: int = 50
    cursor: str | None = None
    words: str | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """Records, and the cursor of the next page or None; large records make a page shorter."""

    items: list[Record]
    next: str | None


def page(view: View, collection: str, query: Query) -> Page:
    """One page of a collection.

    :raises Invalid: ``filter_invalid``, ``sort_invalid``, ``cursor_invalid``.
    """
    where = ["org = ?", "collection = ?", "deleted = 0"]
    values: list[Any] = [view.org, collection]
    own = _own_columns(view, collection)
    if len(query.filters) > MAX_FILTERS:
        raise Invalid("filter_invalid", f"At most {MAX_FILTERS} filters.")
    for text in query.filters:
        clause, bound = _filter(own, text)
        where.append(clause)
        values += bound
    if query.words is not None:
        where.append("num IN (SELECT rowid FROM search WHERE search MATCH ? AND org = ?)")
        values += [search.expression(query.words) or '""', view.org]
    key, key_values, descending = _sort(own, query.sort)
    if query.cursor is not None:
        clause, bound = _after(query, key, key_values, descending=descending)
        where.append(clause)
        values += bound
    order = "DESC" if descending else "ASC"
    ordered = f"id {order}" if key == "id" else f"{key} {order}, id {order}"
    found = view.connection.execute(
        f"SELECT {COLUMNS}, {key} FROM records WHERE {' AND '.join(where)}"  # noqa: S608 - built here from constants; all values are bound
        f" ORDER BY {ordered} LIMIT ?",
        [*key_values, *values, *([] if key == "id" else key_values), query.limit + 1],
    )
    with closing(found) as rows:
        return _page(rows, query)


def _page(rows: Iterable[tuple[Any, ...]], query: Query) -> Page:
    items: list[Record] = []
    size, last = 0, None
    for row in rows:
        if len(items) == query.limit or size >= PAGE_BYTES:
            return Page(items, _cursor(query.sort, last, items[-1].id))
        items.append(from_row(row[:-1]))
        size += len(items[-1].text)
        last = row[-1]
    return Page(items, None)


def _own_columns(view: View, collection: str) -> Own:
    """The fields that have a column of their own, each with its index, by which the collection's
    records are found or listed fast."""
    try:
        found = collections.get(view, collection)
    except NotFound:
        return {}
    own = {found.key: "key", found.moment: "moment"}
    return {field: column for field, column in own.items() if field is not None}


def _column(own: Own, path: str) -> tuple[str, list[Any]]:
    """The SQL for a field, and what it binds."""
    if path in ("id", "created_at"):
        return "id", []
    if path == "updated_at":
        return "hlc", []
    if path in own:
        return own[path], []
    quoted = ".".join(f'"{part}"' for part in path.split("."))
    return "json_extract(data, ?)", [f"$.{quoted}"]


def _filter(own: Own, text: str) -> tuple[str, list[Any]]:
    found = _FILTER.fullmatch(text)
    if found is None:
        raise Invalid(
            "filter_invalid",
            f"{text[:100]!r} is not a filter.",
            hint="Write FIELD OP VALUE, such as total>=10 or tags:food.",
        )
    path, operator, raw = found.groups()
    if path in ("created_at", "updated_at"):
        return _by_time(own, path, operator, raw)
    value = _value(raw)
    column, bound = _column(own, path)
    if operator == "~":
        return f"instr(lower({column}), lower(?)) > 0", [*bound, raw]
    if operator == ":":
        where = "EXISTS (SELECT 1 FROM json_each(data, ?) WHERE value = ?)"
        if not bound:
            raise Invalid("filter_invalid", f"{path} is not a list.")
        return where, [*bound, value]
    if value is None and operator in ("=", "!="):
        return f"{column} IS {'NOT ' if operator == '!=' else ''}NULL", bound
    if operator == "!=":
        return f"{column} IS NOT ?", [*bound, value]
    return f"{column} {operator} ?", [*bound, value]


def _value(raw: str) -> Any:
    try:
        value = msgspec.json.decode(raw)
    except (msgspec.DecodeError, RecursionError, UnicodeEncodeError):
        return raw
    if isinstance(value, dict | list):
        raise Invalid(
            "filter_invalid", "A filter's value is a text, a number, true, false or null."
        )
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        return float(value)
    return value


def _by_time(own: Own, path: str, operator: str, raw: str) -> tuple[str, list[Any]]:
    ms = _moment(raw)
    column, begin, end = _column(own, path)[0], _reading(path, ms), _reading(path, ms + 1)
    if operator in ("=", "!="):
        no = "NOT " if operator == "!=" else ""
        return f"{no}({column} >= ? AND {column} < ?)", [begin, end]
    if operator in (">", "<="):
        return f"{column} {'>=' if operator == '>' else '<'} ?", [end]
    if operator in (">=", "<"):
        return f"{column} {operator} ?", [begin]
    raise Invalid("filter_invalid", f"{path} is a time: it takes = != > >= < and <=.")


def _reading(path: str, ms: int) -> Any:
    """The least that the column holds at this time: a clock's reading, or an id's beginning."""
    if path == "updated_at":
        return ms << COUNTER_BITS
    text = f"{ms:012x}"
    return f"{text[:8]}-{text[8:]}"


def _moment(raw: str) -> int:
    """A time in milliseconds since 1970."""
    try:
        moment = datetime.fromisoformat(raw)
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        ms = (moment - _EPOCH) // timedelta(milliseconds=1)
    except (ValueError, OverflowError):
        raise Invalid(
            "filter_invalid",
            f"{raw[:50]!r} is not a time.",
            hint="Write it as 2026-01-31T12:00:00Z.",
        ) from None
    # Above, the clock's reading would be more than SQLite's integers hold.
    if not 0 <= ms < (1 << 47) - 1:
        raise Invalid("filter_invalid", f"{raw[:50]!r} is out of range.")
    return ms


def _sort(own: Own, text: str) -> tuple[str, list[Any], bool]:
    descending = text.startswith("-")
    path = text.removeprefix("-")
    if _PATH.fullmatch(path) is None:
        raise Invalid(
            "sort_invalid",
            f"{text[:100]!r} is not a field to sort by.",
            hint="Write a field, with - in front for the largest first.",
        )
    column, bound = _column(own, path)
    return column, bound, descending


def _cursor(sort: str, value: object, id_: str) -> str:
    return base64url(msgspec.json.encode([sort, value, id_]))


def _after(
    query: Query, key: str, key_values: list[Any], *, descending: bool
) -> tuple[str, list[Any]]:
    """The clause for what comes after the cursor; SQLite puts null before everything."""
    value, id_ = _read_cursor(query)
    sign = "<" if descending else ">"
    if key == "id":
        return f"id {sign} ?", [id_]
    same = f"({key} IS ? AND id {sign} ?)"
    bound = [*key_values, value, id_]
    if value is None:
        if descending:
            return same, bound
        return f"({same} OR {key} IS NOT NULL)", [*bound, *key_values]
    if descending:
        return f"({same} OR {key} < ? OR {key} IS NULL)", [
            *bound,
            *key_values,
            value,
            *key_values,
        ]
    return f"({same} OR {key} > ?)", [*bound, *key_values, value]


def _read_cursor(query: Query) -> tuple[Any, str]:
    text = query.cursor or ""
    try:
        sort, value, id_ = msgspec.json.decode(from_base64url(text), type=tuple[str, Any, str])
        if sort == query.sort and not isinstance(value, dict | list):
            return _value(msgspec.json.encode(value).decode()), id_
    except ValueError:
        pass
    raise cursor_invalid()


def count_by(view: View, collection: str, path: str) -> dict[str, int]:
    """How many records have each value of a field; those without it under an empty text."""
    column, bound = _column(_own_columns(view, collection), path)
    rows = view.connection.execute(
        f"SELECT coalesce({column}, ''), count(*) FROM records"  # noqa: S608 - built from constants
        " WHERE org = ? AND collection = ? AND deleted = 0 GROUP BY 1",
        [*bound, view.org, collection],
    )
    return {str(value): count for value, count in rows}
