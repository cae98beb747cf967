"""The hub's side: keeps what nodes hand over until its workers have done it and the node has it."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Final

import msgspec

from unibos.base.errors import Conflict, Forbidden, TooMany
from unibos.base.ids import new_id
from unibos.core.jobs.handing import intake, standing
from unibos.core.jobs.handing.messages import (
    MOST_HANDED,
    Handover,
    HandoverIn,
    Handovers,
    Watch,
)
from unibos.core.jobs.handing.need import Need
from unibos.core.jobs.handing.relay import ATTEMPTS, asked_of, not_found, outputs_of, used_by
from unibos.core.jobs.handing.sweep import Sweep
from unibos.core.jobs.jobs import Jobs
from unibos.core.jobs.kind import PortableKind
from unibos.core.store import blobs, handovers, jobs, leases
from unibos.core.store.bell import Bell
from unibos.core.store.claimant import Claimant
from unibos.core.store.drafts import check_depth
from unibos.core.store.handovers import Kept
from unibos.core.store.job import JobSpec, JobState, ceiling
from unibos.core.store.store import OrgStore, Store
from unibos.core.store.transaction import Transaction, View

log = logging.getLogger(__name__)

Takers = Callable[[str], Iterable[Claimant]]

_HOUR_MS: Final = 3_600_000
_SENDING_MS: Final = 24 * _HOUR_MS
_RESULT_MS: Final = 7 * 24 * _HOUR_MS
_RETRY_SECONDS: Final = 30
_STAYS: Final = ("node_only", "attached")


class Keeping:
    """What the nodes of a hub have handed over; for one event loop.

    Each call names the org's store and the node that asks: it reaches no other's jobs.

    :param jobs: the hub's, with :func:`~unibos.core.jobs.handing.relay.relays` for kinds.
    :param takers: who could do a job of an org, now or soon.
    :param limit: the most bytes of an input.
    """

    def __init__(self, store: Store, jobs_: Jobs, takers: Takers, limit: int) -> None:
        self._store = store
        self._jobs = jobs_
        self._takers = takers
        self._limit = limit
        self._bell = Bell(store)
        self._waiting: dict[tuple[str, str], asyncio.Timeout] = {}
        self._sweep = Sweep(store)

    async def close(self) -> None:
        """Let go of who waits."""
        self._bell.close()
        await self._sweep.stop()

    async def hand(self, org: OrgStore, node: str, job: str, asked: HandoverIn) -> Handover:
        """See :class:`unibos.core.jobs.handing.link.HandoverLink`."""
        check_depth(asked.args)
        known = org.read(lambda view: handovers.find(view, node, job))
        if known is None or known.attempt < asked.attempt:
            self._require_kind(org.org, asked)
            self._require_room(org, node, asked)
        kept, left = await org.awrite(lambda tx: self._keep(tx, node, job, asked))
        self._sweep.add(org.org, left)
        if kept.attempt > asked.attempt:
            raise _lost(job, asked.attempt)
        return standing.whole(org, kept)

    async def receive(
        self,
        org: OrgStore,
        node: str,
        job: str,
        attempt: int,
        offset: int,
        chunks: AsyncIterator[bytes],
    ) -> None:
        """See :meth:`HandoverLink.send`; what arrives before a cut stays for the next time.

        :raises Unavailable: ``transfer_cut`` when fewer bytes came.
        """
        kept = self._kept(org, node, job, attempt)
        asked = asked_of(kept)
        if kept.state is not None or asked.input is None:
            return
        blob = await intake.receive(org, asked.input, offset, chunks)

        def arrived(tx: Transaction) -> bool:
            now = handovers.find(tx, node, job)
            if now is None or now.relay != kept.relay:
                return False
            blobs.add(tx, blob, used_by(kept.relay))
            if now.state is None:
                self._queue(tx, kept, asked)
            return True

        if not await org.awrite(arrived):
            self._sweep.add(org.org, [blob.sha256])
            raise not_found()

    async def watch(self, org: OrgStore, node: str, asked: Watch) -> Handovers:
        """See :class:`HandoverLink`; one call of a node waits, a later one ends it."""
        look = partial(asyncio.to_thread, standing.all_of, org, node)
        rung = self._bell.next(org.org)
        items = await look()
        with suppress(TimeoutError):
            async with self._turn(org.org, node, asked.wait_seconds):
                while not self._bell.closed and _words(items) == asked.known:
                    await rung.wait()
                    rung = self._bell.next(org.org)
                    items = await look()
        return Handovers(items)

    async def get(self, org: OrgStore, node: str, job: str, attempt: int) -> Handover:
        """See :class:`HandoverLink`."""
        kept = org.read(lambda view: handovers.find(view, node, job))
        if kept is None or kept.attempt != attempt:
            return Handover(job=job, attempt=attempt, state="gone")
        return await asyncio.to_thread(standing.whole, org, kept)

    def output(self, org: OrgStore, node: str, job: str, attempt: int, name: str) -> Path:
        """Where a file is that the work made.

        :raises NotFound: ``handover_not_found``.
        """
        kept = self._kept(org, node, job, attempt)

        def find(view: View) -> Path:
            if kept.state is JobState.DONE:
                for each in outputs_of(jobs.get(view, kept.relay)):
                    if each.name == name:
                        return blobs.open_path(view, org.blobs, each.sha256)
            raise not_found()

        return org.read(find)

    async def drop(
        self, org: OrgStore, node: str, job: str, attempt: int, *, unless_running: bool = False
    ) -> bool:
        """See :class:`HandoverLink`."""

        def forget(tx: Transaction) -> tuple[bool, set[str]]:
            kept = handovers.find(tx, node, job)
            if kept is None or kept.attempt > attempt:
                return True, set()
            if unless_running and kept.state in (JobState.RUNNING, JobState.DONE, JobState.FAILED):
                return False, set()
            return True, self._forget(tx, kept)

        dropped, gone = await org.awrite(forget)
        self._sweep.add(org.org, gone)
        return dropped

    def clean(self) -> int:
        """Forget what nobody came for; the count of it. A chore, on a thread of its own."""
        now = self._store.read(leases.newest_time)
        found = self._store.read(
            lambda view: handovers.over(view, now - _SENDING_MS, now - _RESULT_MS)
        )
        for org, kept in found:
            self._store.write(partial(self._forget, kept=kept), org)
        if found:
            log.info("forgot %d jobs that nodes had handed over", len(found))
        return len(found)

    def _require_kind(self, org: str, asked: HandoverIn) -> None:
        if asked.locality in _STAYS or ceiling(asked.kind) in _STAYS:
            raise Forbidden("job_stays", f"A job of the kind {asked.kind} stays on its node.")
        need = Need(
            org=org,
            kind=asked.kind,
            version=asked.version,
            queue=asked.queue,
            locality=asked.locality,
            requires=frozenset(asked.requires),
            memory_mb=asked.memory_mb or 0,
            size=asked.input.size if asked.input else 0,
        )
        known = asked.kind in self._jobs.kinds
        if not known or not any(need.met_by(taker) for taker in self._takers(org)):
            raise Conflict("no_worker", "No worker of this hub could do the job now.")

    def _require_room(self, org: OrgStore, node: str, asked: HandoverIn) -> None:
        org.read(lambda view: _require_place(view, node))
        if asked.input is not None:
            intake.require_room(org, asked.input, self._limit)

    def _keep(
        self, tx: Transaction, node: str, job: str, asked: HandoverIn
    ) -> tuple[Kept, set[str]]:
        """Make a handover; beside it, the bytes that an earlier attempt had here."""
        before = handovers.find(tx, node, job)
        if before is None and handovers.taken(tx, job):
            raise Conflict("handover_of_another", "Another node has a job of this id here.")
        if before is not None and before.attempt >= asked.attempt:
            return self._as_before(tx, before, asked), set()
        if before is None:
            # Others may have come since the first look.
            _require_place(tx, node)
        relay, input_ = new_id(tx.stamp()[0]), asked.input
        # Before an earlier attempt lets go of the same bytes.
        whole = input_ is None or blobs.use(tx, input_.sha256, used_by(relay))
        left = set() if before is None else self._forget(tx, before)
        kept = Kept(
            job=job,
            node=node,
            attempt=asked.attempt,
            relay=relay,
            asked=msgspec.json.encode(asked).decode(),
            at=tx.now(),
        )
        handovers.put(tx, kept)
        if whole:
            self._queue(tx, kept, asked)
        return handovers.find(tx, node, job) or kept, left - ({input_.sha256} if input_ else set())

    def _as_before(self, tx: Transaction, kept: Kept, asked: HandoverIn) -> Kept:
        """A handover that is asked for again; its bytes may have come on another way."""
        input_ = asked.input
        if kept.state is not None or kept.attempt != asked.attempt or input_ is None:
            return kept
        if not blobs.use(tx, input_.sha256, used_by(kept.relay)):
            return kept
        self._queue(tx, kept, asked_of(kept))
        return handovers.find(tx, kept.node, kept.job) or kept

    def _queue(self, tx: Transaction, kept: Kept, asked: HandoverIn) -> None:
        """All is there: let workers have it."""
        spec = JobSpec(
            name=asked.kind,
            queue=asked.queue,
            priority=asked.priority,
            max_attempts=ATTEMPTS,
            locality=asked.locality,
            requires=asked.requires,
            prefer=asked.prefer,
            fallback_seconds=asked.prefer_seconds,
            version=asked.version,
            memory_mb=asked.memory_mb,
        )
        portable = isinstance(self._jobs.kinds.get(asked.kind), PortableKind)
        size = asked.input.size if asked.input else 0
        jobs.add(tx, spec, asked.args if portable else {}, size=size, id_=kept.relay)

    def _forget(self, tx: Transaction, kept: Kept) -> set[str]:
        """Forget a handover with its bytes; the value names those that it alone had."""
        input_ = asked_of(kept).input
        found = {input_.sha256} if input_ else set()
        if kept.state is not None:
            relay = jobs.get(tx, kept.relay)
            found |= {each.sha256 for each in outputs_of(relay)}
            if not relay.state.final:
                self._jobs.cancel(tx, kept.relay)
        for sha256 in found:
            blobs.release(tx, sha256, used_by(kept.relay))
        handovers.remove(tx, kept)
        tx.changed("job", kept.relay)
        return found

    def _kept(self, org: OrgStore, node: str, job: str, attempt: int) -> Kept:
        kept = org.read(lambda view: handovers.find(view, node, job))
        if kept is None or kept.attempt != attempt:
            raise not_found()
        return kept

    @asynccontextmanager
    async def _turn(self, org: str, node: str, seconds: float) -> AsyncIterator[None]:
        """Wait for one node, and no more for an earlier question of the same one."""
        key = org, node
        async with asyncio.timeout(seconds) as until:
            before = self._waiting.get(key)
            if before is not None and not before.expired():
                before.reschedule(asyncio.get_running_loop().time())
            self._waiting[key] = until
            try:
                yield
            finally:
                if self._waiting.get(key) is until:
                    del self._waiting[key]


def _words(items: Iterable[Handover]) -> dict[str, str]:
    return {each.job: each.word for each in items}


def _require_place(view: View, node: str) -> None:
    if len(handovers.of_node(view, node)) >= MOST_HANDED:
        raise TooMany(
            "too_many_handovers",
            f"This node has {MOST_HANDED} jobs here already.",
            retry_after=_RETRY_SECONDS,
        )


def _lost(job: str, attempt: int) -> Conflict:
    return Conflict("job_lost", f"A later attempt than {attempt} has the job {job} here.")
