"""A hub and two nodes that write, meet, begin new epochs, forget each other and collect tombstones:
what must stay deleted, whatever they do and in whichever order."""

import tempfile
from contextlib import ExitStack
from pathlib import Path

from tests.core.sync.replicas import ORG, Clock, Replica, plain, run
from unibos.core.store import checkpoints, nodes, peers
from unibos.core.store.nodes import NodeRow
from unibos.core.sync.collecting import Collecting

DAY_MS = 24 * 3_600_000
HUB, A, B = range(3)
THE_LAST_OF_THE_HUB = 3


def buried(replica):
    """Ids of records that only a tombstone is left of."""
    return {id_ for id_, state in replica.states().items() if state[-1]}


def collect(replica, days=7):
    return Collecting(replica.local, days)()


def join(hub, node):
    """Write the node down at its hub, as joining does."""
    now = hub.clock.ms
    row = NodeRow(ORG, node.instance, node.name, "key", "token", "{}", now, now, now)

    def put(tx):
        tx.connection.execute(
            "INSERT INTO orgs (id, name, type, created_at) VALUES (?, 'Org', 'team', 0)"
            " ON CONFLICT DO NOTHING",
            (ORG,),
        )
        nodes.put(tx, row)

    hub.home.write(put)


def agree(steps):
    """A family that goes these steps has what is not deleted, and the same everywhere."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        family = Family(Path(folder), stack)
        run(*family.replicas, do=lambda: family.go(steps))
        hub = family.replicas[0]
        for one in family.replicas:
            assert not family.deleted & set(one.data())
            assert one.data() == hub.data()
    return family


class Family:
    """A hub and two nodes; all that was ever deleted at one of them, and has to stay so.

    Who forgets a peer collects deletions that it lacks. If it comes back, and asks the one who
    forgot it, a census finds them. Where no census can, it may bring back what it has: if it meets
    another replica first, if it had met another before it was forgotten, or if the one who forgot
    it has begun a new epoch, because what is absent after a restore was perhaps not deleted but
    lost.

    :param made: ids, in the order in which they were made, so that the same steps do the same.
    :param forgotten: (who, whom), until the latter asks the former.
    :param reborn: the same pairs, if the former has begun a new epoch since the latter asked it.
    :param given: by (who, id), who gave somebody a deleted record again that had collected its
        tombstone.
    """

    def __init__(self, folder, stack):
        clock = Clock()
        self.replicas = [
            Replica(folder / name, name, "node" if name != "hub" else "hub", clock=clock)
            for name in ("hub", "a", "b")
        ]
        self.made = []
        self.deleted = set()
        self.forgotten = set()
        self.reborn = set()
        self.given = {}
        for one in self.replicas:
            stack.callback(one.close)
            one.declare(plain())
        for one in self.replicas[1:]:
            join(self.replicas[0], one)

    async def go(self, steps):
        hub, *nodes_ = self.replicas
        for one in (hub, *nodes_, hub):
            await self.create(one)
        for _ in range(2):
            for node in nodes_:
                await self.meet(node, hub)
        for step, who, *about in steps:
            await getattr(self, step)(self.replicas[who % 3], *about)
        for _ in range(3):
            for node in nodes_:
                await self.meet(node, hub)

    async def meet(self, asker, asked):
        """A round of one with another."""
        unknown = {}
        for one, other in ((asker, asked), (asked, asker)):
            unknown[one, other] = self.deleted & set(one.data()) - set(other.states())
            asks = other if one is asker else None
            self.deleted -= {
                id_ for id_ in unknown[one, other] if self._may_bring_back(one, id_, asks)
            }
        await asker.sync(asked)
        for (one, other), ids in unknown.items():
            for id_ in ids & set(other.data()):
                givers = self.given.get((one.name, id_), set())
                self.given[other.name, id_] = givers | {one.name}
        self.forgotten.discard((asked.name, asker.name))
        self.reborn.discard((asked.name, asker.name))

    def _may_bring_back(self, one, id_, asks):
        """Whether one may have another take a record whose deletion the other has collected.

        :param asks: whom it asks; None: it is asked.
        """
        if self.given.get((one.name, id_), set()) & {whom for _, whom in self.forgotten}:
            return True
        by = {who for who, whom in self.forgotten if whom == one.name}
        found_by_census = asks and asks.name in by and (asks.name, one.name) not in self.reborn
        return by and not found_by_census

    async def create(self, one):
        self.made.append(one.create(title=one.name))

    async def delete(self, one, which):
        data = one.data()
        present = [id_ for id_ in self.made if id_ in data]
        if present:
            gone = present[which % len(present)]
            one.delete(gone)
            self.deleted.add(gone)
            for known in [known for known in self.given if known[1] == gone]:
                del self.given[known]

    async def sync(self, one, with_whom):
        other = self.replicas[with_whom]
        if other is not one:
            await self.meet(one, other)
            other.answer.acknowledged.keep()

    async def begin(self, one):
        one.store.replica.begin()
        self.reborn |= {(one.name, other.name) for other in self.replicas if other is not one}

    async def forget(self, one, whom):
        if whom:
            # A hub is asked and never asks: what a node deleted it hears from that node alone.
            peer = self.replicas[whom]
            if one.home.write(lambda tx: peers.retire(tx, peer.instance)):
                self.forgotten.add((one.name, peer.name))

    async def collect(self, one):
        one.tick(9 * DAY_MS)
        before = buried(one)
        collect(one)
        gone = before - buried(one)
        waited = one.home.read(lambda view: checkpoints.of_collection(view, "things"))
        ids = {peer.id for peer in one.home.read(peers.lives) if peer.num in waited}
        for other in self.replicas:
            if other.instance in ids:
                # Who collected it, and took the record again, had acknowledged it before.
                again = {id_ for name, id_ in self.given if name == other.name}
                kept = gone & set(other.data()) - again
                assert not kept, "a peer that is waited for has it yet"
