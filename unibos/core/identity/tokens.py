"""Access tokens, which anybody can check by their issuer's public keys, and refresh tokens.

An access token is a JWT (RFC 7519, RFC 9068) signed with Ed25519 (RFC 8037) that lives 15 minutes.
A refresh token is ``session.generation.MAC``: nothing of it is stored but the generation that comes
next, so a genuine token of an older generation is known to have been used before.
"""

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from typing import Any, Protocol

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from unibos.base.base64url import base64url
from unibos.base.clock import Wall
from unibos.base.errors import Unauthenticated
from unibos.base.ids import is_id
from unibos.core.identity.keys import InstanceKey
from unibos.core.identity.signing.jwt import genuine, header_of, issuer_of, sign

ACCESS_SECONDS = 15 * 60
REFRESH_DAYS = 30
AUDIENCE = "unibos"
ACCESS_KIND = "at+jwt"
MAX_LENGTH = 4096
_FAR = 1e11
_REQUIRED = ["iss", "aud", "sub", "org", "sid", "role", "iat", "exp", "jti"]
_MAC = re.compile("[A-Za-z0-9_-]{43}")
_GENERATION = re.compile("[1-9][0-9]{0,9}")


@dataclass(frozen=True, slots=True)
class Claims:
    """What an access token says; times are in milliseconds since 1970.

    :param issued_at: by the issuer's clock of :mod:`unibos.core.store.revocations`.
    :param offline: issued by a node without its hub; good on that node only.
    """

    user: str
    org: str
    session: str
    role: str
    expires_at: int
    issued_at: int = 0
    offline: bool = False


class Keys(Protocol):
    """The public keys of one issuer."""

    @property
    def id(self) -> str:
        """The issuer's instance id, ``iss`` in its tokens."""
        ...

    def public(self, kid: str) -> Ed25519PublicKey | None:
        """The key of this name, or None. A look-up in memory: it is asked for each token."""
        ...


class Issuer(Keys, Protocol):
    """Whose tokens are issued and read."""

    def signer(self) -> tuple[str, Ed25519PrivateKey]:
        """The name and the private half of the key that signs now."""
        ...


class OwnIssuer:
    """An instance that signs with its own key, as a node does; the key's name is the id."""

    def __init__(self, key: InstanceKey) -> None:
        self._key = key

    @property
    def id(self) -> str:
        """The instance's id."""
        return self._key.id

    def signer(self) -> tuple[str, Ed25519PrivateKey]:
        """The instance's key."""
        return self._key.id, self._key.private

    def public(self, kid: str) -> Ed25519PublicKey | None:
        """The instance's key, by its id."""
        return self._key.public if kid == self._key.id else None


class AccessReader:
    """Reads the access tokens of one issuer."""

    def __init__(self, keys: Keys) -> None:
        self._keys = keys

    def read(self, token: str) -> Claims:
        """Check a token (RFC 8725): its kind, one algorithm, a known key, every claim.

        Whether it has expired is for the caller: whose clock decides depends on the issuer.

        :raises Unauthenticated: ``token_invalid``; ``token_key_unknown`` when the issuer may have
            signed it with a key that is newer than those known here.
        """
        claims = self._genuine(token)
        names = ("sub", "org", "sid", "role")
        user, org, session, role = (claims[name] for name in names)
        expires, issued, offline = claims["exp"], claims["iat"], claims.get("offline", False)
        if not all(isinstance(claims[name], str) for name in names) or type(expires) is not int:
            raise token_invalid()
        if type(issued) not in (int, float) or type(offline) is not bool:
            raise token_invalid()
        return Claims(user, org, session, role, expires * 1000, _milliseconds(issued), offline)

    def _genuine(self, token: str) -> dict[str, Any]:
        header = header_of(token) if len(token) <= MAX_LENGTH else None
        if header is None or header.typ != ACCESS_KIND:
            raise token_invalid()
        issuer = self._keys.id
        public = self._keys.public(header.kid)
        if public is None:
            raise token_key_unknown() if issuer_of(token) == issuer else token_invalid()
        claims = genuine(
            token, public, ACCESS_KIND, issuer=issuer, audience=AUDIENCE, required=_REQUIRED
        )
        # None of ours is for later: "nbf" is somebody else's.
        if claims is None or "nbf" in claims:
            raise token_invalid()
        return claims


