"""Records as replicas give them to each other: whole states, in the order of ``seq``.

``via`` is the peer that delivered the present state, so that it is not sent back to it.
``first_seq`` is when the record came here first, and ``first_via`` who brought it then: a deletion
goes to who has been told as much, or told it. ``first_seq`` 0: everybody may have the record.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from unibos.core.store import pending_blobs, search
from unibos.core.store.clocks import Clock, authors_of, require_bounded
from unibos.core.store.definitions import Collection
from unibos.core.store.drafts import Draft
from unibos.core.store.transaction import Transaction, View
from unibos.core.store.versions import Version

_encode = msgspec.json.encode
_decode = msgspec.json.decode


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A record's state as it may go out; ``data``, ``clocks`` and ``seen`` are JSON texts.

    :param data: None: deleted.
    """

    seq: int
    id: str
    clock: Clock
    data: str | None
    clocks: str | None
    seen: str | None
    first_seq: int
    first_via: int | None

    @property
    def size(self) -> int:
        """About how many bytes it takes on the way."""
        return 120 + sum(_size(text) for text in (self.data, self.clocks, self.seen) if text)

    def authors(self) -> set[str]:
        """All instances that wrote something that is present in it."""
        return authors_of((self.clock, *_clocks(self.clocks).values()))


@dataclass(frozen=True, slots=True)
class Stored:
    """A record's state as it stands here."""

    num: int
    seq: int
    via: int | None
    first_seq: int
    first_via: int | None
    version: Version


def outgoing(
    view: View, collection: str, after: int, limit: int, not_via: int | None = None
) -> Iterator[Outgoing]:
    """What changed after ``after``, oldest first, without what the peer ``not_via`` delivered."""
    rows = view.connection.execute(
        "SELECT seq, id, hlc, origin, data, field_clocks, seen, first_seq, first_via,"
        " deleted FROM records"
        " WHERE org = ? AND collection = ? AND seq > ? AND (via IS NULL OR via IS NOT ?)"
        " ORDER BY seq LIMIT ?",
        (view.org, collection, after, not_via, limit),
    )
    for seq, id_, hlc, origin, data, clocks, seen, first_seq, first_via, deleted in rows:
        present = None if deleted else data
        yield Outgoing(seq, id_, (hlc, origin), present, clocks, seen, first_seq, first_via)


def find(view: View, collection: str, id_: str) -> Stored | None:
    """A record's state, deleted or not."""
    row = view.connection.execute(
        "SELECT num, seq, via, first_seq, first_via, hlc, origin, data, field_clocks, seen, deleted"
        " FROM records"
        " WHERE org = ? AND collection = ? AND id = ?",
        (view.org, collection, id_),
    ).fetchone()
    if row is None:
        return None
    num, seq, via, first_seq, first_via, hlc, origin, data, clocks, seen, deleted = row
    version = Version(
        (hlc, origin),
        None if deleted else _decode(data),
        _clocks(clocks),
        _decode(seen) if seen else {},
    )
    return Stored(num, seq, via, first_seq, first_via, version)


