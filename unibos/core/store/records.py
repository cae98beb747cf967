"""Records: the verbs that make, change, delete and read them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from zlib import crc32

import msgspec

from unibos.base.clock import hlc_ms, iso
from unibos.base.errors import Conflict, NotFound, PreconditionFailed
from unibos.base.ids import made_at_ms, new_id
from unibos.core.store import search
from unibos.core.store.clocks import Clock, require_bounded, restamp, same
from unibos.core.store.drafts import Draft, check_depth
from unibos.core.store.transaction import Transaction, View

_encode = msgspec.json.encode
_decode = msgspec.json.decode


@dataclass(frozen=True, slots=True)
class Record:
    """A record as it stands; ``text`` is its data as JSON bytes."""

    collection: str
    id: str
    seq: int
    clock: Clock
    text: bytes
    deleted: bool = False
    seen: str | None = None

    @property
    def data(self) -> dict[str, Any]:
        """The data, decoded anew at each call."""
        decoded: dict[str, Any] = _decode(self.text)
        return decoded

    @property
    def etag(self) -> str:
        """Names this version of the record, on every replica (RFC 9110, section 8.8.3)."""
        merged = f"-{crc32(self.seen.encode()):x}" if self.seen else ""
        return f'"{self.clock[0]:x}-{self.clock[1][:8]}{merged}"'

    @property
    def json(self) -> bytes:
        """The record as the API gives it; the data is not decoded on the way."""
        return (
            f'{{"id":"{self.id}","collection":"{self.collection}",'
            f'"created_at":"{iso(made_at_ms(self.id))}",'
            f'"updated_at":"{iso(hlc_ms(self.clock[0]))}","data":'.encode()
            + self.text
            + b"}"
        )


@dataclass(frozen=True, slots=True)
class _Row:
    num: int
    clock: Clock
    text: str
    clocks: str | None
    deleted: bool
    seq: int
    seen: str | None


PAGE_BYTES = 8 * 1024 * 1024
"""Where a list ends early: a small board has no memory for 200 records of a mebibyte."""

COLUMNS = "collection, id, seq, hlc, origin, CAST(data AS BLOB), deleted, seen"


def from_row(row: tuple[Any, ...]) -> Record:
    """A record from a row of :data:`COLUMNS`."""
    collection, id_, seq, hlc, origin, text, deleted, seen = row
    return Record(collection, id_, seq, (hlc, origin), text, bool(deleted), seen)


def get(view: View, collection: str, id_: str) -> Record:
    """One record.

    :raises NotFound: ``record_not_found``; a deleted one is not found either.
    """
    row = view.connection.execute(
        f"SELECT {COLUMNS} FROM records"  # noqa: S608 - a constant
        " WHERE org = ? AND collection = ? AND id = ? AND deleted = 0",
        (view.org, collection, id_),
    ).fetchone()
    if row is None:
        raise _not_found(collection, id_)
    return from_row(row)


def by_key(view: View, collection: str, key: str) -> Record | None:
    """The oldest record whose collection's ``key`` field has this value."""
    row = view.connection.execute(
        f"SELECT {COLUMNS} FROM records"  # noqa: S608 - a constant
        " WHERE org = ? AND collection = ? AND key = ? AND deleted = 0 ORDER BY id LIMIT 1",
        (view.org, collection, key),
    ).fetchone()
    return from_row(row) if row else None


def create(tx: Transaction, collection: str, draft: Draft, id_: str | None = None) -> Record:
    """Make a record; without an id of its own it gets one that sorts after all earlier ones.

    :raises Conflict: ``record_exists``.
    """
    clock = tx.stamp()
    if id_ is not None and _row(tx, collection, id_) is not None:
        raise Conflict("record_exists", f"{collection} has a record {id_} already.")
    return _insert(tx, collection, id_ or new_id(clock[0]), draft, clock)


def put(
    tx: Transaction, collection: str, id_: str, draft: Draft, if_match: str | None = None
) -> tuple[Record, bool]:
    """Make the record be ``draft``; the second value tells whether it was made anew.

    Writing what stands there already changes nothing.

    :param if_match: the ``etag`` that the caller believes to be present.
    :raises PreconditionFailed: ``record_changed``.
    """
    row = _row(tx, collection, id_)
    if row is None or row.deleted:
        if if_match is not None:
            raise _changed(collection, id_)
        clock = tx.stamp()
        if row is None:
            return _insert(tx, collection, id_, draft, clock), True
        return _update(tx, collection, id_, row, draft, clock), True
    _match(row, collection, id_, if_match)
    if same(_decode(row.text), draft.fields):
        return _as_record(collection, id_, row), False
    return _update(tx, collection, id_, row, draft, tx.stamp()), False


def patch(
    tx: Transaction,
    collection: str,
    id_: str,
    changes: Mapping[str, Any],
    check: Callable[[Mapping[str, Any]], Draft],
    if_match: str | None = None,
) -> Record:
    """Merge ``changes`` into the record (RFC 7396: null removes a field).

    :param check: the collection's ``draft``.
    :raises Invalid: ``record_invalid``.
    :raises NotFound: ``record_not_found``.
    :raises PreconditionFailed: ``record_changed``.
    """
    check_depth(changes)
    row = _present(tx, collection, id_, if_match)
    present = _decode(row.text)
    merged = merge_patch(present, changes)
    if same(merged, present):
        return _as_record(collection, id_, row)
    return _update(tx, collection, id_, row, check(merged), tx.stamp())


