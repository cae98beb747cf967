"""Changes in quarantine are tried again: when their time has come, or their schema is another."""

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import groupby

import msgspec

from unibos.base.errors import Forbidden, NotFound
from unibos.core.store import checkpoints, collections, peers, quarantine, replication
from unibos.core.store.definitions import Collection
from unibos.core.store.peers import Peer
from unibos.core.store.quarantine import Held
from unibos.core.store.transaction import Transaction, View
from unibos.core.sync.exchange.applying import Applied, apply
from unibos.core.sync.exchange.messages import BATCH_BYTES, BATCH_RECORDS, Change
from unibos.core.sync.local import Local


@dataclass(frozen=True, slots=True)
class Retried:
    """What came of it: how many changes were taken, and how many are held as before."""

    taken: int
    held: int


@dataclass(frozen=True, slots=True)
class _Sender:
    """Who sent changes, in its newest life; whether it had others."""

    peer: Peer
    reborn: bool


async def retry(local: Local, org: str, *, everything: bool = False) -> Retried:
    """Take those changes of the quarantine that can be taken by now.

    :param everything: also those of which nothing has changed.
    :raises StorageFull: ``storage_full``.
    """
    after = taken = held = 0
    now = None if everything else local.now()
    while True:
        some = local.store.read(partial(_some, now=now, after=after), org)
        if not some:
            return Retried(taken, held)
        after = some[-1].num
        for batch in _batches(some):
            left = await _take(local, org, batch)
            held += left
            taken += len(batch) - left


def retry_everywhere(local: Local) -> int:
    """:func:`retry` in all orgs, as a chore: it looks first; the count of changes taken."""
    found = local.store.read(quarantine.orgs)
    return sum(asyncio.run(retry(local, org)).taken for org in found)


def discard(tx: Transaction, num: int) -> None:
    """Let go of a change that was never taken: it is lost here, and stays where it came from.

    :raises NotFound: ``quarantined_not_found``.
    """
    quarantine.get(tx, num)
    quarantine.remove(tx, num)


async def _take(local: Local, org: str, batch: Sequence[Held]) -> int:
    """Take changes of one collection from one peer; how many are held as before."""
    store, first = local.store.org(org), batch[0]
    try:
        collection, sender, changes = store.read(lambda view: _opened(view, batch))
    except NotFound:
        # The collection, or all that is known of the peer, is gone.
        return len(batch)

    def still(tx: Transaction, change: Change) -> bool:
        """Whether it is held yet: meanwhile the peer may have sent a newer one."""
        held = quarantine.find(tx, first.peer, first.collection, change.id)
        return held is not None and msgspec.json.decode(held, type=Change) == change

    def also(tx: Transaction, _: Applied) -> None:
        if sender.reborn:
            _send_again(tx, first, changes)
            _doubt(tx, sender.peer, first.collection)

    try:
        applied = await apply(
            local,
            org,
            sender.peer,
            collection,
            changes,
            suspicious=sender.reborn,
            still=still,
            also=also,
        )
    except Forbidden:
        return await _sift(local, org, batch)
    return applied.quarantined


async def _sift(local: Local, org: str, batch: Sequence[Held]) -> int:
    """Take one by one of what may not all be here any more; that is let go."""
    if len(batch) > 1:
        return sum([await _take(local, org, [one]) for one in batch])
    await local.store.org(org).awrite(lambda tx: quarantine.remove(tx, batch[0].num))
    return 0


def _some(view: View, now: int | None, after: int) -> list[Held]:
    if now is None:
        return quarantine.some(view, after, BATCH_RECORDS)
    return quarantine.ready(view, now, after, BATCH_RECORDS)


def _batches(some: Iterable[Held]) -> Iterator[list[Held]]:
    """Changes of one collection from one peer, up to what is a batch on the way, too."""
    for _, group in groupby(some, key=lambda one: (one.peer, one.collection)):
        batch: list[Held] = []
        size = 0
        for one in group:
            batch.append(one)
            size += one.size
            if size >= BATCH_BYTES:
                yield batch
                batch, size = [], 0
        if batch:
            yield batch


def _opened(view: View, batch: Sequence[Held]) -> tuple[Collection, _Sender, list[Change]]:
    found = (quarantine.change(view, one.num) for one in batch)
    changes = [msgspec.json.decode(text, type=Change) for text in found if text is not None]
    return collections.get(view, batch[0].collection), _sender(view, batch[0].peer), changes


def _sender(view: View, id_: str) -> _Sender:
    """Who that is; see :class:`_Sender`.

    :raises NotFound: ``peer_not_found``.
    """
    lives = peers.of_instance(view, id_)
    if not lives:
        raise NotFound("peer_not_found", f"Nothing is known of a peer {id_[:64]!r}.")
    return _Sender(lives[-1], reborn=len(lives) > 1)


def _doubt(tx: Transaction, peer: Peer, collection: str) -> None:
    """What a peer wrote in a later life may not know what was taken now of an earlier one: merge
    it as at the first meeting."""
    known = checkpoints.get(tx, peer.num, collection)
    checkpoints.put(tx, peer.num, collection, replace(known, own_epoch="", told=0))


def _send_again(tx: Transaction, of: Held, changes: Sequence[Change]) -> None:
    """A peer in a later life may have lost what it once sent: let it, too, have what was taken."""
    for change in changes:
        stored = replication.find(tx, of.collection, change.id)
        held = quarantine.find(tx, of.peer, of.collection, change.id) is not None
        if stored is not None and not held:
            replication.send_again(tx, stored.num)
