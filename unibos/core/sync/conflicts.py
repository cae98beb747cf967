"""What lost a merge, brought back or let go by a person."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from unibos.base.errors import NotFound
from unibos.core.store import collections, conflicts, pending_blobs, records
from unibos.core.store.conflicts import Entry
from unibos.core.store.definitions import Strategy
from unibos.core.store.records import Record
from unibos.core.store.transaction import Transaction, View


@dataclass(frozen=True, slots=True)
class Shown:
    """An entry beside the record as it stands now.

    :param lost: the losing values.
    :param present: the record's data; None where it is deleted.
    """

    entry: Entry
    lost: Mapping[str, Any]
    present: Mapping[str, Any] | None


def show(view: View, num: int) -> Shown:
    """One entry, with what there is to compare it with.

    :raises NotFound: ``conflict_not_found``.
    """
    entry = conflicts.get(view, num)
    return Shown(entry, conflicts.fields(view, num), _present(view, entry))


def restore(tx: Transaction, num: int) -> Record:
    """Write what lost as an ordinary new write, and close the entry.

    By the strategy ``fields`` those fields are set and the others stay; by any other the whole
    record becomes what lost. A deleted record comes back.

    :raises NotFound: ``conflict_not_found``, ``collection_not_found``.
    :raises Invalid: ``record_invalid``, where the schema does not allow it any more.
    :raises TooLarge: ``record_too_large``.
    """
    shown = show(tx, num)
    entry, before = shown.entry, shown.present
    collection = collections.get(tx, entry.collection)
    kept = before or {} if entry.strategy is Strategy.FIELDS else {}
    draft = collection.draft({**kept, **shown.lost})
    record, _ = records.put(tx, entry.collection, entry.record, draft)
    pending_blobs.follow(tx, collection, entry.record, before, draft.fields)
    conflicts.remove(tx, num)
    return record


def discard(tx: Transaction, num: int) -> None:
    """Let what lost be lost, and close the entry.

    :raises NotFound: ``conflict_not_found``.
    """
    conflicts.get(tx, num)
    conflicts.remove(tx, num)


def _present(view: View, entry: Entry) -> Mapping[str, Any] | None:
    try:
        return records.get(view, entry.collection, entry.record).data
    except NotFound:
        return None