def delete(tx: Transaction, collection: str, id_: str, if_match: str | None = None) -> None:
    """Leave a tombstone.

    :raises NotFound: ``record_not_found``.
    :raises PreconditionFailed: ``record_changed``.
    """
    row = _present(tx, collection, id_, if_match)
    hlc, origin = tx.stamp()
    seq = tx.next_seq()
    tx.connection.execute(
        "UPDATE records SET seq = ?, hlc = ?, origin = ?, data = '{}', field_clocks = NULL,"
        " key = NULL, moment = NULL, deleted = 1, via = NULL, seen = ? WHERE num = ?",
        (seq, hlc, origin, _seen(row, origin), row.num),
    )
    search.remove(tx, row.num)
    tx.changed("record", id_)


def merge_patch(target: object, changes: object) -> Any:
    """JSON Merge Patch (RFC 7396, section 2), without touching ``target``."""
    if not isinstance(changes, Mapping):
        return changes
    merged = dict(target) if isinstance(target, Mapping) else {}
    for name, value in changes.items():
        if value is None:
            merged.pop(name, None)
        else:
            merged[name] = merge_patch(merged.get(name), value)
    return merged


def _row(view: View, collection: str, id_: str) -> _Row | None:
    row = view.connection.execute(
        "SELECT num, hlc, origin, data, field_clocks, deleted, seq, seen FROM records"
        " WHERE org = ? AND collection = ? AND id = ?",
        (view.org, collection, id_),
    ).fetchone()
    if row is None:
        return None
    num, hlc, origin, text, clocks, deleted, seq, seen = row
    return _Row(num, (hlc, origin), text, clocks, bool(deleted), seq, seen)


def _present(view: View, collection: str, id_: str, if_match: str | None) -> _Row:
    row = _row(view, collection, id_)
    if row is None or row.deleted:
        raise _not_found(collection, id_)
    _match(row, collection, id_, if_match)
    return row


def _insert(tx: Transaction, collection: str, id_: str, draft: Draft, clock: Clock) -> Record:
    seq = tx.next_seq()
    cursor = tx.connection.execute(
        "INSERT INTO records (org, collection, id, seq, first_seq, hlc, origin, data, key, moment)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (tx.org, collection, id_, seq, seq, *clock, draft.text, draft.key, draft.moment),
    )
    search.add(tx, cursor.lastrowid or 0, collection, draft.words)
    tx.changed("record", id_)
    return Record(collection, id_, seq, clock, draft.text.encode())


def _update(
    tx: Transaction, collection: str, id_: str, row: _Row, draft: Draft, clock: Clock
) -> Record:
    known = {name: (at, origin) for name, (at, origin) in _decode(row.clocks or "{}").items()}
    clocks = restamp(_decode(row.text), known, row.clock, draft.fields, clock)
    seq, seen = tx.next_seq(), _seen(row, clock[1])
    stamps = _encode(clocks).decode() if clocks else None
    require_bounded(stamps, seen)
    tx.connection.execute(
        "UPDATE records SET seq = ?, hlc = ?, origin = ?, data = ?, field_clocks = ?, key = ?,"
        " moment = ?, deleted = 0, via = NULL, seen = ? WHERE num = ?",
        (seq, *clock, draft.text, stamps, draft.key, draft.moment, seen, row.num),
    )
    search.replace(tx, row.num, collection, draft.words)
    tx.changed("record", id_)
    return Record(collection, id_, seq, clock, draft.text.encode(), seen=seen)


def _seen(row: _Row, writer: str) -> str | None:
    """What a write over ``row`` knows of other instances' writes; its own clock says the rest."""
    if row.seen is None and row.clock[1] == writer:
        return None
    hlc, origin = row.clock
    seen: dict[str, int] = _decode(row.seen or "{}")
    seen[origin] = max(hlc, seen.get(origin, 0))
    seen.pop(writer, None)
    return _encode(seen, order="sorted").decode() if seen else None


def _as_record(collection: str, id_: str, row: _Row) -> Record:
    return Record(collection, id_, row.seq, row.clock, row.text.encode(), seen=row.seen)


def _match(row: _Row, collection: str, id_: str, if_match: str | None) -> None:
    if if_match is None or if_match == "*":
        return
    if if_match != _as_record(collection, id_, row).etag:
        raise _changed(collection, id_)


def _not_found(collection: str, id_: str) -> NotFound:
    return NotFound("record_not_found", f"{collection} has no record {id_[:64]!r}.")


def _changed(collection: str, id_: str) -> PreconditionFailed:
    return PreconditionFailed(
        "record_changed",
        f"{collection}/{id_} is not the version that you named.",
        hint="Read it again, apply your change to what you get, and send it with the new ETag.",
    )
