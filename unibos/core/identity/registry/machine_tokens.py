"""Machine tokens: a node says with each request who it is, and each of them is good for once.

A node never trusts its own clock: it signs with the hub's time, which every answer tells. Where it
was wrong, the hub's refusal (``machine_token_expired``) says the time, and the node tries again.
"""

import secrets
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from unibos.base.clock import Wall
from unibos.base.errors import Unauthenticated
from unibos.core.identity.keys import InstanceKey
from unibos.core.identity.signing.jwt import genuine, header_of, sign

KIND = "machine+jwt"
LIFE_MS = 60_000
LATE_MS = 60_000
"""So long a token is taken after its time: requests wait on slow lines."""
AHEAD_MS = 2_000
"""So far a token may be ahead. A node that goes by the hub's time is behind it, never ahead."""
MAX_LENGTH = 1024
REMEMBERED = 65_536
_OWN = ("iat", "exp", "jti")
_KEPT_MS = LIFE_MS + LATE_MS + AHEAD_MS
_MAX_JTI = 64


class MachineTokens:
    """A node's side.

    :param key: the node's.
    :param hub_id: whom the tokens are for.
    """

    def __init__(self, key: InstanceKey, hub_id: str) -> None:
        self._key = key
        self._hub = hub_id

    def issue(self, now_ms: int) -> str:
        """A token for one request.

        :param now_ms: the hub's time, as well as the node knows it.
        """
        claims = {
            "iss": self._key.id,
            "aud": self._hub,
            # With its milliseconds (RFC 7519, section 2): a hub that starts anew takes none that
            # are older than itself.
            "iat": now_ms / 1000,
            "exp": (now_ms + LIFE_MS) / 1000,
            "jti": secrets.token_hex(16),
        }
        return sign(claims, self._key.private, KIND, kid=self._key.id)


@dataclass(frozen=True, slots=True)
class Ticket:
    """A genuine token: whose, when it was made in milliseconds since 1970, and its own name."""

    node: str
    issued_at: int
    name: str


class MachineReader:
    """A hub's side: tells genuine tokens, and takes each of them once.

    What was taken is remembered for as long as it could be shown again, in two halves of bounded
    size; what had to be forgotten early, and all from before the start, counts as expired.

    :param hub_id: the hub's instance id.
    :param wall: the hub's clock.
    """

    def __init__(self, hub_id: str, wall: Wall, remembered: int = REMEMBERED) -> None:
        self._hub = hub_id
        self._wall = wall
        self._half = max(1, remembered // 2)
        self._begin(wall())

    def _begin(self, now: int) -> None:
        self._latest = now
        self._floor = now + AHEAD_MS
        """Tokens that were made before this are not taken."""
        self._new: dict[int, int] = {}
        self._old: dict[int, int] = {}
        self._turned = now

    def named(self, token: str) -> str:
        """The id of the node that a token says it is from; proved by :meth:`read` only.

        :raises Unauthenticated: ``machine_token_invalid``.
        """
        header = header_of(token) if len(token) <= MAX_LENGTH else None
        if header is None or header.typ != KIND:
            raise machine_token_invalid()
        return header.kid

    def read(self, token: str, node: str, public_key: bytes) -> Ticket:
        """Check who made a token: the node with this key, for this hub. Its time is for
        :meth:`accept`.

        :raises Unauthenticated: ``machine_token_invalid``.
        """
        key = Ed25519PublicKey.from_public_bytes(public_key)
        claims = genuine(
            token, key, KIND, issuer=node, audience=self._hub, required=["iss", "aud", *_OWN]
        )
        ticket = _ticket(node, claims) if claims else None
        if ticket is None:
            raise machine_token_invalid()
        return ticket

    def accept(self, ticket: Ticket) -> None:
        """Take a genuine token, for once.

        :raises Unauthenticated: ``machine_token_expired`` with ``time``, the hub's, in
            milliseconds since 1970; ``machine_token_used``.
        """
        now = self._wall()
        if now < self._latest - AHEAD_MS:
            # The clock was set back: as after a start, nothing from before is taken.
            self._begin(now)
        self._latest = max(self._latest, now)
        oldest = max(self._floor, now - LIFE_MS - LATE_MS)
        if not oldest <= ticket.issued_at <= now + AHEAD_MS:
            raise Unauthenticated(
                "machine_token_expired",
                "The machine token is not of this time.",
                hint="Sign one with the hub's time, which is told here, and ask again.",
                time=max(now, self._floor),
            )
        name = hash((ticket.node, ticket.name))
        if name in self._new or name in self._old:
            raise Unauthenticated("machine_token_used", "This machine token was used before.")
        if now - self._turned > _KEPT_MS or len(self._new) >= self._half:
            self._turn(now)
        self._new[name] = ticket.issued_at

    def _turn(self, now: int) -> None:
        forgotten = max(self._old.values(), default=0)
        self._floor = max(self._floor, forgotten + 1)
        self._old, self._new = self._new, {}
        self._turned = now


def machine_token_invalid() -> Unauthenticated:
    """The answer to what is no machine token of a node that this hub knows."""
    return Unauthenticated(
        "machine_token_invalid",
        "This is not a machine token of a node of this hub.",
        hint="The node may have been removed; join it again with a new token.",
    )


def _ticket(node: str, claims: dict[str, Any]) -> Ticket | None:
    issued, expires, name = (claims[claim] for claim in _OWN)
    times = (issued, expires)
    if any(type(time) not in (int, float) or not 0 <= time < 2**40 for time in times):
        return None
    if not isinstance(name, str) or not 16 <= len(name) <= _MAX_JTI:
        return None
    if not 0 <= expires - issued <= LIFE_MS / 1000 + 1:
        return None
    return Ticket(node, round(issued * 1000), name)
