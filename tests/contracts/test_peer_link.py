"""What every way to a peer must do, over HTTP as in one process."""

import asyncio
import hashlib
import json
import os
import time
from contextlib import asynccontextmanager

import pytest

from tests.core.identity.federation.fellows import Word
from tests.core.sync.blob_replicas import files
from tests.core.sync.replicas import plain
from tests.transports.http.peer_nodes import Node, hello
from unibos.base.errors import Conflict, Error, Invalid, NotFound, Unavailable
from unibos.core.store import blobs, meta
from unibos.core.store.definitions import Export
from unibos.core.sync.exchange.messages import BlobsOffered, Ids, Pull, Wait
from unibos.core.sync.exchange.round import Round
from unibos.transports.http import peer_client

SIZE = 300_000


@asynccontextmanager
async def direct(asker, other):
    other.replica.begin()
    yield other.replica.link(asker.replica)
    other.replica.end()


@asynccontextmanager
async def https(asker, other):
    async with other.serve() as url, asker.link(url) as link:
        yield link


@pytest.fixture(params=[direct, https], ids=["direct", "https"])
def way(request):
    return request.param


@pytest.fixture
def world(tmp_path):
    """Two nodes of one org, with the same two collections."""
    word = Word(time.monotonic)
    nodes = [Node(tmp_path, word, name) for name in ("kitchen", "garden")]
    for node in nodes:
        node.replica.declare(plain(export=Export.NODES))
        node.replica.declare(files(export=Export.NODES))
    yield nodes
    for node in nodes:
        node.close()


def run(story):
    return asyncio.run(asyncio.wait_for(story, 60))


async def refused(call):
    with pytest.raises(Error) as error:
        await call
    return error.value


async def met(kitchen, garden, link):
    """The epochs, once they have met in a whole round."""
    kitchen.replica.begin()
    await Round(kitchen.replica.local, kitchen.replica.org, link).run()
    kitchen.replica.end()
    return garden.replica.local.epoch, kitchen.replica.local.epoch


def version(node):
    return node.replica.home.read(
        lambda view: view.connection.execute(
            "SELECT version FROM collections WHERE org = ? AND name = 'things'",
            (node.replica.org,),
        ).fetchone()[0]
    )


def test_a_hello_tells_who_answers(world, way):
    kitchen, garden = world

    async def story():
        async with way(kitchen, garden) as link:
            answer = await link.hello(hello(kitchen))
            assert (answer.hello.name, answer.hello.epoch) == (
                "garden",
                garden.replica.local.epoch,
            )
            assert (link.peer, link.kind) == (garden.key.id, "node")

    run(story())


def test_changes_come_as_they_are(world, way):
    """Texts, numbers, emptiness; a deletion; a record of almost a whole message."""
    kitchen, garden = world
    data = {"title": "Çay \u2028 \U0001f375", "n": 2**53 - 1, "f": 0.1, "e": {"": [None, True]}}
    kept = garden.replica.create(**data)
    large = garden.replica.create(title="x" * 1_000_000)
    gone = garden.replica.create(title="gone")

    async def story():
        async with way(kitchen, garden) as link:
            epochs = await met(kitchen, garden, link)
            assert kitchen.replica.data()[kept] == data
            assert len(kitchen.replica.data()[large]["title"]) == 1_000_000
            asked = Pull(*epochs, "things", version(garden), 0, everything=True)
            pulled = {one.id: one for one in (await link.pull(asked)).changes}
            assert json.loads(bytes(pulled[kept].data)) == data
            garden.replica.delete(gone)
            await met(kitchen, garden, link)

    run(story())
    assert kitchen.replica.states() == garden.replica.states()


def test_what_is_given_is_kept_when_it_is_answered(world, way):
    kitchen, garden = world
    made = [kitchen.replica.create(title=str(number)) for number in range(700)]

    async def story():
        async with way(kitchen, garden) as link:
            await met(kitchen, garden, link)

    run(story())
    assert garden.replica.data().keys() == set(made)


def test_ids_come_in_their_order(world, way):
    kitchen, garden = world
    made = sorted(garden.replica.create(title=str(number)) for number in range(20))

    async def story():
        async with way(kitchen, garden) as link:
            epochs = await met(kitchen, garden, link)
            heard = (await link.hello(hello(kitchen))).hello.digest
            page = await link.ids(Ids(*epochs, heard, "things", made[4]))
            assert page.ids == made[5:]

    run(story())


