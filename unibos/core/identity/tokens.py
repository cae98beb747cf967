"""Access tokens, which anybody can check by the instance's public key, and refresh tokens.

An access token is a JWT (RFC 7519) signed with Ed25519 (RFC 8037) that lives 15 minutes. A refresh
token is ``session.generation.MAC``: nothing of it is stored but the generation that comes next, so
a genuine token of an older generation is known to have been used before.
"""

import base64
import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from typing import Any

from unibos.base.clock import Wall
from unibos.base.errors import Unauthenticated
from unibos.base.ids import is_id
from unibos.core.identity.keys import InstanceKey

ACCESS_SECONDS = 15 * 60
REFRESH_DAYS = 30
AUDIENCE = "unibos"
ALGORITHM = "EdDSA"
MAX_LENGTH = 4096
_REQUIRED = ["iss", "aud", "sub", "org", "sid", "role", "iat", "exp", "jti"]
_GENERATION = re.compile("[1-9][0-9]{0,9}")


@dataclass(frozen=True, slots=True)
class Claims:
    """What an access token says; ``expires_at`` is in milliseconds since 1970."""

    user: str
    org: str
    session: str
    role: str
    expires_at: int


class AccessTokens:
    """Issues and reads the access tokens of one instance."""

    def __init__(self, key: InstanceKey, wall: Wall) -> None:
        self._key = key
        self._wall = wall

    def issue(self, user: str, org: str, session: str, role: str) -> str:
        """A token for 15 minutes from now."""
        import jwt

        issued = self._wall() // 1000
        claims = {
            "iss": self._key.id,
            "aud": AUDIENCE,
            "sub": user,
            "org": org,
            "sid": session,
            "role": role,
            "iat": issued,
            "exp": issued + ACCESS_SECONDS,
            "jti": secrets.token_hex(8),
        }
        return jwt.encode(claims, self._key.private, ALGORITHM, headers={"kid": self._key.id})

    def read(self, token: str) -> Claims:
        """Check a token (RFC 8725): our key, one algorithm, every claim, not expired.

        :raises Unauthenticated: ``token_invalid``, ``token_expired``.
        """
        claims = self._genuine(token)
        names = ("sub", "org", "sid", "role")
        user, org, session, role = (claims[name] for name in names)
        expires = claims["exp"]
        if not all(isinstance(claims[name], str) for name in names) or type(expires) is not int:
            raise token_invalid()
        if expires * 1000 <= self._wall():
            raise token_expired()
        return Claims(user, org, session, role, expires * 1000)

    def _genuine(self, token: str) -> dict[str, Any]:
        import jwt

        if len(token) > MAX_LENGTH:
            raise token_invalid()
        try:
            if jwt.get_unverified_header(token).get("kid") != self._key.id:
                raise token_invalid()
            # The time is checked by our own clock. "iat" is not compared with it: a board without
            # a clock battery may have issued the token before its clock went back.
            return jwt.decode(
                token,
                self._key.public,
                algorithms=[ALGORITHM],
                audience=AUDIENCE,
                issuer=self._key.id,
                options={"require": _REQUIRED, "verify_exp": False, "verify_iat": False},
            )
        except (jwt.PyJWTError, ValueError, RecursionError):
            raise token_invalid() from None


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
        return f"{text}.{base64.urlsafe_b64encode(mac).decode().rstrip('=')}"

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
        raise Unauthenticated(
            "refresh_invalid", "This is not a refresh token of this instance.", hint="Log in again."
        )


def token_invalid() -> Unauthenticated:
    """The answer to an access token that is not ours, or damaged."""
    return Unauthenticated(
        "token_invalid", "This is not an access token of this instance.", hint="Log in again."
    )


def token_expired() -> Unauthenticated:
    """The answer to an access token past its time."""
    return Unauthenticated(
        "token_expired", "The access token has expired.", hint="Exchange the refresh token."
    )


def session_ended() -> Unauthenticated:
    """The answer to any token of a session that is over."""
    return Unauthenticated("session_ended", "This session has ended.", hint="Log in again.")
