"""Peers at the other end of a line: a hub, known by its id, or whichever node of the org it is."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import TypeVar

import msgspec

from unibos.base.errors import Unauthenticated, Unavailable
from unibos.core.identity.federation.peers import Fellow, Peers
from unibos.core.identity.registry.hub_statement import verify_statement
from unibos.core.store.peers import PeerKind
from unibos.transports.http.headers import MEMBERSHIP_HEADER
from unibos.transports.http.hub_line import Said

T = TypeVar("T")


class PeerEnd(ABC):
    """What both kinds have in common, as :class:`unibos.transports.http.line.OtherEnd`.

    :ivar peer: its instance id, once it has answered.
    :ivar certificate: PEM of the one that it vouched for; empty: a public one, or none; None: it
        was not asked for that.
    """

    kind: PeerKind

    def __init__(self) -> None:
        self.peer = ""
        self.certificate: str | None = None

    @property
    @abstractmethod
    def audience(self) -> str:
        """Whom machine tokens are for."""

    def headers(self) -> Mapping[str, str]:
        """What goes with each request."""
        return {}

    @abstractmethod
    def proved(self, said: bytes) -> str | None:
        """See :class:`OtherEnd`."""

    def found(self, url: str) -> None:
        """It answered."""
        del url
        self.peer = self.audience

    def vouched(self, certificate: str) -> None:
        """It has another certificate."""
        self.certificate = certificate

    def lost(self, reason: str) -> Unavailable:
        """``peer_unreachable``."""
        return Unavailable(
            "peer_unreachable",
            f"The peer does not answer: {reason.rstrip('.')}.",
            hint="It is tried again by itself; unibos sync status tells when it went well last.",
            reason=reason,
        )

    def impostor(self, reasons: str) -> Unavailable:
        """``peer_not_genuine``."""
        return Unavailable(
            "peer_not_genuine",
            f"What answers does not prove to be the peer that is meant ({reasons}).",
            hint="Somebody may be in between, or the peer was replaced; nothing was sent.",
        )

    def _read(self, said: bytes, type_: type[T]) -> T:
        try:
            return msgspec.json.decode(said, type=type_)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            raise self.lost(f"what came is no answer of a {self.kind}") from None


class HubPeer(PeerEnd):
    """A hub that this instance joined."""

    kind: PeerKind = "hub"

    def __init__(self, hub: str) -> None:
        super().__init__()
        self._hub = hub

    @property
    def audience(self) -> str:
        """The hub."""
        return self._hub

    def proved(self, said: bytes) -> str | None:
        """The hub's own word on its certificate."""
        told = self._read(said, Said)
        return verify_statement(told.statement, self._hub).tls


class NodePeer(PeerEnd):
    """Whichever node of the org answers first; from then on, that one.

    :ivar open: whether another node than the one before may answer, as where a round begins.
    """

    kind: PeerKind = "node"

    def __init__(self, peers: Peers) -> None:
        super().__init__()
        self._peers = peers
        self._claims: Fellow | None = None
        self._fellow: Fellow | None = None
        self.open = True

    @property
    def audience(self) -> str:
        """The node that proved itself; empty: none has yet."""
        return self._fellow.id if self._fellow else ""

    def headers(self) -> Mapping[str, str]:
        """This node's own membership."""
        return {MEMBERSHIP_HEADER: self._peers.credential}

    def renewal_due(self) -> bool:
        """Whether the membership that the other showed is over.

        :raises Forbidden: ``peer_revoked``, ``hub_away_too_long``.
        """
        if self._fellow is None:
            return False
        try:
            self._peers.require_standing(self._fellow)
        except Unauthenticated:
            return True
        return False

    def proved(self, said: bytes) -> str | None:
        """The node's word on its certificate, once its membership is checked."""
        told = self._read(said, NodeSaid)
        if not told.membership:
            raise self.lost("this node has joined no hub")
        claims = self._peers.prove(told.statement, told.membership)
        if not self.open and claims.id != self.audience:
            raise Unauthenticated("statement_invalid", "another node answers than before")
        self._claims = claims
        return claims.tls

    def vouched(self, certificate: str) -> None:
        """The one that answers is the one that proved itself."""
        super().vouched(certificate)
        self._fellow = self._claims


class NodeSaid(msgspec.Struct, frozen=True):
    """What a node says of itself to others of its org: the signed statement (``node+jwt``) and its
    membership (``membership+jwt``), which is empty where it has joined no hub."""

    statement: str
    membership: str
