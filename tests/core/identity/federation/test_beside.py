"""A second hub beside the first: a membership of its own, and nothing else of the node's."""

import asyncio
from types import SimpleNamespace

import pytest

from tests.core.identity.federation.boxes import Box, Cable, LimitedHub
from tests.core.identity.registry.hubs import REPORT
from unibos.base.errors import Conflict, Forbidden, NotFound, Unavailable
from unibos.core.identity.federation.beside import Beside, Options


class AtTwoHubs:
    """A node that joined one hub, and what it has beside it."""

    def __init__(self, folder, home, other):
        self.home, self.other = home, other
        self.box = Box(folder, home).joined()
        self.cable = SimpleNamespace(
            key=self.box.key,
            hub=other,
            unplugged=False,
            loses_answers=False,
            spoil=lambda answer: answer,
            beats=asyncio.Event(),
            asked=[],
            closed=0,
        )
        self.told = []
        self.start()

    def start(self):
        box = self.box
        links = lambda *how: Cable(self.cable, *how)  # noqa: E731 - a short one
        options = Options("kitchen", lambda: REPORT)
        self.beside = Beside(box.store, box.state, box.key, links, box.time, options)
        self.beside.listen(self.tell)

    async def tell(self, hub):
        self.told.append((hub.kept.hub, hub.joined is not None))

    def join(self, token=None):
        text = (token or self.other.token()).format()
        return self.other.run(self.beside.join(text))

    def restart(self):
        self.other.run(self.beside.stop())
        self.box.restart()
        self.start()


@pytest.fixture
def other(tmp_path):
    second = LimitedHub(tmp_path / "other")
    yield second
    second.stop()
    second.runner.close()


@pytest.fixture
def home(tmp_path):
    first = LimitedHub(tmp_path / "home")
    yield first
    first.stop()
    first.runner.close()


@pytest.fixture
def node(tmp_path, home, other):
    made = AtTwoHubs(tmp_path / "box", home, other)
    yield made
    other.run(made.beside.stop())
    made.box.stop()


def test_it_joins_beside_the_first_and_stays_what_it_is(node):
    before = node.box.org_row()
    hub = node.join()
    assert hub.kept.stage == "joined"
    assert hub.joined.org.slug == "smith"
    assert hub.membership.org == node.other.org
    assert node.box.org_row() == before
    assert node.box.org == node.home.org
    assert node.box.restarts == 1
    assert node.told == [(node.other.key.id, True)]


def test_it_is_kept_over_a_restart(node):
    node.join()
    node.restart()
    (hub,) = node.beside.hubs.values()
    assert hub.joined.hub == node.other.key.id
    assert not node.beside.online
    node.other.run(node.beside.check())
    assert node.beside.online


def test_only_a_node_that_has_a_first_one_has_another(tmp_path, home, other):
    box = Box(tmp_path / "alone", home)
    links = lambda *how: Cable(box, *how)  # noqa: E731 - a short one
    options = Options("kitchen", lambda: REPORT)
    beside = Beside(box.store, box.state, box.key, links, box.time, options)
    with pytest.raises(Conflict) as caught:
        other.run(beside.join(other.token().format()))
    assert caught.value.code == "not_joined"
    box.stop()


def test_no_hub_is_joined_twice(node):
    for token in (node.home.token(), None):
        if token is None:
            node.join()
        with pytest.raises(Conflict) as caught:
            node.join(token)
        assert caught.value.code == "already_joined"


def test_what_the_hub_ends_is_its_own_membership_alone(node):
    hub = node.join()
    node.other.run(node.other.registry.revoke(node.other.admin(), node.box.key.id))
    with pytest.raises(Forbidden):
        node.other.run(hub.heartbeat.check())
    assert hub.joined is None
    assert node.told[-1] == (node.other.key.id, False)
    assert node.box.state.joined is not None
    node.restart()
    assert [one.kept.stage for one in node.beside.hubs.values()] == ["revoked"]
    assert node.join().joined is not None


def test_it_leaves_by_name_and_id(node):
    hub = node.join()
    with pytest.raises(NotFound) as caught:
        node.other.run(node.beside.leave("nobody"))
    assert caught.value.code == "hub_not_found"
    node.other.run(node.beside.leave(hub.kept.hub))
    assert node.beside.hubs == {}
    assert node.told[-1] == (node.other.key.id, False)
    node.restart()
    assert node.beside.hubs == {}
    assert node.box.state.joined is not None


def test_a_hub_that_cannot_be_told_is_left_by_force_only(node):
    hub = node.join()
    node.cable.unplugged = True
    with pytest.raises(Unavailable):
        node.other.run(node.beside.leave(hub.kept.hub))
    assert node.beside.hubs
    node.other.run(node.beside.leave(hub.kept.hub, force=True))
    assert node.beside.hubs == {}


def test_each_hub_has_a_time_of_its_own(node):
    node.other.clock.pass_(3600)
    hub = node.join()
    node.other.run(node.beside.check())
    assert abs(hub.contact.now() - node.other.clock.ms) < 60_000
    assert abs(node.box.time.now() - node.other.clock.ms) > 3_000_000


def test_it_writes_nothing_when_nothing_is_new(node):
    node.join()
    node.other.run(node.beside.check())
    before = node.box.written()
    node.other.run(node.beside.check())
    assert node.box.written() == before


def test_the_contact_tells_when_a_hub_is_lost_and_back(node):
    hub = node.join()
    heard = []
    hub.contact.listen(heard.append)
    node.other.run(node.beside.check())
    node.other.run(node.beside.check())
    node.cable.unplugged = True
    node.other.run(node.beside.check())
    node.other.run(node.beside.check())
    node.cable.unplugged = False
    node.other.run(node.beside.check())
    assert heard == [True, False, True]
