"""Giving one collection's changes to a peer, batch by batch."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from functools import partial

from unibos.core.store import checkpoints
from unibos.core.store.checkpoints import Checkpoint
from unibos.core.store.peers import Peer
from unibos.core.store.store import OrgStore
from unibos.core.store.system import reach
from unibos.core.store.transaction import Transaction, View
from unibos.core.sync import export
from unibos.core.sync.exchange import introducing, sending
from unibos.core.sync.exchange.link import PeerLink
from unibos.core.sync.exchange.messages import Push, Pushed
from unibos.core.sync.exchange.planner import PushStep
from unibos.core.sync.exchange.progress import Outcome, Progress, Told
from unibos.core.sync.exchange.sending import Batch
from unibos.core.sync.local import Local


@dataclass(frozen=True, slots=True)
class Pushing:
    """The push steps of one round."""

    local: Local
    store: OrgStore
    link: PeerLink
    peer: Peer
    outcome: Outcome
    told: Told

    async def run(self, step: PushStep, their_version: int | None) -> None:
        """Have the peer take all that may go there.

        :param their_version: the version of the collection there; None: it is new to them.
        """
        after, there, define = step.after, step.told, step.define
        self._tell(step, after)
        async with aclosing(self._batches(step)) as batches:
            async for batch in batches:
                answer: Pushed | None = None
                if batch.changes:
                    answer = await self._give(step, there, batch, define=define)
                    there, define = batch.upto, False
                    self.outcome.pushed += len(batch.changes)
                keep = partial(
                    self._keep,
                    step=step,
                    after=after,
                    batch=batch,
                    answer=answer,
                    their_version=their_version,
                )
                await self.store.awrite(keep)
                after = batch.upto
                self._tell(step, after)

    async def _batches(self, step: PushStep) -> AsyncGenerator[Batch, None]:
        """The batches of a step; the next is made while one is on its way."""
        coming = asyncio.ensure_future(self._read(step, step.after))
        try:
            while True:
                batch = await coming
                if batch.more:
                    coming = asyncio.ensure_future(self._read(step, batch.upto))
                yield batch
                if not batch.more:
                    return
        finally:
            coming.cancel()
            await asyncio.gather(coming, return_exceptions=True)

    async def _read(self, step: PushStep, after: int) -> Batch:
        return await self.store.aread(partial(self._batch, step=step, after=after))

    async def _give(self, step: PushStep, there: int, batch: Batch, *, define: bool) -> Pushed:
        name = step.collection
        # The batch was made while the one before it was on its way.
        self.store.read(export.require_open)
        definition = None
        if define:
            definition = self.store.read(lambda view: introducing.definition(view, name))
        given = Push(
            self.peer.epoch,
            self.local.epoch,
            name,
            step.version,
            there,
            batch.upto,
            batch.changes,
            definition,
            self.local.store.starts.of(batch.upto),
        )
        return await self.link.push(given)

    def _tell(self, step: PushStep, at: int) -> None:
        done, total = at - step.after, step.head - step.after
        self.told(Progress("push", step.collection, done, max(done, total)))

    def _keep(
        self,
        tx: Transaction,
        *,
        step: PushStep,
        after: int,
        batch: Batch,
        answer: Pushed | None,
        their_version: int | None,
    ) -> None:
        name = step.collection
        known = checkpoints.get(tx, self.peer.num, name)
        kept = self._after(known, step, batch.upto, answer, their_version)
        checkpoints.put(tx, self.peer.num, name, kept)
        sending.log(tx, self.peer.id, name, "push", after, batch)
        reach("sync.pushed")

    def _batch(self, view: View, *, step: PushStep, after: int) -> Batch:
        export.require_open(view)
        introducing.require_version(view, step.collection, step.version)
        known = checkpoints.of_peer(view, self.peer.num)
        terms = export.terms(view, self.local.kind, self.local.instance, self.link.kind, known)
        # What lies before it may be on its way there just now.
        had = max(after, step.held, checkpoints.had(view, self.peer.id, step.collection))
        return sending.batch(view, terms, step.collection, after, had=had, peer=self.peer.num)

    def _after(
        self,
        known: Checkpoint,
        step: PushStep,
        upto: int,
        answer: Pushed | None,
        their_version: int | None,
    ) -> Checkpoint:
        epoch, version = self.local.epoch, step.version
        if answer is None:
            return known.after_push(epoch, version, upto, known.told_for(epoch, version))
        kept = known.after_push(epoch, version, upto)
        if (
            answer.exact
            and their_version is not None
            and known.pulled_for(their_version) == answer.before
        ):
            # All that is new there came from here, so nothing of it has to come back.
            upto = max(answer.head, answer.before)
            kept = kept.after_pull(their_version, upto, answer.start)
        return kept
