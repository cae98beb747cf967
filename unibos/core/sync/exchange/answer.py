"""The side that is asked: what a hub, or another node, answers to a peer's round."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from unibos.base.errors import Conflict, Forbidden
from unibos.core.identity.scope import Scope
from unibos.core.store import checkpoints, collections, peers, quarantine, replication
from unibos.core.store.bell import Bell
from unibos.core.store.checkpoints import Checkpoint
from unibos.core.store.peers import Peer
from unibos.core.store.system import reach
from unibos.core.store.transaction import Transaction, View
from unibos.core.sync import export
from unibos.core.sync.exchange import hearing, introducing, planner, sending
from unibos.core.sync.exchange.acknowledged import Acknowledged
from unibos.core.sync.exchange.applying import Applied, apply
from unibos.core.sync.exchange.messages import (
    PAGE_IDS,
    WAIT_S,
    Hello,
    HelloAnswer,
    Ids,
    IdsPage,
    News,
    Pull,
    Pulled,
    Push,
    Pushed,
    Wait,
)
from unibos.core.sync.exchange.quarantine import retry
from unibos.core.sync.exchange.withdrawing import withdraw
from unibos.core.sync.local import Local


class Answer:
    """What peers of all orgs are answered; for one event loop.

    The scope's principal is the peer, which has proved itself; what it names in its messages is
    looked for in its org alone.
    """

    def __init__(self, local: Local, *, wait_s: float = WAIT_S) -> None:
        self._local = local
        self._wait_s = wait_s
        self._bell = Bell(local.store)
        self._waiting: dict[tuple[str, str], asyncio.Timeout] = {}
        self.acknowledged = Acknowledged(local)

    def close(self) -> None:
        """End all waiting, and keep what peers said last."""
        self._bell.close()
        self.acknowledged.keep()

    async def hello(self, scope: Scope, asked: Hello) -> HelloAnswer:
        """Learn how the peer stands, say how this replica does.

        :raises Unavailable: ``export_stopped``, ``epoch_unbelieved``.
        :raises Unsupported: ``protocol_unsupported``.
        """
        introducing.require_protocol(asked)
        local, id_ = self._local, scope.principal.id
        told = hearing.Told(id_, asked.policies or [])
        await export.admit(scope.store, id_, "", "pull")

        def look(view: View) -> tuple[Peer | None, bool]:
            export.require_open(view)
            known = peers.met(view, id_, asked.epoch, "node", asked.name, local.now())
            mine = introducing.introduce(view, local, "node", known).hello
            restored = planner.holds_too_much(mine, asked, local.store.starts)
            return (None if hearing.is_news(view, local, told) else known), restored

        def note(tx: Transaction) -> Peer:
            hearing.learn(tx, local, told)
            return peers.meet(tx, id_, asked.epoch, "node", asked.name)

        known, restored = scope.store.read(look)
        if restored:
            local.rebirths.admit(id_)
            await asyncio.to_thread(local.store.replica.begin)
        peer = await scope.store.awrite(note) if known is None else known
        await withdraw(scope.store, local.instance)
        await retry(local, scope.org)
        await self.acknowledged.hear(scope.org, peer, asked)

        heard = "" if hearing.puts_off(local, told) else asked.digest

        def answer(view: View) -> HelloAnswer:
            said = introducing.introduce(view, local, "node", peer, heard=heard)
            mine = said.hello
            if asked.heard == mine.digest:
                mine = introducing.without_policies(mine)
            definitions = introducing.definitions(view, asked.collections, said.terms)
            return HelloAnswer(mine, definitions, introducing.wants(view, local, asked.collections))

        return scope.store.read(answer)

    async def pull(self, scope: Scope, asked: Pull) -> Pulled:
        """Give changes.

        :raises Conflict: ``epoch_changed``, ``version_changed``, ``hello_first``.
        :raises NotFound: ``collection_not_found``, also for one that the peer may not hear of.
        :raises Unavailable: ``export_stopped``.
        """
        await export.admit(scope.store, scope.principal.id, asked.collection, "pull")
        peer, batch = await scope.store.aread(lambda view: self._batch(view, scope, asked))

        def log(tx: Transaction) -> None:
            if batch.changes:
                # Should it be withdrawn later, it is known who has to hear of it.
                checkpoints.begin(tx, peer.num, asked.collection)
            sending.log(tx, peer.id, asked.collection, "pull", asked.after, batch)

        if batch.changes or batch.blocked:
            await scope.store.awrite(log)
        start = self._local.store.starts.of(batch.upto)
        return Pulled(batch.upto, batch.more, batch.changes, start)

    async def push(self, scope: Scope, asked: Push) -> Pushed:
        """Take changes; all of them are kept when this returns, or none.

        :raises Conflict: ``epoch_changed``, ``hello_first``.
        :raises NotFound: ``collection_not_found`` without its definition.
        :raises Forbidden: ``export_refused``, ``export_over_ceiling``.
        :raises StorageFull: ``quarantine_full``, ``storage_full``.
        """
        introducing.require_epoch(self._local, asked.epoch)
        peer = scope.store.read(
            lambda view: introducing.life(view, scope.principal.id, asked.own_epoch)
        )
        definition = asked.definition
        if definition is not None:
            if definition.name != asked.collection:
                raise _other_definition()
            await scope.store.awrite(lambda tx: introducing.adopt(tx, self._local, definition))
        collection = scope.store.read(lambda view: collections.get(view, asked.collection))
        export.require_place(self._local.kind, collection.name, collection.ceiling)

        def also(tx: Transaction, _: Applied) -> None:
            known = checkpoints.get(tx, peer.num, collection.name)
            if _goes_on(known, asked):
                kept = known.after_pull(asked.version, asked.upto, asked.start)
                checkpoints.put(tx, peer.num, collection.name, kept)
            reach("sync.answered")

        applied = await apply(self._local, scope.org, peer, collection, asked.changes, also=also)
        start = self._local.store.starts.of(applied.head)
        return Pushed(applied.before, applied.head, applied.exact, applied.quarantined, start)

    async def ids(self, scope: Scope, asked: Ids) -> IdsPage:
        """A page of the ids that the peer may have.

        :raises Conflict: ``epoch_changed``, ``version_changed``, ``hello_first``.
        :raises NotFound: ``collection_not_found``.
        :raises Unavailable: ``export_stopped``.
        """
        return await scope.store.aread(lambda view: self._ids(view, scope, asked))

    async def wait(self, scope: Scope, asked: Wait) -> News:
        """Answer when there is something new for the peer, or after 50 seconds, or when it asks
        anew.

        :raises Conflict: ``epoch_changed``, ``hello_first``.
        :raises Unavailable: ``export_stopped``.
        """

        def look(view: View) -> tuple[Peer, set[str]]:
            peer = self._known(view, scope, asked.epoch, asked.own_epoch)
            self._require_heard(scope, peer)
            return peer, checkpoints.named_to(view, peer.id)

        peer, known = scope.store.read(look)
        self.acknowledged.note(scope.org, peer, asked.pulled, known)
        with suppress(TimeoutError):
            async with self._turn(scope):
                while not self._bell.closed:
                    rung = self._bell.next(scope.org)
                    if await scope.store.aread(lambda view: self._is_new(view, scope, asked)):
                        return News(new=True)
                    await rung.wait()
        return News(new=False)

    @asynccontextmanager
    async def _turn(self, scope: Scope) -> AsyncIterator[None]:
        """Wait for one peer, and no more for an earlier question of the same one."""
        key = scope.org, scope.principal.id
        async with asyncio.timeout(self._wait_s) as until:
            before = self._waiting.get(key)
            if before is not None:
                before.reschedule(asyncio.get_running_loop().time())
            self._waiting[key] = until
            try:
                yield
            finally:
                if self._waiting.get(key) is until:
                    del self._waiting[key]

    def _known(self, view: View, scope: Scope, epoch: str, own_epoch: str) -> Peer:
        export.require_open(view)
        introducing.require_epoch(self._local, epoch)
        return introducing.life(view, scope.principal.id, own_epoch)

    def _require_heard(self, scope: Scope, peer: Peer) -> None:
        """Have a peer say hello after each start: which deletions concern it is known from that,
        and was lost with a power cut; and whether this replica was restored."""
        if not self.acknowledged.heard(scope.org, peer):
            raise Conflict("hello_first", "This replica has started anew.")

    def _terms(self, view: View, peer: Peer) -> export.Terms:
        had = checkpoints.of_peer(view, peer.num)
        return export.terms(view, self._local.kind, self._local.instance, peer.kind, had)

    def _batch(self, view: View, scope: Scope, asked: Pull) -> tuple[Peer, sending.Batch]:
        peer = self._known(view, scope, asked.epoch, asked.own_epoch)
        self._require_heard(scope, peer)
        introducing.require_version(view, asked.collection, asked.version)
        terms = self._terms(view, peer)
        introducing.require_offered(terms, asked.collection)
        batch = sending.batch(
            view,
            terms,
            asked.collection,
            asked.after,
            # What lies before it may be on its way there just now.
            had=max(self._had(view, peer, asked.collection), asked.after),
            peer=peer.num,
            everything=asked.everything,
        )
        return peer, batch

    def _had(self, view: View, peer: Peer, collection: str) -> int:
        """The highest ``seq`` of this replica's that the peer is known to have had."""
        said = self.acknowledged.of(view.org, peer, collection)
        return max(checkpoints.had(view, peer.id, collection), said)

    def _ids(self, view: View, scope: Scope, asked: Ids) -> IdsPage:
        peer = self._known(view, scope, asked.epoch, asked.own_epoch)
        terms = self._terms(view, peer)
        introducing.require_offered(terms, asked.collection)
        said = introducing.introduce(view, self._local, peer.kind, peer)
        if said.hello.digest != asked.heard:
            raise Conflict("version_changed", "What may be told has changed.")
        page = list(replication.by_id(view, asked.collection, asked.after, PAGE_IDS))
        last = page[-1].id if len(page) == PAGE_IDS else ""
        # A deletion of which the peer will not be told either is not there: else it would keep
        # the record.
        had = self._had(view, peer, asked.collection)
        ids = [
            each.id
            for each in page
            if terms.allows(asked.collection, each.authors())
            and sending.is_news(each, had, peer.num)
        ]
        # What the peer gave and cannot be taken yet is there all the same.
        ids += quarantine.ids(view, peer.id, asked.collection, asked.after, last)
        return IdsPage(ids, last)

    def _is_new(self, view: View, scope: Scope, asked: Wait) -> bool:
        peer = self._known(view, scope, asked.epoch, asked.own_epoch)
        said = introducing.introduce(view, self._local, peer.kind, peer)
        if said.hello.digest != asked.heard:
            return True
        for head in said.hello.collections:
            version, pulled = asked.pulled.get(head.name, (0, 0))
            after = pulled if version == head.version else 0
            if head.seq > after and replication.newer(view, head.name, after, peer.num):
                return True
        return False


def _goes_on(known: Checkpoint, asked: Push) -> bool:
    """Whether with a push all up to its end is here. It is not where it was on its way for long,
    and what comes before it was lost by a restore meanwhile."""
    return asked.after <= known.pulled_for(asked.version)


def _other_definition() -> Forbidden:
    return Forbidden("definition_refused", "The definition is not of the collection it came with.")
