"""Nodes of one hub that know each other by nothing but the hub's word; the test is the hub."""

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from unibos.core.identity.federation.peers import Peers
from unibos.core.identity.federation.trust import Trust
from unibos.core.identity.keys import InstanceKey
from unibos.core.identity.registry.machine_tokens import MachineTokens
from unibos.core.identity.registry.membership import LIFE_MS, issue_membership
from unibos.core.identity.signing.revocations import RevocationList
from unibos.core.identity.tokens import AccessReader

T0 = 1_790_000_000_000


def new_key():
    return InstanceKey(Ed25519PrivateKey.generate())


class Word:
    """A hub: its key, what it has revoked, and its time, which the test or ``steady`` moves."""

    def __init__(self, steady=lambda: 0.0):
        self.key = new_key()
        self.ms = T0
        self.revoked = set()
        self._steady, self._began = steady, steady()

    def now(self):
        return self.ms + round((self._steady() - self._began) * 1000)

    def membership(self, key, org, at=T0):
        return issue_membership(self.key, org, key.public.public_bytes_raw(), at)


class Fellow:
    """A node, with a clock of its own."""

    def __init__(self, word, store, org, key=None):
        self.word, self.store, self.org = word, store, org
        self.key = key or new_key()
        self.ahead_ms = 0
        self.until = word.ms + LIFE_MS
        self.membership = word.membership(self.key, org)
        self.peers = self.made()

    def made(self):
        """What it knows of others, as after a start."""
        return Peers(self.key, self.store, self.time, self.trust, lambda: self.membership)

    def time(self):
        return self.word.now() + self.ahead_ms

    def trust(self):
        listed = RevocationList(self.org, "1", T0, nodes=frozenset(self.word.revoked))
        return Trust(self.word.key.id, self.org, self.until, listed, AccessReader({}))

    def token(self, other, at=None):
        """A machine token for another node."""
        audience = getattr(other, "key", other).id
        return MachineTokens(self.key, audience).issue(self.time() if at is None else at)

    def ask(self, other, token=None, membership=None):
        """The scope that another node gives to who shows these."""
        token = self.token(other) if token is None else token
        return other.peers.scope(token, self.membership if membership is None else membership)
