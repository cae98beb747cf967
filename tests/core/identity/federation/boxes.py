"""A node beside a hub's real registry, in one process; the cable between them can be pulled."""

import asyncio

from msgspec import convert

from tests.core.identity.registry.hubs import ADDRESS, REPORT, T0, Hub
from unibos.base.errors import Unavailable
from unibos.core.identity.federation.joining import Joining, Options
from unibos.core.identity.federation.state import HubState, adopt
from unibos.core.identity.federation.trusted_time import TrustedTime
from unibos.core.identity.keys import InstanceKey
from unibos.core.identity.link import OrgFacts
from unibos.core.identity.registry.machine_tokens import MachineTokens
from unibos.core.store import accounts, orgs
from unibos.core.store.store import Store


class LimitedHub(Hub):
    """A hub that tells the limits of its orgs."""

    def facts(self, org):
        found = self.store.read(orgs.get, org)
        names = OrgFacts.__struct_fields__
        return convert({name: getattr(found, name) for name in names}, OrgFacts, strict=False)


class Cable:
    """A Link over no network; ``spoil`` changes what comes back."""

    def __init__(self, box, address, contact):
        self.box, self.address, self.contact = box, address, contact
        self.tokens = MachineTokens(box.key, address.hub)

    @property
    def hub(self):
        """The hub's registry, unless the cable is out; then nothing gets through."""
        if self.box.unplugged:
            error = Unavailable("hub_unreachable", "The cable is out.", reason="cable")
            self.contact.failed(error)
            raise error
        return self.box.hub

    async def enroll(self, asked):
        hub = self.hub
        self.contact.hub_name, self.contact.url = "Hub", self.address.urls[0]
        enrolled = await hub.registry.enroll(asked, ADDRESS)
        if self.box.loses_answers:
            raise Unavailable("hub_unreachable", "The answer was lost.", reason="lost")
        return self.box.spoil(enrolled)

    async def heartbeat(self, report):
        self.box.beats.set()
        return self.box.spoil(await self.hub.registry.heartbeat(self.scope(), report))

    async def keys(self):
        hub = self.hub
        self.contact.hub_name, self.contact.url = "Hub", self.address.urls[0]
        self.box.asked.append("keys")
        return self.box.spoil(hub.keys.jwks())

    async def revocations(self):
        self.box.asked.append("revocations")
        return self.box.spoil(self.hub.registry.revocations(self.scope()))

    async def leave(self):
        await self.hub.registry.leave(self.scope())

    async def close(self):
        self.box.closed += 1

    def scope(self):
        """As the hub knows the node; the time is the hub's, which the client learns by itself."""
        return self.hub.registry.machine(self.tokens.issue(self.hub.clock.ms + 2000))


class Box:
    """A node with one owner; what its methods return has been awaited."""

    def __init__(self, folder, hub):
        self.folder, self.hub = folder, hub
        self.key = InstanceKey.open(folder)
        self.wall_ms, self.up = T0 - 5_000, 0.0
        self.unplugged = self.loses_answers = False
        self.spoil = lambda answer: answer
        self.room = True
        self.restarts = self.closed = 0
        self.asked = []
        self.beats = asyncio.Event()
        self.start()
        self.home = self.store.write(lambda tx: accounts.make_local_org(tx, "Home", "family"))
        email = "owner@example.org"
        self.owner = self.store.write(
            lambda tx: accounts.create(tx, email, email, "Owner", "verifier", "owner"), self.home
        )

    def start(self):
        wall = lambda: self.wall_ms  # noqa: E731 - the clock moves with the test
        self.store = Store(self.folder, "node", self.key.id, wall=wall, first=adopt)
        self.time = TrustedTime(self.store, wall, lambda: self.up)
        self.state = HubState(self.store, self.key)
        options = Options("kitchen", lambda: REPORT, self.ask_restart, lambda: self.room)
        self.joining = Joining(
            self.state, self.key, lambda *how: Cable(self, *how), self.time, options, wall=wall
        )

    def ask_restart(self):
        self.restarts += 1

    def stop(self):
        self.hub.run(self.joining.stop())
        self.store.close()

    def restart(self):
        self.stop()
        self.start()

    def join(self, token=None, name=""):
        text = (token or self.hub.token()).format()
        return self.hub.run(self.joining.join(text, name))

    def joined(self):
        """Join, start anew; the box itself."""
        self.join()
        self.restart()
        return self

    def leave(self, **how):
        self.hub.run(self.joining.leave(**how))

    def beat(self):
        self.hub.run(self.joining.check())

    @property
    def org(self):
        return self.store.read(accounts.local_org)

    def org_row(self):
        return self.store.read(orgs.get, self.org)

    def written(self):
        """Grows with every write to the database."""
        log = self.store.path.with_name(self.store.path.name + "-wal")
        return log.stat().st_mtime_ns, log.stat().st_size