def test_a_wait_ends_with_news_or_after_a_while(world, way):
    kitchen, garden = world

    async def story():
        async with way(kitchen, garden) as link:
            epochs = await met(kitchen, garden, link)
            said = (await link.hello(hello(kitchen))).hello
            head = {one.name: (one.version, one.seq) for one in said.collections}
            asked = Wait(*epochs, said.digest, head)
            assert (await link.wait(asked)).new is False
            waiting = asyncio.create_task(link.wait(asked))
            await asyncio.sleep(0)
            garden.replica.create(title="news")
            while not (await waiting).new:
                waiting = asyncio.create_task(link.wait(asked))

    run(story())


def test_others_are_answered_while_one_waits(world, way):
    kitchen, garden = world

    async def story():
        async with way(kitchen, garden) as link:
            epochs = await met(kitchen, garden, link)
            waiting = [asyncio.create_task(link.wait(Wait(*epochs, "", {}))) for _ in range(3)]
            await asyncio.gather(*(link.hello(hello(kitchen)) for _ in range(5)))
            await asyncio.gather(*waiting)

    run(story())


def test_refusals_keep_their_kind_their_code_and_their_facts(world, way):
    kitchen, garden = world

    async def story():
        async with way(kitchen, garden) as link:
            _, own = await met(kitchen, garden, link)
            error = await refused(link.pull(Pull("another", own, "things", 1, 0)))
            assert (type(error), error.code) == (Conflict, "epoch_changed")
            error = await refused(anext(link.get_blob("0" * 64, 0)))
            assert (type(error), error.code) == (NotFound, "blob_not_found")
            stop = lambda tx: meta.put(tx, "export_stopped", "1")  # noqa: E731
            garden.replica.home.write(stop)
            for call in (
                link.hello(hello(kitchen)),
                link.pull(Pull(garden.replica.local.epoch, own, "things", 1, 0)),
                anext(link.get_blob("0" * 64, 0)),
            ):
                error = await refused(call)
                assert (type(error), error.code) == (Unavailable, "export_stopped")

    run(story())


async def pieces(data, step=65_536):
    for at in range(0, len(data), step):
        yield data[at : at + step]


async def waited_for(kitchen, garden, link, data):
    """Have the garden wait for a blob that a record of the kitchen names; its name."""
    name = hashlib.sha256(data).hexdigest()
    kitchen.replica.create("files", sha256=name)
    await met(kitchen, garden, link)
    assert garden.replica.home.read(lambda view: blobs.waited_for(view, name))
    return name


def stored(node, name):
    path = node.replica.store.blobs.path(name)
    return path.read_bytes() if path.exists() else None


