"""A hub with two orgs, and nodes of them, in one process; the test moves time and pulls cables."""

import asyncio
from contextlib import suppress
from types import SimpleNamespace

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from unibos.base.errors import Unavailable
from unibos.core.identity import emails, passwords
from unibos.core.identity.federation import state as states
from unibos.core.identity.federation.hub import FederationHub
from unibos.core.identity.federation.linking import Linking
from unibos.core.identity.federation.node import Federation
from unibos.core.identity.federation.state import HubState, Joined
from unibos.core.identity.federation.trusted_time import TrustedTime
from unibos.core.identity.identity import Identity, Options
from unibos.core.identity.keys import InstanceKey
from unibos.core.identity.link import OrgFacts
from unibos.core.identity.passwords import Effort
from unibos.core.identity.registry.membership import issue_membership
from unibos.core.identity.scope import Principal, Role, Scope
from unibos.core.identity.signing.keys import SigningKeys
from unibos.core.identity.signing.revocations import Revocations
from unibos.core.store import accounts, nodes, orgs
from unibos.core.store.nodes import NodeRow
from unibos.core.store.store import Store

PASSWORD = "four unrelated words"
OTHER = "another four words"
MEMBER = "member@example.org"
LOCAL = "local@example.org"
ADDRESS = "192.0.2.7"
START = 1_767_225_600_000
DAY = 86_400_000


class World:
    """The real time, and everything in it."""

    def __init__(self, folder):
        self.folder = folder
        self.now = START
        self.runner = asyncio.Runner()
        self.hub = Hub(self)
        self.nodes = []

    def run(self, coroutine):
        return self.runner.run(coroutine)

    def all(self, *coroutines):
        async def gather():
            return await asyncio.gather(*coroutines, return_exceptions=True)

        return self.run(gather())

    def settle(self):
        """Let what was begun in the background come to its end."""

        async def rest():
            endless = {"logouts", "trusted time"}
            while waited := [
                task
                for task in asyncio.all_tasks() - {asyncio.current_task()}
                if task.get_name() not in endless
            ]:
                await asyncio.wait(waited)

        self.run(rest())

    def advance(self, *, days=0, seconds=0):
        self.now += round((days * 86_400 + seconds) * 1000)

    def node(self, org="a"):
        made = Node(self, org, f"node{len(self.nodes) + 1}")
        self.nodes.append(made)
        return made

    def close(self):
        for one in (*self.nodes, self.hub):
            with suppress(Exception):
                one.stop()
        self.runner.close()


class Hub:
    """A hub with the orgs a and b."""

    def __init__(self, world):
        self.world = world
        folder = world.folder / "hub"
        self.up = True
        self.asked = []
        self.key = InstanceKey.open(folder)
        self.store = Store(folder, "hub", self.key.id, wall=self.wall)
        self.keys = SigningKeys(self.store, self.key, wall=self.wall)
        self.revocations = Revocations(self.store, self.key)
        self.identity = Identity(
            self.store,
            self.key,
            folder,
            Options(hub=True, issuer=self.keys),
            wall=self.wall,
            monotonic=lambda: world.now / 1000,
        )
        self.federation = FederationHub(self.identity)
        self.orgs = {
            name: self.store.write(
                lambda tx, id_=f"0000000{name}-0000-7000-8000-000000000000", slug=name: (
                    orgs.create(tx, id_, f"Org {slug}", "family", slug=slug).id
                ),
                f"0000000{name}-0000-7000-8000-000000000000",
            )
            for name in ("a", "b")
        }

    def wall(self):
        return self.world.now

    def add(self, email=MEMBER, org="a", password=PASSWORD, role="member", name="Member"):
        """Make a user; the id."""
        verifier = self.world.run(self.identity.tools.passwords.hash(password))
        return self.store.write(
            lambda tx: accounts.create(tx, email, emails.key(email), name, verifier, role).id,
            self.orgs[org],
        )

    def login(self, email=MEMBER, password=PASSWORD):
        return self.world.run(self.identity.login(email, password, "198.51.100.1"))

    def change_password(self, email=MEMBER, old=PASSWORD, new=OTHER):
        scope = self.identity.authenticate(self.login(email, old).access_token)
        self.world.advance(seconds=1)
        login = self.world.run(self.identity.change_password(scope, old, new, ""))
        self.world.advance(seconds=1)
        return login

    def write(self, change, org="a"):
        return self.store.write(change, self.orgs[org])

    def enlist(self, node, org="a"):
        """Make an instance a node of the org."""
        now = self.wall()
        row = NodeRow(self.orgs[org], node, node, "key", "token", "{}", now, now + 1, now)
        self.write(lambda tx: nodes.put(tx, row), org)

    def facts(self, org):
        return OrgFacts(id=self.orgs[org], name=f"Org {org}", slug=org, type="family", plan="free")

    def stop(self):
        self.revocations.close()
        self.identity.close()
        self.store.close()


