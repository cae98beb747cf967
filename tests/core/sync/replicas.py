"""Replicas for the tests of sync: stores of their own, joined by plain calls."""

import asyncio
from contextlib import suppress

import msgspec

from unibos.base.clock import COUNTER_BITS
from unibos.core.identity.scope import Principal, Role, Scope
from unibos.core.store import collections, conflicts, policies, records
from unibos.core.store.definitions import Collection, Export, Search, Strategy
from unibos.core.store.drafts import Schema
from unibos.core.store.store import Store
from unibos.core.sync.blobs.blobs import BlobAnswer
from unibos.core.sync.direct import DirectLink
from unibos.core.sync.exchange.answer import Answer
from unibos.core.sync.exchange.round import Round
from unibos.core.sync.local import Local

ORG = "01a207db-7f80-7000-8000-00000000000a"
START_MS = 1_780_000_000_000


def plain(name="things", export=Export.HUB, strategy=Strategy.FIELDS, **more):
    """A collection that takes everything."""
    return Collection(name, Schema({}), strategy, export, search=Search("title"), **more)


class Clock:
    """A wall clock that the test moves."""

    def __init__(self, ms=START_MS):
        self.ms = ms

    def __call__(self):
        return self.ms


class Replica:
    """One replica of one org, in a folder of its own."""

    def __init__(self, folder, name, kind="node", *, clock=None, org=ORG, instance=None):
        self.folder = folder
        self.name = name
        self.instance = instance or f"{name}-instance"
        self.kind = kind
        self.org = org
        self.clock = clock or Clock()
        self.rounds = {}
        self.open()

    def open(self):
        """Start, also after :meth:`close` or a crash."""
        self.store = Store(self.folder, "node", self.instance, wall=self.clock)
        self.home = self.store.org(self.org)
        self.local = Local(
            self.store, self.instance, self.kind, lambda: self.name, frozenset(), self.clock
        )

    def begin(self):
        """Make what belongs to the running event loop."""
        self.answer = Answer(self.local, wait_s=0.2)
        self.blobs = BlobAnswer(self.local)
        self.rounds = {}

    def end(self):
        self.answer.close()

    def close(self):
        self.store.close()

    def scope(self, asker):
        return Scope(
            self.org, self.home, Principal("node", asker.instance, asker.name), Role.VIEWER
        )

    def link(self, asker):
        return DirectLink(
            self.instance, self.kind, self.answer, self.blobs, lambda: self.scope(asker)
        )

    async def sync(self, other, **more):
        """A round with another replica, which this one asks."""
        known = self.rounds.get(other.instance)
        if known is None:
            known = self.rounds[other.instance] = Round(self.local, self.org, other.link(self))
        return await known.run(**more)

    def declare(self, collection):
        self.home.write(lambda tx: collections.declare(tx, collection))

    def export(self, name, export):
        return self.home.write(lambda tx: policies.set_own(tx, name, export))

    def create(self, collection="things", **data):
        def make(tx):
            found = collections.get(tx, collection)
            return records.create(tx, collection, found.draft(data))

        return self.home.write(make).id

    def patch(self, id_, collection="things", **data):
        def change(tx):
            found = collections.get(tx, collection)
            return records.patch(tx, collection, id_, data, found.draft)

        return self.home.write(change)

    def delete(self, id_, collection="things"):
        self.home.write(lambda tx: records.delete(tx, collection, id_))

    def data(self, collection="things"):
        """All records' data by id."""
        rows = self.home.read(
            lambda view: view.connection.execute(
                "SELECT id, data FROM records WHERE org = ? AND collection = ? AND deleted = 0",
                (self.org, collection),
            ).fetchall()
        )
        return {id_: msgspec.json.decode(text) for id_, text in rows}

    def states(self, collection="things"):
        """All records' whole states, deletions included, to be compared between replicas."""
        rows = self.home.read(
            lambda view: view.connection.execute(
                "SELECT id, hlc, origin, data, field_clocks, seen, deleted FROM records"
                " WHERE org = ? AND collection = ?",
                (self.org, collection),
            ).fetchall()
        )
        return {row[0]: (*row[1:3], msgspec.json.decode(row[3]), *row[4:]) for row in rows}

    def conflicts(self):
        return self.home.read(lambda view: conflicts.some(view, None, 1000))

    def tick(self, ms=1000):
        self.clock.ms += ms


def later_than(replica, ms):
    """A hybrid reading so much later than a replica's clock."""
    return (replica.clock.ms + ms) << COUNTER_BITS


def run(*replicas, do):
    """Run a story with these replicas in an event loop of its own."""

    async def story():
        for replica in replicas:
            replica.begin()
        try:
            return await do()
        finally:
            for replica in replicas:
                with suppress(Exception):
                    replica.end()

    return asyncio.run(story())
