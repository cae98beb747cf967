"""Who may have a blob, and when nobody may: authorisation, the kill switch, the export log."""

import pytest

from tests.core.sync.blob_replicas import Keeper, files, name_of, some_bytes
from tests.core.sync.replicas import plain, run
from unibos.base.errors import Error, NotFound, Unavailable
from unibos.core.store import blobs, export_log, peers
from unibos.core.store.definitions import Export
from unibos.core.sync import export
from unibos.core.sync.exchange.messages import BlobsOffered

DATA = some_bytes(700_000)
NAME = name_of(DATA)


@pytest.fixture
def make(tmp_path):
    made = []

    def one(name, kind="node", **more):
        replica = Keeper(tmp_path / name, name, kind, **more)
        made.append(replica)
        return replica

    yield one
    for replica in made:
        replica.close()


@pytest.fixture
def family(make):
    """A hub and two nodes that share ``files``."""
    hub, a, b = make("hub", "hub"), make("a"), make("b")
    for node in (a, b):
        node.declare(files())
    return hub, a, b


async def refused(link, sha256):
    """The code with which a peer refuses a blob."""
    with pytest.raises(Error) as caught:
        async for _ in link.get_blob(sha256, 0):
            pass
    return caught.value.code


def test_a_peer_gets_only_what_a_record_lets_go(make):
    hub, a, b = make("hub", "hub"), make("a"), make("b")
    a.declare(files())
    a.declare(files("diary", Export.LOCAL))
    a.declare(plain())
    b.declare(files())
    a.take_in(b"for all")
    a.take_in(b"for me", "diary")
    alone = a.store_bytes(b"named by no record")
    a.home.write(lambda tx: blobs.add(tx, alone))
    gone = a.take_in(b"deleted")
    a.purge(gone)

    async def do():
        assert await refused(a.link(b), name_of(b"for all")) == "hello_first"
        await b.sync(a)
        assert b.bytes_of(name_of(b"for all")) == b"for all"
        for data in (b"for me", b"named by no record", b"deleted", b"never there"):
            assert await refused(a.link(b), name_of(data)) == "blob_not_found"
        asked = [name_of(data) for data in (b"for all", b"for me", b"named by no record")]
        answer = await a.link(b).offer(BlobsOffered(asked=asked))
        assert answer.there == {name_of(b"for all"): 7}
        await a.sync(hub)

    run(hub, a, b, do=do)
    assert hub.bytes_of(name_of(b"for me")) == "blob_not_found"


def test_what_a_record_names_no_more_is_none(make):
    a, b = make("a"), make("b")
    a.declare(files())
    b.declare(files())
    made = a.take_in(DATA)

    async def do():
        a.patch(made, "files", sha256="0" * 64)
        await b.sync(a)
        assert await refused(a.link(b), NAME) == "blob_not_found"

    run(a, b, do=do)
    assert a.bytes_of(NAME) == DATA


def test_another_orgs_blob_is_none(tmp_path, make):
    hub, a = make("hub", "hub"), make("a")
    a.declare(files())
    a.take_in(DATA)
    other = Keeper(tmp_path / "x", "x", org="01a207db-7f80-7000-8000-00000000000b")
    other.declare(files())

    async def do():
        await a.sync(hub)
        link = hub.link(other)
        there = hub.scope(other)
        stranger = type(there)(other.org, hub.store.org(other.org), there.principal, there.role)
        link._scope = lambda: stranger
        assert await refused(link, NAME) == "hello_first"
        hub.store.write(lambda tx: peers.meet(tx, other.instance, "e", "node", "x"), other.org)
        assert await refused(link, NAME) == "blob_not_found"

        async def bytes_():
            yield DATA

        # What another org has is no proof of having it.
        with pytest.raises(NotFound):
            await link.put_blob(NAME, 0, len(DATA), bytes_())

    run(hub, a, other, do=do)
    other.close()


def test_nothing_is_taken_that_nothing_waits_for(family):
    hub, a, b = family
    a.take_in(DATA)

    async def chunks(data):
        yield data

    async def do():
        await a.sync(hub)
        with pytest.raises(NotFound) as caught:
            await hub.link(a).put_blob(name_of(b"x"), 0, 1, chunks(b"x"))
        assert caught.value.code == "blob_not_wanted"

    run(hub, a, b, do=do)
    assert hub.bytes_of(name_of(b"x")) == "blob_not_found"


class Stopping:
    """Turns the kill switch on in the middle of a blob."""

    def __init__(self, way, replica):
        self._way = way
        self._replica = replica
        self.carried = 0

    def __getattr__(self, name):
        return getattr(self._way, name)

    async def _counted(self, chunks):
        async for chunk in chunks:
            self.carried += len(chunk)
            yield chunk
            await self._replica.home.awrite(export.stop)

    async def put_blob(self, sha256, offset, size, chunks):
        await self._way.put_blob(sha256, offset, size, self._counted(chunks))

    async def get_blob(self, sha256, offset):
        async for chunk in self._counted(self._way.get_blob(sha256, offset)):
            yield chunk


@pytest.mark.parametrize("who", ["giver", "hub"])
def test_the_kill_switch_stops_a_blob_within_a_chunk(family, who):
    hub, a, b = family
    a.take_in(DATA)

    async def do():
        if who == "hub":
            await a.sync(hub)
        asker = b if who == "hub" else a
        way = Stopping(asker.way(hub), hub if who == "hub" else a)
        with pytest.raises(Unavailable) as caught:
            await asker.sync(hub, way)
        assert caught.value.code == "export_stopped"
        assert 0 < way.carried <= 1 << 20
        assert way.carried < len(DATA)

    run(hub, a, b, do=do)


def test_what_goes_out_is_in_the_export_log(family):
    hub, a, b = family
    a.take_in(DATA)

    async def do():
        await a.sync(hub)
        await b.sync(hub)

    run(hub, a, b, do=do)
    for sender, receiver in ((a, hub), (hub, b)):
        page = sender.home.read(lambda view: export_log.page(view, None, 100))
        entries = [each for each in page if each.way == "blob"]
        assert [
            (each.peer, each.collection, each.records, each.bytes, each.blocked) for each in entries
        ] == [(receiver.instance, "files", 1, len(DATA), None)]
