"""An identity on a real store in a temporary folder, with clocks that the test turns."""

import asyncio
from contextlib import suppress

import pytest

from unibos.core.identity import passwords
from unibos.core.identity.identity import Identity, Options
from unibos.core.identity.keys import InstanceKey
from unibos.core.identity.passwords import Effort
from unibos.core.identity.scope import Role
from unibos.core.store.store import Store

PASSWORD = "four unrelated words"
EMAIL = "owner@example.org"
ADDRESS = "192.0.2.7"


class Clock:
    """Wall and monotonic clock in one; they stand still until the test moves them."""

    def __init__(self):
        self.ms = 1_767_225_600_000

    def wall(self):
        return self.ms

    def monotonic(self):
        return self.ms / 1000

    def advance(self, *, days=0, seconds=0):
        self.ms += round((days * 86_400 + seconds) * 1000)


class Box:
    """One instance; what its methods return has been awaited."""

    def __init__(self, folder, **options):
        self.folder = folder
        self.options = options
        self.clock = Clock()
        self.runner = asyncio.Runner()
        self.service_uid = 1234
        self._start()

    def _start(self):
        self.key = InstanceKey.open(self.folder)
        self.store = Store(self.folder, "node", self.key.id, wall=self.clock.wall)
        self.identity = Identity(
            self.store,
            self.key,
            self.folder,
            Options(service_uid=self.service_uid, **self.options),
            wall=self.clock.wall,
            monotonic=self.clock.monotonic,
        )

    def stop(self):
        self.identity.close()
        self.store.close()

    def restart(self):
        self.stop()
        self._start()

    def run(self, coroutine):
        return self.runner.run(coroutine)

    def all(self, *coroutines):
        async def gather():
            return await asyncio.gather(*coroutines, return_exceptions=True)

        return self.runner.run(gather())

    def set_up(self):
        """Make the owner; the login."""
        return self.run(
            self.identity.setup(self.identity.setup_code, EMAIL, "Owner", PASSWORD, ADDRESS)
        )

    def login(self, email=EMAIL, password=PASSWORD, address=ADDRESS, org=""):
        return self.run(self.identity.login(email, password, address, org))

    def refresh(self, token):
        return self.run(self.identity.refresh(token))

    def scope(self, login):
        return self.identity.authenticate(login.access_token)

    def member(self, role=Role.MEMBER, email="member@example.org"):
        """Make an account and log in; the scope."""
        boss = self.identity.local_scope(0)
        self.run(self.identity.users.create(boss, email, "Member", PASSWORD, role))
        return self.scope(self.login(email))


@pytest.fixture(autouse=True)
def cheap_hashes(monkeypatch):
    monkeypatch.setitem(passwords.EFFORTS, "edge", Effort(64, 1))


@pytest.fixture
def open_box(tmp_path):
    """Opens instances in folders of their own."""
    opened = []

    def make(name="box", **options):
        box = Box(tmp_path / name, **options)
        opened.append(box)
        return box

    yield make
    for box in opened:
        with suppress(Exception):
            box.stop()
        box.runner.close()


@pytest.fixture
def box(open_box):
    """An instance at its first start."""
    return open_box()


@pytest.fixture
def owned(box):
    """An instance with an owner; ``owned.first`` is the login that setup gave."""
    box.first = box.set_up()
    return box


@pytest.fixture
def people(open_box):
    """A hub whose operator is set up, and ways to fill it."""
    from tests.core.identity.hub_orgs import People, hub_url

    box = open_box("hub", hub=True, url=hub_url)
    box.first = box.set_up()
    return People(box)