class AccessTokens(AccessReader):
    """Issues and reads the access tokens of one instance."""

    def __init__(self, issuer: Issuer, wall: Wall) -> None:
        super().__init__(issuer)
        self._issuer = issuer
        self._wall = wall

    def read(self, token: str) -> Claims:
        """As :meth:`AccessReader.read`; its time has to be good as well.

        :raises Unauthenticated: ``token_expired``.
        """
        # "iat" is not compared with the clock: a board without a battery may have issued the token
        # before its clock went back.
        claims = super().read(token)
        if claims.expires_at <= self._wall():
            raise token_expired()
        return claims

    def issue(
        self,
        user: str,
        org: str,
        session: str,
        role: str,
        issued_at: int,
        *,
        offline: bool = False,
    ) -> str:
        """A token for 15 minutes from now.

        :param issued_at: when its session began or moved, in the transaction that did it; see
            :mod:`unibos.core.store.revocations`.
        """
        claims = {
            "iss": self._issuer.id,
            "aud": AUDIENCE,
            "sub": user,
            "org": org,
            "sid": session,
            "role": role,
            # With its fraction of a second: what a revocation ends and what began right after it
            # must be told apart.
            "iat": issued_at / 1000,
            "exp": self._wall() // 1000 + ACCESS_SECONDS,
            "jti": secrets.token_hex(8),
        }
        if offline:
            claims["offline"] = True
        kid, private = self._issuer.signer()
        return sign(claims, private, ACCESS_KIND, kid=kid)


def _milliseconds(seconds: float) -> int:
    """A NumericDate (RFC 7519, section 2); one that is no time at all is long ago."""
    return round(seconds * 1000) if abs(seconds) < _FAR else 0


class RefreshTokens:
    """Makes and reads refresh tokens.

    :param secret: the key of their MAC.
    """

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def issue(self, session: str, generation: int) -> str:
        """The session's token of this generation."""
        text = f"{session}.{generation}"
        mac = hmac.digest(self._secret, text.encode(), hashlib.sha256)
        return f"{text}.{base64url(mac)}"

    def read(self, token: str) -> tuple[str, int]:
        """The session and generation of a genuine token, used before or not.

        :raises Unauthenticated: ``refresh_invalid``.
        """
        session, _, rest = token[:MAX_LENGTH].partition(".")
        number = rest.partition(".")[0]
        if is_id(session) and _GENERATION.fullmatch(number):
            genuine = self.issue(session, int(number))
            if hmac.compare_digest(genuine.encode(), token.encode("utf-8", "replace")):
                return session, int(number)
        raise refresh_invalid()


def token_invalid() -> Unauthenticated:
    """The answer to an access token that is not ours, or damaged."""
    return Unauthenticated(
        "token_invalid", "This is not an access token of this instance.", hint="Log in again."
    )


def looks_like_refresh(token: str) -> bool:
    """Whether it may be a refresh token of some instance."""
    session, _, rest = token[:MAX_LENGTH].partition(".")
    number, _, mac = rest.partition(".")
    return is_id(session) and bool(_GENERATION.fullmatch(number)) and bool(_MAC.fullmatch(mac))


def refresh_invalid() -> Unauthenticated:
    """The answer to a refresh token that is not ours, or damaged."""
    return Unauthenticated(
        "refresh_invalid", "This is not a refresh token of this instance.", hint="Log in again."
    )


def token_key_unknown() -> Unauthenticated:
    """The answer to a token of a known issuer whose key is not known here."""
    return Unauthenticated(
        "token_key_unknown",
        "This access token is signed with a key that is not known here.",
        hint="If the hub has just changed its keys, try again once this node has reached it;"
        " otherwise log in again.",
    )


def token_expired() -> Unauthenticated:
    """The answer to an access token past its time."""
    return Unauthenticated(
        "token_expired", "The access token has expired.", hint="Exchange the refresh token."
    )


def session_ended() -> Unauthenticated:
    """The answer to any token of a session that is over."""
    return Unauthenticated("session_ended", "This session has ended.", hint="Log in again.")
