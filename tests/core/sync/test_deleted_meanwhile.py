"""What is deleted in the middle of a round, or while the peer that is asked starts anew, goes."""

import itertools

import pytest

from tests.core.sync.replicas import Replica, plain, run
from unibos.core.sync.direct import DirectLink
from unibos.core.sync.exchange import sending
from unibos.core.sync.exchange.acknowledged import Acknowledged
from unibos.core.sync.exchange.round import Round


@pytest.fixture
def pair(tmp_path):
    hub, a = Replica(tmp_path / "hub", "hub", "hub"), Replica(tmp_path / "a", "a")
    a.declare(plain())
    yield hub, a
    hub.close()
    a.close()


class Meanwhile(DirectLink):
    """A link with which something happens right before the pulls."""

    def before(self, happens):
        self._happens = iter(happens)
        return self

    async def pull(self, asked):
        next(self._happens, lambda: None)()
        return await super().pull(asked)


def meanwhile(hub, a, *happens):
    """The rounds of a with the hub; before each pull the next thing happens."""
    link = Meanwhile("hub-instance", "hub", hub.answer, hub.blobs, lambda: hub.scope(a))
    return Round(a.local, a.org, link.before(happens))


def nothing():
    """Nothing happens."""


def test_the_one_who_is_asked_starts_anew_between_hello_and_pull(pair):
    hub, a = pair
    a.create(title="old")

    async def do():
        await a.sync(hub)
        made = hub.create(title="young")
        await a.sync(hub)
        assert made in a.data()
        hub.delete(made)

        def start_anew():
            # As after a power cut: what was heard but not written down yet is gone.
            hub.answer.acknowledged = Acknowledged(hub.local)

        await meanwhile(hub, a, start_anew).run()

    run(hub, a, do=do)
    assert a.data() == hub.data()


def test_a_record_of_one_batch_is_deleted_before_the_next_one_is_asked(pair, monkeypatch):
    monkeypatch.setattr(sending, "BATCH_RECORDS", 2)
    hub, a = pair
    a.create(title="old")

    async def do():
        await a.sync(hub)
        made = [hub.create(title=f"number {number}") for number in range(5)]
        outcome = await meanwhile(hub, a, nothing, lambda: hub.delete(made[0])).run()
        assert outcome.pulled == 6

    run(hub, a, do=do)
    assert a.data() == hub.data()


def test_a_record_is_deleted_while_its_batch_is_on_its_way(pair, monkeypatch):
    monkeypatch.setattr(sending, "BATCH_RECORDS", 2)
    hub, a = pair
    made = [a.create(title=f"number {number}") for number in range(3)]
    batch, left = sending.batch, iter(made[:1])

    def and_delete_one_of_it(*asked, **how):
        found = batch(*asked, **how)
        for one in itertools.islice(left, 1):
            a.delete(one)
        return found

    async def do():
        monkeypatch.setattr(sending, "batch", and_delete_one_of_it)
        await a.sync(hub)

    run(hub, a, do=do)
    assert a.data() == hub.data()