def keep(
    tx: Transaction,
    collection: Collection,
    id_: str,
    version: Version,
    draft: Draft | None,
    present: Stored | None,
    via: int | None,
) -> int:
    """Let a record be what a merge made of it; its new ``seq``.

    :param draft: the version's data, checked; None for a deletion.
    :param present: what stands here now.
    :param via: the peer that has exactly this state; None: there is more in it than any sent.
    :raises TooLarge: ``record_too_large``, for all that it remembers of its writes.
    """
    history = _history(version)
    seq = tx.next_seq()
    values = (
        seq,
        *version.clock,
        draft.text if draft else "{}",
        *history,
        *((draft.key, draft.moment) if draft else (None, None)),
        draft is None,
        via,
    )
    if present is None:
        cursor = tx.connection.execute(
            "INSERT INTO records (seq, hlc, origin, data, field_clocks, seen, key, moment,"
            " deleted, via, first_seq, first_via, org, collection, id)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (*values, seq, via, tx.org, collection.name, id_),
        )
        if draft is not None:
            search.add(tx, cursor.lastrowid or 0, collection.name, draft.words)
    else:
        tx.connection.execute(
            "UPDATE records SET seq = ?, hlc = ?, origin = ?, data = ?, field_clocks = ?, seen = ?,"
            " key = ?, moment = ?, deleted = ?, via = ? WHERE num = ?",
            (*values, present.num),
        )
        if draft is not None:
            search.replace(tx, present.num, collection.name, draft.words)
        else:
            search.remove(tx, present.num)
    before = present.version.fields if present else None
    pending_blobs.follow(tx, collection, id_, before, draft.fields if draft else None)
    tx.changed("record", id_)
    return seq


def send_again(tx: Transaction, num: int) -> None:
    """Have a record's state go out anew, to everybody, a deletion too: somebody showed that they
    do not have it."""
    tx.connection.execute(
        "UPDATE records SET seq = ?, via = NULL, first_seq = 0 WHERE num = ?",
        (tx.next_seq(), num),
    )


def known_to(tx: Transaction, present: Stored, peer: int) -> None:
    """A peer showed that it has the record, so a later deletion must go to it, too."""
    if present.first_seq and present.first_via != peer:
        tx.connection.execute("UPDATE records SET first_seq = 0 WHERE num = ?", (present.num,))


def remove(tx: Transaction, collection: Collection, id_: str, present: Stored) -> None:
    """Have a record no more, without a trace: it was withdrawn, which is no deletion."""
    tx.connection.execute("DELETE FROM records WHERE num = ?", (present.num,))
    search.remove(tx, present.num)
    pending_blobs.follow(tx, collection, id_, present.version.fields, None)
    tx.changed("record", id_)


def by_id(view: View, collection: str, after: str, limit: int) -> Iterator[Outgoing]:
    """Records' states, their data left empty, in the order of ids, behind ``after``."""
    rows = view.connection.execute(
        "SELECT seq, id, hlc, origin, field_clocks, first_seq, first_via, deleted FROM records"
        " WHERE org = ? AND collection = ? AND id > ? ORDER BY id LIMIT ?",
        (view.org, collection, after, limit),
    )
    for seq, id_, hlc, origin, clocks, first_seq, first_via, deleted in rows:
        data = None if deleted else ""
        yield Outgoing(seq, id_, (hlc, origin), data, clocks, None, first_seq, first_via)


def newer(view: View, collection: str, after: int, not_via: int) -> bool:
    """Whether something changed after ``after`` that the peer ``not_via`` did not deliver."""
    found = view.connection.execute(
        "SELECT 1 FROM records WHERE org = ? AND collection = ? AND seq > ?"
        " AND (via IS NULL OR via <> ?) LIMIT 1",
        (view.org, collection, after, not_via),
    )
    return found.fetchone() is not None


def head(view: View, collection: str) -> int:
    """The ``seq`` of a collection's newest change; 0 when it has none."""
    (seq,) = view.connection.execute(
        "SELECT coalesce(max(seq), 0) FROM records WHERE org = ? AND collection = ?",
        (view.org, collection),
    ).fetchone()
    return int(seq)


def _history(version: Version) -> tuple[str | None, str | None]:
    """Field clocks, and what was seen, as JSON."""
    texts = [
        _encode(stamps, order="sorted").decode() if stamps else None
        for stamps in (version.clocks, version.seen)
    ]
    require_bounded(*texts)
    return texts[0], texts[1]


def _size(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode())


def _clocks(text: str | None) -> Mapping[str, Clock]:
    if text is None:
        return {}
    stamps: dict[str, Any] = _decode(text)
    return {field: (hlc, origin) for field, (hlc, origin) in stamps.items()}