class Cable:
    """The link of one node; each call goes to the hub if that is up."""

    def __init__(self, node):
        self.node = node
        self.error = None

    def _scope(self, what):
        hub = self.node.hub
        if not (hub.up and self.node.plugged):
            raise Unavailable("hub_unreachable", "The hub does not answer.")
        if self.error is not None:
            raise self.error
        hub.asked.append(what)
        org = hub.orgs[self.node.org]
        who = Principal("node", self.node.key.id, self.node.name)
        return Scope(org, hub.store.org(org), who, Role.VIEWER)

    async def login(self, asked):
        return await self.node.hub.federation.login(self._scope("login"), asked)

    async def refresh(self, asked):
        return await self.node.hub.federation.refresh(self._scope("refresh"), asked)

    async def logout(self, asked):
        await self.node.hub.federation.logout(self._scope("logout"), asked)

    async def password(self, asked):
        return await self.node.hub.federation.password(self._scope("password"), asked)


class Node:
    """A node that has joined an org of the hub."""

    def __init__(self, world, org, name):
        self.world = world
        self.hub = world.hub
        self.org = org
        self.name = name
        self.folder = world.folder / name
        self.skew = 0
        self.plugged = True
        self.offline_days = 30
        self.key = InstanceKey.open(self.folder)
        raw = self.key.public.public_bytes(Encoding.Raw, PublicFormat.Raw)
        self.hub.enlist(self.key.id, org)
        self.membership = issue_membership(self.hub.key, self.hub.orgs[org], raw, world.now)
        self._first_start()
        self._start()

    def wall(self):
        return max(0, self.world.now + self.skew)

    def monotonic(self):
        return (self.world.now - self.booted) / 1000

    def _open(self, first=None):
        self.booted = self.world.now
        self.store = Store(self.folder, "node", self.key.id, wall=self.wall, first=first)
        self.identity = Identity(
            self.store,
            self.key,
            self.folder,
            Options(hub=False),
            wall=self.wall,
            monotonic=self.monotonic,
        )

    def _first_start(self):
        self._open()
        state = HubState(self.store, self.key)
        self.world.run(state.keep(self._joined("pending")))
        self.identity.close()
        self.store.close()

    def _joined(self, stage="joined"):
        org = self.hub.orgs[self.org]
        return Joined(
            stage=stage,
            hub=self.hub.key.id,
            hub_name="Hub",
            node_name=self.name,
            urls=["https://hub.example.org"],
            certificate="",
            membership=self.membership,
            org=self.hub.facts(self.org),
            keys=self.hub.keys.jwks(),
            keys_version=self.hub.keys.version,
            revocations=self.hub.revocations.signed(org),
            revocations_version=self.hub.revocations.version(org),
        )

    def _start(self):
        self._open(states.adopt)
        self.time = TrustedTime(self.store, self.wall, self.monotonic)
        self.cable = Cable(self)
        self.state = HubState(self.store, self.key)
        line = SimpleNamespace(
            state=self.state, link=self.cable, online=True, check=self.check_async
        )
        self.line = line
        self.federation = Federation(
            self.identity, self.key, self.time, line, offline_days=self.offline_days
        )
        self.linking = Linking(self.federation)
        self.world.run(self.federation.start())

    async def check_async(self):
        """What a heartbeat does."""
        if not (self.hub.up and self.plugged):
            raise Unavailable("hub_unreachable", "The hub does not answer.")
        self.time.heard(self.world.now)
        await self.state.keep(self._joined())

    def heard(self):
        self.world.run(self.check_async())
        self.world.settle()

    def stop(self):
        self.world.run(self.federation.close())
        self.identity.close()
        self.store.close()

    def power_cut(self):
        """Stop without the care of a stop; the store itself never loses what it said it kept."""
        self.identity.close()
        self.store.close()

    def restart(self, *, cut=False):
        if cut:
            self.power_cut()
        else:
            self.stop()
        self._start()

    def add_local(self, email=LOCAL, password=PASSWORD, role="member"):
        """Make an account of the node itself; its id."""
        verifier = self.world.run(self.identity.tools.passwords.hash(password))
        return self.store.write(
            lambda tx: accounts.create(tx, email, emails.key(email), "Local", verifier, role).id,
            self.identity.org,
        )

    def login(self, email=MEMBER, password=PASSWORD, address=ADDRESS):
        return self.world.run(self.federation.login(email, password, address))

    def refresh(self, token):
        return self.world.run(self.federation.refresh(token))

    def scope(self, login):
        async def ask():
            return self.federation.authenticate(getattr(login, "access_token", login))

        try:
            return self.world.run(ask())
        finally:
            self.world.settle()

    def stands(self, scope):
        from unibos.core.identity.scope import stands

        return self.store.read(lambda view: stands(view, scope), scope.org)


@pytest.fixture(autouse=True)
def cheap_hashes(monkeypatch):
    monkeypatch.setitem(passwords.EFFORTS, "edge", Effort(64, 1))


@pytest.fixture
def world(tmp_path):
    made = World(tmp_path)
    yield made
    made.close()


@pytest.fixture
def hub(world):
    return world.hub


@pytest.fixture
def node(world):
    """A node of org a, and a user of that org at the hub."""
    world.member = world.hub.add()
    return world.node()
