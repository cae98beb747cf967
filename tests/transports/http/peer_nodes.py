"""Replicas behind real doors over loopback, and the ways between them."""

from contextlib import asynccontextmanager

from tests.core.identity.federation.fellows import T0, Fellow, new_key
from tests.core.sync.replicas import Clock, Replica
from unibos.core.identity.certificate import Certificate
from unibos.core.module.endpoint import Answer, Endpoint
from unibos.core.sync.exchange.messages import PROTOCOL, Hello
from unibos.transports.http.app import build_app
from unibos.transports.http.door import State
from unibos.transports.http.line import WELL_KNOWN
from unibos.transports.http.peer_client import PeerLinks
from unibos.transports.http.peer_ends import NodeSaid
from unibos.transports.http.routes import sync
from unibos.transports.http.server import HttpServer, Listening

LIMIT = 1 << 25


class Gate:
    """Lets other nodes in by their word, and nobody else."""

    def __init__(self, fellow):
        self.fellow = fellow

    def machine(self, token, membership):
        return self.fellow.peers.scope(token, membership)


class Node:
    """A replica with a key, a membership and a door; ``tls`` is what it vouches for."""

    def __init__(self, folder, word, name, org="org-a", kind="node"):
        self.folder = folder / name
        self.folder.mkdir()
        self.key = new_key()
        clock = Clock(T0)
        self.replica = Replica(self.folder, name, kind, clock=clock, org=org, instance=self.key.id)
        self.fellow = Fellow(word, self.replica.store, org, self.key)
        self.certificate = Certificate.open(self.folder, "test", hostname="localhost")
        self.tls = self.certificate.fingerprint
        self.state = State()

    def show(self, name):
        """Have another certificate, as after its renewal."""
        (self.folder / name).mkdir()
        self.certificate = Certificate.open(self.folder / name, "test", hostname="localhost")

    @asynccontextmanager
    async def serve(self, *, tls=True, gate=None, port=0):
        """Answer peers; the address."""
        self.replica.begin()
        self.state = State()
        listed = [
            *sync.endpoints(self.replica.answer, self.replica.blobs, LIMIT),
            self.said(),
        ]
        files = (self.certificate.path,) * 2 if tls else None
        where = Listening("127.0.0.1", port, certificate=files, stop_seconds=1)
        server = HttpServer(self.state, where)
        await server.start(build_app(listed, gate or Gate(self.fellow), self.state))
        try:
            yield f"{'https' if tls else 'http'}://127.0.0.1:{server.port}"
        finally:
            self.replica.end()
            await server.stop()

    def said(self):
        """What it says of itself, as a node's door does."""

        async def answer(_):
            said = self.fellow.peers.statement(self.tls), self.fellow.membership
            return Answer(NodeSaid(*said))

        return Endpoint("GET", WELL_KNOWN, answer, "", {200: NodeSaid}, None, root=True)

    @asynccontextmanager
    async def link(self, url):
        """The way from this node to who answers at an address."""
        made = PeerLinks(self.key, self.fellow.time, self.fellow.peers).node(url)
        try:
            yield made
        finally:
            await made.close()

    def close(self):
        self.replica.close()


def hello(node):
    """The least that a node says of itself."""
    own = node.replica.local
    return Hello(PROTOCOL, own.kind, own.name(), own.epoch, 0, "", T0, [], "", "", [])
