"""What a node takes from its hub without asking it: tokens, by its keys; revocations; how long.

All of it lies in memory, so that a token is checked without I/O. It is replaced as a whole when
the hub was heard; the checks that run meanwhile see the old or the new, never a mixture.
"""

from dataclasses import dataclass, field

from unibos.base.errors import Forbidden, Unauthenticated
from unibos.core.identity.federation.state import Joined
from unibos.core.identity.registry.membership import Membership
from unibos.core.identity.scope import Role
from unibos.core.identity.signing.keys import KnownKeys
from unibos.core.identity.signing.revocations import RevocationList, read_revocations
from unibos.core.identity.tokens import (
    AccessReader,
    Claims,
    session_ended,
    token_expired,
    token_invalid,
)
from unibos.core.store import revocations

_ROLES = frozenset(role.value for role in Role)


@dataclass(frozen=True, slots=True)
class Trust:
    """The hub's word, as the node heard it last.

    :param hub: the hub's instance id.
    :param until: when the node's membership expires, in milliseconds since 1970.
    """

    hub: str
    org: str
    until: int
    revoked: RevocationList
    reader: AccessReader = field(repr=False)

    @classmethod
    def of(cls, joined: Joined, membership: Membership) -> "Trust":
        """The hub's word out of what a node keeps."""
        keys = KnownKeys.from_jwks(joined.keys, joined.hub)
        until = membership.expires_at
        return cls(joined.hub, joined.org.id, until, _list(joined), AccessReader(keys))

    def read(self, token: str) -> Claims:
        """The claims of a genuine access token of the hub's, for the node's org.

        Whether they still hold is for :meth:`check`.

        :raises Unauthenticated: ``token_invalid``, ``token_key_unknown``.
        """
        claims = self.reader.read(token)
        if claims.org != self.org or claims.offline or claims.role not in _ROLES:
            raise token_invalid()
        return claims

    def check(self, claims: Claims, now: int) -> None:
        """Let only pass what holds now.

        :param now: by the node's trusted time.
        :raises Unauthenticated: ``token_expired``, ``session_ended``.
        :raises Forbidden: ``hub_away_too_long``.
        """
        if claims.expires_at <= now or self.revoked.outlived(claims.issued_at):
            raise token_expired()
        if self.ended(claims):
            raise session_ended()
        self.check_membership(now)

    def check_membership(self, now: int) -> None:
        """Take nothing of the hub's any more once the node's membership is over.

        :raises Forbidden: ``hub_away_too_long``.
        """
        if self.until <= now:
            raise Forbidden(
                "hub_away_too_long",
                "This node has not reached its hub for so long that its membership is over.",
                hint="It is renewed by itself once the node reaches the hub. Accounts of the node"
                " itself go on working.",
            )

    def ended(self, claims: Claims) -> bool:
        """Whether the hub has taken back what a token says."""
        return self.revoked.revoked(claims.user, claims.session, claims.issued_at)

    def forgotten_before(self, older: "Trust | None") -> int:
        """Up to this time the list may have lost revocations since ``older`` was heard.

        A hub keeps them for a month. Who heard it less often must take what is older for revoked.
        """
        newest = self.revoked.issued_at
        heard = older.revoked.issued_at if older else 0
        kept = revocations.USER_KEPT_MS
        return newest - kept if newest - heard >= kept else 0

    def news(self, older: "Trust | None") -> set[str]:
        """The users and sessions that are revoked now, and were not, or not so far, before."""
        users = older.revoked.users if older else {}
        sessions = older.revoked.sessions if older else frozenset[str]()
        later = {id_ for id_, at in self.revoked.users.items() if users.get(id_, 0) < at}
        return later | (self.revoked.sessions - sessions)


def _list(joined: Joined) -> RevocationList:
    try:
        return read_revocations(joined.revocations, joined.hub, joined.org.id)
    except Unauthenticated:
        # Only damage leads here: it was checked when it came. As if never heard.
        return RevocationList(joined.org.id, "", 0)
