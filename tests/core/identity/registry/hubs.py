"""A hub's registry on a real store, nodes with keys of their own, and clocks that tests turn."""

import asyncio
import dataclasses

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from unibos.base.errors import Error
from unibos.base.ids import new_id
from unibos.core.identity.keys import InstanceKey
from unibos.core.identity.link import Enrollment, OrgFacts, Report
from unibos.core.identity.registry.join_proof import prove, public_text
from unibos.core.identity.registry.join_string import JoinToken
from unibos.core.identity.registry.join_tokens import JoinTokenIn, JoinTokens
from unibos.core.identity.registry.machine_tokens import MachineTokens
from unibos.core.identity.registry.nodes import Registry
from unibos.core.identity.registry.options import News, Options
from unibos.core.identity.scope import Principal, Role, Scope
from unibos.core.identity.signing.keys import SigningKeys
from unibos.core.identity.signing.revocations import Revocations
from unibos.core.store import orgs
from unibos.core.store.store import Store

T0 = 1_790_000_000_000
ADDRESS = "192.0.2.7"
URLS = ("https://hub.example.org:8000",)
REPORT = Report(version="0.1.0", board="pi4", profile="standard", clock=T0)


class Clock:
    """A wall clock that can be set, and a monotonic one that only goes on."""

    def __init__(self):
        self.ms = T0
        self.up = 0.0

    def wall(self):
        return self.ms

    def monotonic(self):
        return self.up

    def pass_(self, seconds):
        self.ms += round(seconds * 1000)
        self.up += seconds


class Hub:
    """A hub with two orgs; what its methods return has been awaited."""

    def __init__(self, folder):
        self.folder = folder
        self.clock = Clock()
        self.runner = asyncio.Runner()
        self.key = InstanceKey(Ed25519PrivateKey.generate())
        self.start()
        self.org, self.other = self.make_org("smith"), self.make_org("jones")

    def start(self):
        wall = self.clock.wall
        self.store = Store(self.folder, "hub", self.key.id, wall=wall)
        self.keys = SigningKeys(self.store, self.key, wall=wall)
        self.lists = Revocations(self.store, self.key)
        self.tokens = JoinTokens(self.store, self.key.id, lambda: URLS, wall=wall)
        self.registry = Registry(
            self.store,
            self.key,
            self.tokens,
            News(self.keys, self.lists, self.facts),
            Options("Hub", lambda: URLS, "ab" * 32),
            wall=wall,
            monotonic=self.clock.monotonic,
        )

    def stop(self):
        self.registry.close()
        self.lists.close()
        self.store.close()

    def crash(self):
        """As after a loss of power: nothing of what the registry remembers is kept."""
        self.lists.close()
        self.store.close()
        self.start()

    def restart(self, down=0):
        self.stop()
        self.clock.ms += round(down * 1000)
        self.start()

    def facts(self, org):
        found = self.store.read(orgs.get, org)
        return OrgFacts(id=org, name=found.name, slug=found.slug, type=found.type, plan=found.plan)

    def make_org(self, name):
        id_ = new_id()
        self.store.write(lambda tx: orgs.create(tx, id_, name, "family"))
        return id_

    def change_org(self, org, **change):
        def apply(tx):
            orgs.save(tx, dataclasses.replace(orgs.get(tx), **change))

        self.store.write(apply, org)

    def run(self, coroutine):
        return self.runner.run(coroutine)

    def all(self, *coroutines):
        async def gather():
            return await asyncio.gather(*coroutines, return_exceptions=True)

        return self.runner.run(gather())

    def admin(self, org=None, role=Role.ADMIN):
        org = org or self.org
        return Scope(org, self.store.org(org), Principal("user", "admin", "Admin"), role)

    def token(self, org=None, **wanted):
        """A new join token, read from its string."""
        made = self.run(self.tokens.create(self.admin(org), JoinTokenIn(**wanted)))
        return JoinToken.parse(made.token)

    def node(self, org=None, name="kitchen"):
        """An instance that joined."""
        node = Node(self, name)
        node.enrolled = self.run(node.enroll(self.token(org).secret))
        return node

    def listed(self, org=None):
        return self.run(self.registry.page(self.admin(org), 200)).items

    def states(self, org=None):
        return {one.name: one.state.value for one in self.listed(org)}


class Node:
    """An instance with its own key and its own idea of the hub's time."""

    def __init__(self, hub, name="kitchen"):
        self.hub = hub
        self.name = name
        self.key = InstanceKey(Ed25519PrivateKey.generate())
        self.id = self.key.id
        self.tokens = MachineTokens(self.key, hub.key.id)
        self.ahead = 0

    def asks(self, secret, **changed):
        return Enrollment(
            **{
                "secret": secret,
                "public_key": public_text(self.key),
                "proof": prove(self.key, self.hub.key.id, secret),
                "name": self.name,
                "report": REPORT,
            }
            | changed
        )

    def enroll(self, secret, address=ADDRESS, **changed):
        return self.hub.registry.enroll(self.asks(secret, **changed), address)

    def now(self):
        return self.hub.clock.ms + self.ahead

    def scope(self):
        """What the hub takes this node for; it learns the time from a refusal, once."""
        try:
            return self.hub.registry.machine(self.tokens.issue(self.now()))
        except Error as error:
            if error.code != "machine_token_expired":
                raise
            self.ahead = error.facts["time"] - self.hub.clock.ms
            return self.hub.registry.machine(self.tokens.issue(self.now()))

    def call(self, **report):
        """A heartbeat; the pulse."""
        changed = {"clock": self.hub.clock.ms} | report
        fields = {name: getattr(REPORT, name) for name in REPORT.__struct_fields__} | changed
        return self.hub.run(self.hub.registry.heartbeat(self.scope(), Report(**fields)))


def refusal(call):
    """The code of what a call raises."""
    with pytest.raises(Error) as refused:
        call()
    return refused.value.code
