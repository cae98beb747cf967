"""Taking one collection's changes from a peer, batch by batch."""

import asyncio
import logging
from collections.abc import AsyncGenerator
from collections.abc import Set as AbstractSet
from contextlib import aclosing
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from unibos.base.errors import Forbidden, Unavailable
from unibos.core.store import checkpoints, collections, tombstones
from unibos.core.store.checkpoints import Checkpoint
from unibos.core.store.peers import Peer
from unibos.core.store.store import OrgStore
from unibos.core.store.system import reach
from unibos.core.store.transaction import Transaction, View
from unibos.core.sync import export
from unibos.core.sync.exchange import census, introducing
from unibos.core.sync.exchange.applying import Applied, apply
from unibos.core.sync.exchange.link import PeerLink
from unibos.core.sync.exchange.messages import Ids, IdsPage, Pull, Pulled
from unibos.core.sync.exchange.planner import PullStep
from unibos.core.sync.exchange.progress import Outcome, Progress, Told, Trouble
from unibos.core.sync.local import Local

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Pulling:
    """The pull steps of one round.

    :param heard: the digest of the peer's policies that were heard.
    """

    local: Local
    store: OrgStore
    link: PeerLink
    peer: Peer
    heard: str
    outcome: Outcome
    told: Told

    async def run(self, step: PullStep) -> None:
        """Have all that the peer has; each batch is kept with its checkpoint."""
        if step.census:
            await self._take_census(step)
        if step.head > step.after or step.everything:
            try:
                await self._take(step)
            except Forbidden as error:
                if error.code == "export_refused":
                    await self.store.awrite(partial(self._note_named, step=step))
                raise
        if step.census:
            await self.store.awrite(partial(self._pass_horizon, step=step))
        if step.settles:
            await self.store.awrite(partial(self._settle, step=step))

    async def _take(self, step: PullStep) -> None:
        name = step.collection
        collection = self.store.read(lambda view: collections.get(view, name))
        self._tell(step, step.after)
        async with aclosing(self._batches(step)) as batches:
            async for batch in batches:

                def keep(tx: Transaction, applied: Applied, batch: Pulled = batch) -> None:
                    self._keep(tx, step, batch, applied)
                    reach("sync.pulled")

                applied = await apply(
                    self.local,
                    self.store.org,
                    self.peer,
                    collection,
                    batch.changes,
                    suspicious=step.suspicious,
                    also=keep,
                )
                self.outcome.pulled += len(batch.changes)
                self.outcome.quarantined += applied.quarantined
                self.outcome.conflicts += applied.conflicts
                self._tell(step, batch.upto)

    async def _batches(self, step: PullStep) -> AsyncGenerator[Pulled, None]:
        """The batches of a step; the next is on its way while one is taken."""
        at = step.after
        coming = asyncio.create_task(self._ask(step, at))
        try:
            while True:
                batch = await coming
                if batch.more and batch.upto <= at:
                    raise _confused("gives the same changes again")
                at = batch.upto
                if batch.more:
                    coming = asyncio.create_task(self._ask(step, batch.upto))
                yield batch
                if not batch.more:
                    return
        finally:
            coming.cancel()
            await asyncio.gather(coming, return_exceptions=True)

    async def _ask(self, step: PullStep, after: int) -> Pulled:
        asked = Pull(
            self.peer.epoch,
            self.local.epoch,
            step.collection,
            step.version,
            after,
            step.everything,
        )
        return await self.link.pull(asked)

    def _tell(self, step: PullStep, at: int) -> None:
        done, total = at - step.after, step.head - step.after
        self.told(Progress("pull", step.collection, done, max(done, total)))

    def _keep(self, tx: Transaction, step: PullStep, batch: Pulled, applied: Applied) -> None:
        name, epoch = step.collection, self.local.epoch
        known = checkpoints.get(tx, self.peer.num, name)
        version = collections.version(tx, name)
        if applied.exact and applied.head > applied.before == known.pushed_for(epoch, version):
            # All that is new here came from there, so nothing of it has to go back.
            told = known.told_for(epoch, version)
            known = known.after_push(epoch, version, applied.head, told)
        kept = known.after_pull(step.version, batch.upto, batch.start)
        checkpoints.put(tx, self.peer.num, name, kept)

    def _pass_horizon(self, tx: Transaction, step: PullStep) -> None:
        """What is forgotten there was looked for; there may be nothing newer than that."""
        known = checkpoints.get(tx, self.peer.num, step.collection)
        if known.pulled_for(step.version) < step.horizon:
            upto = known.after_pull(step.version, step.horizon, "")
            checkpoints.put(tx, self.peer.num, step.collection, upto)

    def _settle(self, tx: Transaction, step: PullStep) -> None:
        """All that the peer has is here: from now on what it says that it holds is no surprise."""
        epoch, name = self.local.epoch, step.collection
        known = checkpoints.get(tx, self.peer.num, name)
        version = collections.version(tx, name)
        pushed = known.pushed_for(epoch, version)
        settled = replace(
            known, own_epoch=epoch, own_version=version, pushed=pushed, told=step.told
        )
        checkpoints.put(tx, self.peer.num, name, settled)

    def _note_named(self, tx: Transaction, step: PullStep) -> None:
        """The peer named the collection, and does not know a policy of it: from now on it is told
        of them, even where nothing of the collection goes there."""
        known = checkpoints.get(tx, self.peer.num, step.collection)
        if known == Checkpoint():
            checkpoints.put(
                tx, self.peer.num, step.collection, known.after_pull(step.version, 0, "")
            )

    async def _take_census(self, step: PullStep) -> None:
        """Find what was deleted there so long ago that the deletion itself is forgotten."""
        name, tally = step.collection, census.Tally()

        def own(view: View, page: _Page) -> dict[str, Any]:
            known = checkpoints.get(view, self.peer.num, name)
            return {
                "ids": page.ids,
                "own": tombstones.living(view, name, page.after, page.last),
                "reached": census.reached(known, collections.version(view, name)),
                "peer": self.peer.num,
                "may": self._may(view, name),
            }

        def count(view: View, page: _Page) -> None:
            census.count(tally, **own(view, page))

        async for page in self._pages(name):
            await self.store.aread(partial(count, page=page))
        if tally.gone == 0:
            return
        log.warning(
            "a peer deleted records long ago, or lost them",
            extra={"peer": self.peer.id, "collection": name, "records": tally.gone},
        )
        if not tally.believed:
            self.outcome.troubles.append(_unbelieved(name, tally))

        def settle(tx: Transaction, page: _Page) -> bool:
            gone = census.deleted_there(**own(tx, page))
            return census.settle(tx, name, gone, self.peer, tally)

        async for page in self._pages(name):
            while await self.store.awrite(partial(settle, page=page)):
                reach("sync.census")

    async def _pages(self, name: str) -> "AsyncGenerator[_Page, None]":
        after, more = "", True
        while more:
            page = await self._ids(name, after)
            yield _Page(after, page.last, page.ids)
            more = page.last != ""
            if more and page.last <= after:
                raise _confused("tells the same ids again")
            after = page.last

    async def _ids(self, name: str, after: str) -> IdsPage:
        asked = Ids(self.peer.epoch, self.local.epoch, self.heard, name, after)
        return await self.link.ids(asked)

    def _may(self, view: View, name: str) -> census.May:
        """Whether a record may be at the peer, and be told of by it."""
        terms = introducing.introduce(view, self.local, self.peer.kind, self.peer).terms
        known = export.known(view, self.local.instance)
        kind = self.local.kind
        tells = self.peer.kind == "hub" or export.may_hold(kind, known, name, [self.peer.id])

        def may(authors: AbstractSet[str]) -> bool:
            here = tells and export.may_hold(kind, known, name, authors)
            return here and terms.allows(name, authors)

        return may


@dataclass(frozen=True, slots=True)
class _Page:
    """Ids that the peer has, behind ``after`` up to ``last``; empty: to the end."""

    after: str
    last: str
    ids: list[str]


def _unbelieved(name: str, tally: census.Tally) -> Trouble:
    return Trouble(
        name,
        "census_unbelieved",
        f"{tally.gone} of {tally.there} records are not at the peer any more, and nothing says who"
        " deleted them: they are given to it again. Delete them once more if that was meant.",
    )


def _confused(what: str) -> Unavailable:
    return Unavailable(
        "peer_confused",
        f"The peer {what}, without an end.",
        hint="It is tried again by itself. Update whichever of the two programs is older.",
    )
