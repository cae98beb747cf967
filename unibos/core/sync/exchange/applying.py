"""Changes from a peer become records: checked on a thread, then merged in one transaction.

The checkpoint is written in that transaction: a batch is taken whole, and known to be taken, or not
at all. A change that cannot be taken now goes to the quarantine and does not hold the others up.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from unibos.base.clock import hlc_ms, iso
from unibos.base.errors import Error, Invalid, Malformed, TooLarge
from unibos.base.ids import is_id
from unibos.core.store import conflicts, peers, quarantine, replication
from unibos.core.store.clocks import same
from unibos.core.store.definitions import Collection, Strategy
from unibos.core.store.drafts import Draft
from unibos.core.store.peers import Peer
from unibos.core.store.replication import Stored
from unibos.core.store.system import reach
from unibos.core.store.transaction import Transaction
from unibos.core.store.versions import Version
from unibos.core.sync import export
from unibos.core.sync.exchange.messages import Change
from unibos.core.sync.local import FUTURE_MS, Local
from unibos.core.sync.merge import Lost, Merged, merge, surely_knows


@dataclass(slots=True)
class Applied:
    """What became of a batch.

    :param before: the collection's head before it, and ``head`` after it.
    :param kept: how many records changed here.
    :param exact: whether all that changed is now exactly as the peer has it.
    """

    before: int
    head: int = 0
    kept: int = 0
    conflicts: int = 0
    quarantined: int = 0
    exact: bool = True


@dataclass(frozen=True, slots=True)
class _Checked:
    """A change, and its data as a draft; or why it cannot be taken, and when to try again."""

    change: Change
    version: Version
    draft: Draft | None
    error: Error | None = None
    due: int | None = None


Also = Callable[[Transaction, Applied], None]
Still = Callable[[Transaction, Change], bool]


async def apply(
    local: Local,
    org: str,
    peer: Peer,
    collection: Collection,
    changes: Sequence[Change],
    *,
    suspicious: bool = False,
    also: Also | None = None,
    still: Still | None = None,
) -> Applied:
    """Take changes of one collection.

    :param suspicious: the peer or this replica was restored or cloned; see :func:`merge`.
    :param also: what else goes into the same transaction, after the changes.
    :param still: whether a change is to be taken at all, asked in that transaction.
    :raises Forbidden: ``export_refused`` when one of them may not be here; nothing was taken.
    :raises Malformed: ``change_unreadable``; nothing was taken.
    :raises StorageFull: ``quarantine_full``, ``storage_full``; nothing was taken.
    """
    now = local.now()
    checked = await asyncio.to_thread(_check_all, collection, changes, now)

    def work(tx: Transaction) -> Applied:
        applied = Applied(replication.head(tx, collection.name))
        batch = _Batch(tx, local, peer, collection, applied, suspicious=suspicious)
        for one in checked:
            if still is None or still(tx, one.change):
                batch.take(one)
        if applied.quarantined:
            quarantine.require_room(tx, peer.id, collection.name)
        reach("sync.applied")
        applied.head = replication.head(tx, collection.name)
        if also is not None:
            also(tx, applied)
        return applied

    return await local.store.awrite(work, org)


class _Batch:
    """One transaction's worth of changes."""

    def __init__(
        self,
        tx: Transaction,
        local: Local,
        peer: Peer,
        collection: Collection,
        applied: Applied,
        *,
        suspicious: bool,
    ) -> None:
        self._tx = tx
        self._local = local
        self._peer = peer
        self._collection = collection
        self._applied = applied
        self._suspicious = suspicious
        self._known = export.known(tx, local.instance)
        self._held = quarantine.holds_some(tx, peer.id, collection.name)
        reborn = self._held and len(peers.of_instance(tx, peer.id)) > 1
        self._knows = surely_knows if reborn else Version.knows

    def take(self, one: _Checked) -> None:
        """Merge one change, or put it into quarantine."""
        name, id_ = self._collection.name, one.change.id
        authors = one.version.authors()
        if not export.may_hold(self._local.kind, self._known, name, authors):
            raise export.refused(name)
        if one.error is not None:
            self._hold(one, one.error)
            return
        present = replication.find(self._tx, name, id_)
        merged = merge(
            self._collection.strategy,
            present.version if present else None,
            one.version,
            name=(name, id_),
            suspicious=self._suspicious,
        )
        try:
            self._keep(one, present, merged)
        except (Invalid, TooLarge) as error:
            # Each is valid, and what they make together is not.
            self._hold(one, error)
            return
        held = self._held_of(id_)
        if held is not None and self._knows(one.version, held.clock):
            quarantine.forget(self._tx, self._peer.id, name, id_)

    def _keep(self, one: _Checked, present: Stored | None, merged: Merged) -> None:
        collection, id_, version = self._collection, one.change.id, merged.version
        if present is not None:
            replication.known_to(self._tx, present, self._peer.num)
        if merged.changed:
            draft = one.draft
            if merged.needed and version.fields is not None:
                draft = collection.draft(version.fields)
            via = None if merged.needed else self._peer.num
            deleted = None if version.fields is None else draft
            self._tx.see(max((version.clock[0], *version.seen.values())))
            replication.keep(self._tx, collection, id_, version, deleted, present, via)
            self._applied.kept += 1
            self._applied.exact &= not merged.needed
        elif merged.needed and present is not None:
            self._applied.exact = False
            replication.send_again(self._tx, present.num)
        for lost in merged.lost:
            self._tell(id_, lost)

    def _tell(self, id_: str, lost: Lost) -> None:
        """Write down what lost; strategy ``both`` keeps it as a record of its own."""
        tx, collection = self._tx, self._collection
        self._applied.conflicts += 1
        if lost.copy is not None:
            copy_id, version = lost.copy
            present = replication.find(tx, collection.name, copy_id)
            if present is None and version.fields is not None:
                draft = collection.draft(version.fields)
                replication.keep(tx, collection, copy_id, version, draft, None, None)
                self._applied.exact = False
        conflicts.add(
            tx,
            collection.name,
            id_,
            collection.strategy,
            lost.fields,
            lost.clock,
            mine=lost.mine,
            peer=self._peer.id,
            copy=lost.copy[0] if lost.copy else None,
            open_=collection.strategy is Strategy.MANUAL,
        )

    def _held_of(self, id_: str) -> Version | None:
        """The change of a record that is held of this peer. What comes now may not know it, where
        the peer was restored since, and sends what it has left, or has written anew."""
        if not self._held:
            return None
        text = quarantine.find(self._tx, self._peer.id, self._collection.name, id_)
        return None if text is None else _version(msgspec.json.decode(text, type=Change))

    def _hold(self, one: _Checked, error: Error) -> None:
        self._applied.quarantined += 1
        self._applied.exact = False
        held = self._held_of(one.change.id)
        if held is not None and not self._gives_place(one, held):
            return
        quarantine.add(
            self._tx,
            self._peer.id,
            self._collection.name,
            one.change.id,
            error.code,
            error.detail,
            one.due,
            msgspec.json.encode(one.change),
        )

    def _gives_place(self, one: _Checked, held: Version) -> bool:
        """Whether what is held of a record makes way for another change of it: only one is held,
        and of two that do not know each other the later one. The other goes to the conflict log,
        for the peer may not have it any more."""
        other = one.version
        if held.clock != other.clock and self._knows(other, held.clock):
            return True
        if held.clock > other.clock:
            return False
        if isinstance(held.fields, dict) and not same(held.fields, other.fields):
            self._tell(one.change.id, Lost(held.fields, held.clock, mine=False))
        return True


