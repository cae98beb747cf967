"""A round with one peer, by the side that asks: hello, pull, push, blobs.

Everything that was exchanged is kept as it goes, so a round may end at any point and the next one
goes on from there. Pull comes before push: what both have changed is merged here, where a person
sees what lost.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from collections.abc import Set as AbstractSet
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Literal

from unibos.base.errors import Conflict, Error, Forbidden, Unavailable
from unibos.core.store import checkpoints, collections, peers, tombstones
from unibos.core.store.checkpoints import Checkpoint
from unibos.core.store.peers import Peer
from unibos.core.store.system import reach
from unibos.core.store.transaction import Transaction, View
from unibos.core.sync import census, export, introducing, planner, sending
from unibos.core.sync.applying import Applied, apply
from unibos.core.sync.introducing import Introduction
from unibos.core.sync.link import PeerLink
from unibos.core.sync.local import Local
from unibos.core.sync.messages import (
    Hello,
    HelloAnswer,
    Ids,
    IdsPage,
    Pull,
    Push,
    Pushed,
    Wait,
)
from unibos.core.sync.planner import PullStep, PushStep
from unibos.core.sync.quarantine import retry
from unibos.core.sync.withdrawing import withdraw

_BEGIN_AGAIN = frozenset({"epoch_changed", "version_changed", "hello_first", "export_refused"})
"""What the two have said to each other holds no longer: another hello makes it right."""

_TRIES = 4


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a round is; ``done`` and ``total`` count changes, or bytes of blobs."""

    step: Literal["hello", "pull", "push", "blobs"]
    collection: str
    done: int
    total: int


@dataclass(frozen=True, slots=True)
class Trouble:
    """One collection that could not be exchanged, by the error's code and detail."""

    collection: str
    code: str
    detail: str


@dataclass(slots=True)
class Outcome:
    """What a round has done; ``skew_ms`` is how far this clock is ahead of the peer's.

    :param troubles: collections that stay behind, while all the others went on.
    """

    peer: str = ""
    peer_name: str = ""
    pulled: int = 0
    pushed: int = 0
    quarantined: int = 0
    conflicts: int = 0
    skew_ms: int = 0
    troubles: list[Trouble] = field(default_factory=list)


Told = Callable[[Progress], None]
Blobs = Callable[[PeerLink, Peer, Callable[[int, int], None]], Awaitable[None]]
"""The step for blobs; the callback gets how many bytes of how many have travelled."""


def _nobody(progress: Progress) -> None:
    """Nobody wants to know."""


async def _no_blobs(link: PeerLink, peer: Peer, told: Callable[[int, int], None]) -> None:
    """Where records alone are exchanged."""