@pytest.mark.parametrize("size", [0, 1, 65_536, SIZE])
def test_a_blob_arrives(world, way, size, monkeypatch):
    monkeypatch.setattr(peer_client, "PART_BYTES", 100_000)
    kitchen, garden = world
    data = os.urandom(size)

    async def story():
        async with way(kitchen, garden) as link:
            name = await waited_for(kitchen, garden, link, data)
            answer = await link.offer(BlobsOffered({name: size}))
            assert answer.wanted == {name: 0}
            await link.put_blob(name, 0, size, pieces(data))
            assert stored(garden, name) == data
            # What has arrived is offered back, and taken from any byte on.
            for offset in {0, size // 3, max(0, size - 1)}:
                got = [piece async for piece in link.get_blob(name, offset)]
                assert b"".join(got) == data[offset:]

    run(story())


@pytest.mark.parametrize("cut", [0, 1, 65_535, 65_536, 100_000, 100_001, SIZE - 1])
def test_a_blob_goes_on_after_a_cut_at_any_byte(world, way, cut, monkeypatch):
    monkeypatch.setattr(peer_client, "PART_BYTES", 100_000)
    kitchen, garden = world
    data = os.urandom(SIZE)

    async def broken():
        async for piece in pieces(data[:cut]):
            yield piece
        raise OSError("the disk of the asker")

    async def story():
        async with way(kitchen, garden) as link:
            name = await waited_for(kitchen, garden, link, data)
            with pytest.raises((OSError, Error)):
                await link.put_blob(name, 0, SIZE, broken())
            while True:
                here = (await link.offer(BlobsOffered({name: SIZE}))).wanted[name]
                assert here <= cut
                try:
                    await link.put_blob(name, here, SIZE, pieces(data[here:]))
                    break
                except Conflict as error:
                    # The answerer has not noticed yet that the first one is over.
                    if error.code not in ("upload_in_progress", "upload_offset_wrong"):
                        raise
            assert stored(garden, name) == data

    run(story())


@pytest.mark.parametrize("right", [True, False])
def test_a_blob_is_finished_whose_bytes_have_all_come(world, way, right):
    """The power failed between the last byte and the name."""
    kitchen, garden = world
    data = os.urandom(1000)

    async def story():
        async with way(kitchen, garden) as link:
            name = await waited_for(kitchen, garden, link, data)
            upload = garden.replica.store.blobs.resume(garden.replica.org, name, 1000)
            upload.write(data if right else bytes(1000))
            upload.pause()
            assert (await link.offer(BlobsOffered({name: 1000}))).wanted == {name: 1000}
            if right:
                await link.put_blob(name, 1000, 1000, pieces(b""))
                assert stored(garden, name) == data
            else:
                error = await refused(link.put_blob(name, 1000, 1000, pieces(b"")))
                assert error.code == "blob_hash_mismatch"

    run(story())


def test_a_part_from_the_wrong_byte_on_is_told_the_right_one(world, way):
    kitchen, garden = world
    data = os.urandom(1000)

    async def story():
        async with way(kitchen, garden) as link:
            name = await waited_for(kitchen, garden, link, data)
            error = await refused(link.put_blob(name, 10, 1000, pieces(data[10:])))
            assert (type(error), error.code) == (Conflict, "upload_offset_wrong")
            assert error.facts["received"] == 0

    run(story())


def test_bytes_of_another_blob_are_not_kept(world, way):
    kitchen, garden = world

    async def story():
        async with way(kitchen, garden) as link:
            name = await waited_for(kitchen, garden, link, b"right")
            error = await refused(link.put_blob(name, 0, 5, pieces(b"wrong")))
            assert (type(error), error.code) == (Invalid, "blob_hash_mismatch")
            assert stored(garden, name) is None
            assert (await link.offer(BlobsOffered({name: 5}))).wanted == {name: 0}

    run(story())


def test_a_blob_that_nobody_waits_for(world, way):
    kitchen, garden = world
    name = hashlib.sha256(b"unasked").hexdigest()

    async def story():
        async with way(kitchen, garden) as link:
            await met(kitchen, garden, link)
            assert (await link.offer(BlobsOffered({name: 7}))).wanted == {}
            error = await refused(link.put_blob(name, 0, 7, pieces(b"unasked")))
            assert (type(error), error.code) == (NotFound, "blob_not_wanted")
            assert stored(garden, name) is None

    run(story())


def test_reading_may_end_anywhere(world, way):
    kitchen, garden = world
    data = os.urandom(SIZE)

    async def story():
        async with way(kitchen, garden) as link:
            name = await waited_for(kitchen, garden, link, data)
            await link.put_blob(name, 0, SIZE, pieces(data))
            reading = link.get_blob(name, 0)
            first = await anext(reading)
            await reading.aclose()
            rest = [piece async for piece in link.get_blob(name, len(first))]
            assert first + b"".join(rest) == data

    run(story())


def test_bytes_are_counted(world, way):
    kitchen, garden = world

    async def story():
        async with way(kitchen, garden) as link:
            assert (link.sent_bytes, link.received_bytes) == (0, 0)
            await link.hello(hello(kitchen))
            before = link.sent_bytes, link.received_bytes
            assert min(before) > 100
            await link.hello(hello(kitchen))
            assert link.sent_bytes > before[0]
            assert link.received_bytes > before[1]

    run(story())


def test_it_can_be_closed_twice(world, way):
    kitchen, garden = world

    async def story():
        async with way(kitchen, garden) as link:
            await link.hello(hello(kitchen))
            await link.close()
            await link.close()

    run(story())