def _check_all(collection: Collection, changes: Sequence[Change], now: int) -> list[_Checked]:
    return [_check(collection, change, now) for change in changes]


def _check(collection: Collection, change: Change, now: int) -> _Checked:
    version = _version(change)
    clocks, seen, fields = version.clocks, version.seen, version.fields
    if not is_id(change.id):
        error: Error = Invalid("record_id_invalid", "The id of the record is no UUIDv7.")
        return _Checked(change, version, None, error)
    newest = hlc_ms(max((change.hlc, *seen.values(), *(hlc for hlc, _ in clocks.values()))))
    if newest > now + FUTURE_MS:
        error = Invalid("change_from_future", f"The change is of {iso(newest)}, still to come.")
        return _Checked(change, version, None, error, newest - FUTURE_MS)
    if fields is None:
        return _Checked(change, version, None)
    if not isinstance(fields, dict):
        error = Invalid("record_invalid", "The data of a record is an object.")
        return _Checked(change, version, None, error)
    try:
        return _Checked(change, version, collection.draft(fields))
    except (Invalid, TooLarge) as wrong:
        return _Checked(change, version, None, wrong)


def _version(change: Change) -> Version:
    clock = (change.hlc, change.origin)
    return Version(clock, _fields(change), change.clocks or {}, change.seen or {})


def _fields(change: Change) -> Any:
    try:
        return msgspec.json.decode(change.data)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise Malformed(
            "change_unreadable", f"The data of the record {change.id[:64]!r}: {error}."
        ) from None