class Round:
    """The rounds with one peer, one at a time; for one event loop."""

    def __init__(self, local: Local, org: str, link: PeerLink, *, blobs: Blobs = _no_blobs) -> None:
        self._local = local
        self._store = local.store.org(org)
        self._link = link
        self._blobs = blobs
        self._turn = asyncio.Lock()
        self._peer: Peer | None = None
        self._heard = ""
        self._told = ("", "")

    async def run(self, told: Told = _nobody, *, pull: bool = True, push: bool = True) -> Outcome:
        """One whole round.

        :raises Unavailable: ``export_stopped``; ``peer_unreachable``; and what else a peer refuses
            with. What was exchanged until then is kept.
        """
        async with self._turn:
            for left in reversed(range(_TRIES)):
                try:
                    return await self._once(told, pull=pull, push=push)
                except (Conflict, Forbidden) as error:
                    if error.code not in _BEGIN_AGAIN or not left:
                        raise
                    self._heard, self._told = "", ("", "")
            raise AssertionError("the last try returns or raises")

    async def wait(self) -> bool:
        """Whether the peer has something new; returns as soon as it has, or after a while."""
        peer = self._peer
        if peer is None:
            return True
        known = self._store.read(lambda view: checkpoints.of_peer(view, peer.num))
        pulled = {name: (each.peer_version, each.pulled) for name, each in known.items()}
        asked = Wait(peer.epoch, self._local.epoch, self._heard, pulled)
        try:
            return (await self._link.wait(asked)).new
        except Conflict as error:
            if error.code in _BEGIN_AGAIN:
                return True
            raise

    async def _once(self, told: Told, *, pull: bool, push: bool) -> Outcome:
        told(Progress("hello", "", 0, 0))
        answer, peer = await self._hello()
        theirs = answer.hello
        outcome = Outcome(peer.id, peer.name, skew_ms=self._local.now() - theirs.time)
        for definition in answer.definitions:
            with self._alone(definition.name, outcome):
                await self._store.awrite(
                    partial(introducing.adopt, local=self._local, told=definition)
                )
        await withdraw(self._store, self._local.instance)
        await retry(self._local, self._store.org)
        if pull:
            await self._pull_all(peer, theirs, outcome, told)
        if push:
            await self._push_all(peer, theirs, frozenset(answer.wants), outcome, told)
        await self._blobs(self._link, peer, lambda done, all_: told(_bytes(done, all_)))
        return outcome

    async def _hello(self) -> tuple[HelloAnswer, Peer]:
        await export.admit(self._store, self._link.peer, "", "push")
        said = self._store.read(self._introduction).hello
        asked = said
        if self._told == (said.holds, said.digest):
            asked = introducing.without_policies(said)
        answer = await self._link.hello(asked)
        theirs = answer.hello
        introducing.require_protocol(theirs)
        peer = await self._meet(answer)
        self._peer = peer
        self._told = (peer.epoch, said.digest)
        self._heard = theirs.digest
        if planner.holds_too_much(said, theirs):
            await asyncio.to_thread(self._local.store.replica.begin)
            raise Conflict("epoch_changed", "This replica was restored or cloned.")
        return answer, peer

    def _introduction(self, view: View) -> Introduction:
        export.require_open(view)
        peer = peers.latest(view).get(self._link.peer)
        return introducing.introduce(view, self._local, self._link.kind, peer, heard=self._heard)

    async def _meet(self, answer: HelloAnswer) -> Peer:
        theirs, link = answer.hello, self._link
        policies = theirs.policies or []

        def look(view: View) -> Peer | None:
            if introducing.is_news(view, self._local, policies):
                return None
            now = self._local.now()
            return peers.met(view, link.peer, theirs.epoch, link.kind, theirs.name, now)

        def note(tx: Transaction) -> Peer:
            introducing.learn(tx, self._local, policies)
            return peers.meet(tx, link.peer, theirs.epoch, link.kind, theirs.name)

        known = self._store.read(look)
        return await self._store.awrite(note) if known is None else known

    async def _pull_all(self, peer: Peer, theirs: Hello, outcome: Outcome, told: Told) -> None:
        def look(view: View) -> list[PullStep]:
            said = introducing.introduce(view, self._local, self._link.kind, peer)
            lives = [each for each in peers.lives(view) if each.id == peer.id]
            return planner.pulls(said.hello, theirs, said.checkpoints, another_life=len(lives) > 1)

        for step in self._store.read(look):
            with self._alone(step.collection, outcome):
                if step.census:
                    await self._take_census(peer, step)
                await self._pull(peer, step, outcome, told)

    @contextmanager
    def _alone(self, collection: str, outcome: Outcome) -> Iterator[None]:
        """Have trouble with one collection not hold up the others."""
        try:
            yield
        except Unavailable:
            raise
        except Error as error:
            if error.code in _BEGIN_AGAIN:
                raise
            outcome.troubles.append(Trouble(collection, error.code, error.detail))

    async def _pull(self, peer: Peer, step: PullStep, outcome: Outcome, told: Told) -> None:
        name = step.collection
        collection = self._store.read(lambda view: collections.get(view, name))
        after, more = step.after, step.head > step.after or step.everything
        while more:
            told(Progress("pull", name, after - step.after, step.head - step.after))
            asked = Pull(peer.epoch, self._local.epoch, name, step.version, after, step.everything)
            answer = await self._link.pull(asked)

            def keep(tx: Transaction, applied: Applied, upto: int = answer.upto) -> None:
                self._keep_pulled(tx, peer, step, upto, applied)
                reach("sync.pulled")

            applied = await apply(
                self._local,
                self._store.org,
                peer,
                collection,
                answer.changes,
                suspicious=step.suspicious,
                also=keep,
            )
            outcome.pulled += len(answer.changes)
            outcome.quarantined += applied.quarantined
            outcome.conflicts += applied.conflicts
            after, more = answer.upto, answer.more
        if step.settles:
            await self._store.awrite(lambda tx: self._settle(tx, peer, step))

    def _keep_pulled(
        self, tx: Transaction, peer: Peer, step: PullStep, upto: int, applied: Applied
    ) -> None:
        name, epoch = step.collection, self._local.epoch
        known = checkpoints.get(tx, peer.num, name)
        version = collections.version(tx, name)
        if applied.exact and applied.head > applied.before == known.pushed_for(epoch, version):
            # All that is new here came from there, so nothing of it has to go back.
            told = known.told_for(epoch, version)
            known = known.after_push(epoch, version, applied.head, told)
        checkpoints.put(tx, peer.num, name, known.after_pull(step.version, upto))

    def _settle(self, tx: Transaction, peer: Peer, step: PullStep) -> None:
        """All that the peer has is here: from now on what it says that it holds is no surprise."""
        epoch, name = self._local.epoch, step.collection
        known = checkpoints.get(tx, peer.num, name)
        version = collections.version(tx, name)
        pushed = known.pushed_for(epoch, version)
        settled = replace(
            known, own_epoch=epoch, own_version=version, pushed=pushed, told=step.told
        )
        checkpoints.put(tx, peer.num, name, settled)

    async def _take_census(self, peer: Peer, step: PullStep) -> None:
        """Find what was deleted there so long ago that the deletion itself is forgotten."""
        after, name = "", step.collection
        while True:
            page = await self._ids(peer, name, after)

            def compare(tx: Transaction, after: str = after, page: IdsPage = page) -> None:
                known = checkpoints.get(tx, peer.num, name)
                gone = census.deleted_there(
                    page.ids,
                    tombstones.living(tx, name, after, page.last),
                    reached=census.reached(known, collections.version(tx, name)),
                    peer=peer.num,
                    may=self._may(tx, peer, name),
                )
                census.bury(tx, name, gone, peer.num)

            await self._store.awrite(compare)
            if not page.last:
                return
            after = page.last

    async def _ids(self, peer: Peer, name: str, after: str) -> IdsPage:
        asked = Ids(peer.epoch, self._local.epoch, self._heard, name, after)
        return await self._link.ids(asked)

    def _may(self, view: View, peer: Peer, name: str) -> census.May:
        """Whether a record may be at the peer, and be told of by it."""
        terms = introducing.introduce(view, self._local, peer.kind, peer).terms
        known = export.known(view, self._local.instance)
        kind = self._local.kind
        tells = peer.kind == "hub" or export.may_hold(kind, known, name, [peer.id])

        def may(origins: AbstractSet[str]) -> bool:
            here = tells and export.may_hold(kind, known, name, origins)
            return here and terms.allows(name, origins)

        return may

    async def _push_all(
        self, peer: Peer, theirs: Hello, wants: frozenset[str], outcome: Outcome, told: Told
    ) -> None:
        def look(view: View) -> list[PushStep]:
            said = introducing.introduce(view, self._local, self._link.kind, peer)
            return planner.pushes(said.hello, theirs, said.checkpoints, wants)

        versions = {head.name: head.version for head in theirs.collections}
        for step in self._store.read(look):
            with self._alone(step.collection, outcome):
                await self._push(peer, step, versions.get(step.collection), outcome, told)

    async def _push(
        self,
        peer: Peer,
        step: PushStep,
        their_version: int | None,
        outcome: Outcome,
        told: Told,
    ) -> None:
        name, epoch, after, define = step.collection, self._local.epoch, step.after, step.define
        more = True
        while more:
            told(Progress("push", name, after - step.after, step.head - step.after))
            batch = await self._store.aread(partial(self._batch, peer=peer, step=step, after=after))
            answer: Pushed | None = None
            if batch.changes:
                definition = None
                if define:
                    definition = self._store.read(lambda view: introducing.definition(view, name))
                answer = await self._link.push(
                    Push(
                        peer.epoch,
                        epoch,
                        name,
                        step.version,
                        after,
                        batch.upto,
                        batch.changes,
                        definition,
                    )
                )
                define = False
                outcome.pushed += len(batch.changes)

            def keep(
                tx: Transaction,
                batch: sending.Batch = batch,
                answer: Pushed | None = answer,
                after: int = after,
            ) -> None:
                known = checkpoints.get(tx, peer.num, name)
                kept = self._after_push(known, step, batch.upto, answer, their_version)
                checkpoints.put(tx, peer.num, name, kept)
                sending.log(tx, peer.id, name, "push", after, batch)
                reach("sync.pushed")

            await self._store.awrite(keep)
            after, more = batch.upto, batch.more

    def _batch(self, view: View, *, peer: Peer, step: PushStep, after: int) -> sending.Batch:
        export.require_open(view)
        introducing.require_version(view, step.collection, step.version)
        known = checkpoints.of_peer(view, peer.num)
        terms = export.terms(view, self._local.kind, self._local.instance, self._link.kind, known)
        had = checkpoints.had(view, peer.id, step.collection)
        return sending.batch(view, terms, step.collection, after, had=had, peer=peer.num)

    def _after_push(
        self,
        known: Checkpoint,
        step: PushStep,
        upto: int,
        answer: Pushed | None,
        their_version: int | None,
    ) -> Checkpoint:
        epoch, version = self._local.epoch, step.version
        if answer is None:
            return known.after_push(epoch, version, upto, known.told_for(epoch, version))
        kept = known.after_push(epoch, version, upto)
        if (
            answer.exact
            and their_version is not None
            and known.pulled_for(their_version) == answer.before
        ):
            # All that is new there came from here, so nothing of it has to come back.
            kept = kept.after_pull(their_version, max(answer.head, answer.before))
        return kept


def _bytes(done: int, total: int) -> Progress:
    return Progress("blobs", "", done, total)
