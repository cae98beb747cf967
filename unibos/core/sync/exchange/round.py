"""A round with one peer, by the side that asks: hello, pull, push, blobs.

Everything that was exchanged is kept as it goes, so a round may end at any point and the next one
goes on from there. Pull comes before push: what both have changed is merged here, where a person
sees what lost.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from functools import partial

import msgspec

from unibos.base.errors import Conflict, Error, Forbidden, Unavailable
from unibos.core.store import checkpoints, peers
from unibos.core.store.peers import Peer
from unibos.core.store.transaction import Transaction, View
from unibos.core.sync import export
from unibos.core.sync.exchange import hearing, introducing, planner
from unibos.core.sync.exchange.introducing import Introduction
from unibos.core.sync.exchange.link import PeerLink
from unibos.core.sync.exchange.messages import (
    Hello,
    HelloAnswer,
    Wait,
)
from unibos.core.sync.exchange.planner import PullStep, PushStep
from unibos.core.sync.exchange.progress import Outcome, Progress, Told, Trouble
from unibos.core.sync.exchange.pulling import Pulling
from unibos.core.sync.exchange.pushing import Pushing
from unibos.core.sync.exchange.quarantine import retry
from unibos.core.sync.exchange.withdrawing import withdraw
from unibos.core.sync.local import Local

log = logging.getLogger(__name__)

_BEGIN_AGAIN = frozenset({"epoch_changed", "version_changed", "hello_first", "export_refused"})
"""What the two have said to each other holds no longer: another hello makes it right."""

_TRIES = 4


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
        self._last = False
        self._fetched = ""

    async def run(self, told: Told = _nobody, *, pull: bool = True, push: bool = True) -> Outcome:
        """One whole round.

        :raises Unavailable: ``export_stopped``; ``epoch_unbelieved``; ``peer_unreachable``; and
            what else a peer refuses with. What was exchanged until then is kept.
        """
        async with self._turn:
            for left in reversed(range(_TRIES)):
                try:
                    self._last = not left
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
        silent = pull and self._store.read(self._is_to_fetch)
        answer, peer = await self._hello(silent=silent)
        theirs = answer.hello
        clock = self._local.wall or self._local.now
        outcome = Outcome(peer.id, peer.name, skew_ms=clock() - theirs.time)
        for definition in answer.definitions:
            with self._alone(definition.name, outcome):
                await self._store.awrite(
                    partial(introducing.adopt, local=self._local, told=definition)
                )
        await withdraw(self._store, self._local.instance)
        await retry(self._local, self._store.org)
        if pull:
            await self._pull_all(peer, theirs, outcome, told)
        if silent:
            self._fetched = self._local.epoch
            answer, peer = await self._hello()
        if push:
            await self._push_all(peer, answer.hello, frozenset(answer.wants), outcome, told)
        await self._blobs(self._link, peer, lambda done, all_: told(_bytes(done, all_)))
        return outcome

    def _is_to_fetch(self, view: View) -> bool:
        """Whether this replica was restored, and has not taken back since what the peer has. Until
        it has, it does not say what may not be there any more: nobody else may have it."""
        known = checkpoints.of_instance(view, self._link.peer)
        epochs = {checkpoint.own_epoch for checkpoint in known}
        return self._fetched != self._local.epoch and bool(epochs - {"", self._local.epoch})

    async def _hello(self, *, silent: bool = False) -> tuple[HelloAnswer, Peer]:
        """Begin; ``silent``: without a word on policies."""
        await export.admit(self._store, self._link.peer, "", "push")
        said = self._store.read(self._introduction).hello
        if silent:
            said = msgspec.structs.replace(said, digest="")
        asked = said
        if silent or self._told == (said.holds, said.digest):
            asked = introducing.without_policies(said)
        answer = await self._link.hello(asked)
        theirs = answer.hello
        introducing.require_protocol(theirs)
        peer = await self._meet(answer)
        self._peer = peer
        if said.holds != peer.epoch and self._store.read(partial(_has_shared, peer=peer)):
            # It was restored to a life before the last one: what is held of that one shows it.
            raise Conflict("epoch_changed", "The peer is in another of its lives.")
        # What they put off, because it is of the future to them, is told again.
        self._told = (peer.epoch, said.digest) if theirs.heard == said.digest else ("", "")
        self._heard = theirs.digest
        if planner.holds_too_much(said, theirs, self._local.store.starts):
            self._local.rebirths.admit(peer.id)
            await asyncio.to_thread(self._local.store.replica.begin)
            raise Conflict("epoch_changed", "This replica was restored or cloned.")
        return answer, peer

    def _introduction(self, view: View) -> Introduction:
        export.require_open(view)
        peer = self._peer or peers.latest(view).get(self._link.peer)
        return introducing.introduce(view, self._local, self._link.kind, peer, heard=self._heard)

    async def _meet(self, answer: HelloAnswer) -> Peer:
        theirs, link = answer.hello, self._link
        policies = hearing.Told(link.peer, theirs.policies or [])

        def look(view: View) -> Peer | None:
            if hearing.is_news(view, self._local, policies):
                return None
            now = self._local.now()
            return peers.met(view, link.peer, theirs.epoch, link.kind, theirs.name, now)

        def note(tx: Transaction) -> Peer:
            hearing.learn(tx, self._local, policies)
            return peers.meet(tx, link.peer, theirs.epoch, link.kind, theirs.name)

        known = self._store.read(look)
        return await self._store.awrite(note) if known is None else known

    async def _pull_all(self, peer: Peer, theirs: Hello, outcome: Outcome, told: Told) -> None:
        def look(view: View) -> list[PullStep]:
            said = introducing.introduce(view, self._local, self._link.kind, peer)
            lives = peers.of_instance(view, peer.id)
            another = len(lives) > 1 or self._local.store.replica.reborn
            return planner.pulls(said.hello, theirs, said.checkpoints, another_life=another)

        pulling = Pulling(self._local, self._store, self._link, peer, self._heard, outcome, told)
        for step in self._store.read(look):
            with self._alone(step.collection, outcome):
                await pulling.run(step)

    @contextmanager
    def _alone(self, collection: str, outcome: Outcome) -> Iterator[None]:
        """Have trouble with one collection not hold up the others."""
        try:
            yield
        except Unavailable:
            raise
        except Error as error:
            refused = self._last and error.code == "export_refused"
            if error.code in _BEGIN_AGAIN and not refused:
                raise
            told = {"collection": collection, "code": error.code, "detail": error.detail}
            log.warning("a collection could not be exchanged", extra=told)
            outcome.troubles.append(Trouble(collection, error.code, error.detail))

    async def _push_all(
        self, peer: Peer, theirs: Hello, wants: frozenset[str], outcome: Outcome, told: Told
    ) -> None:
        def look(view: View) -> list[PushStep]:
            said = introducing.introduce(view, self._local, self._link.kind, peer)
            return planner.pushes(said.hello, theirs, said.checkpoints, wants)

        versions = {head.name: head.version for head in theirs.collections}
        pushing = Pushing(self._local, self._store, self._link, peer, outcome, told)
        for step in self._store.read(look):
            with self._alone(step.collection, outcome):
                await pushing.run(step, versions.get(step.collection))


def _has_shared(view: View, peer: Peer) -> bool:
    return bool(checkpoints.of_peer(view, peer.num))


def _bytes(done: int, total: int) -> Progress:
    return Progress("blobs", "", done, total)
