"""What programs are told about who logged in: in the ID token, and when they ask for more.

The token that they get is for one thing only, to ask for more: it is a JWT of its own kind, for
the program as its audience, so no other door of the hub or of a node takes it.
"""

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from unibos.base.base64url import base64url
from unibos.core.identity.oidc.codes import Code
from unibos.core.identity.signing.jwt import genuine, header_of, sign
from unibos.core.identity.signing.keys import SigningKeys
from unibos.core.identity.tokens import ACCESS_SECONDS, token_invalid
from unibos.core.store.accounts import Account
from unibos.core.store.signing_keys import Algorithm

USERINFO_KIND = "userinfo+jwt"
MAX_LENGTH = 4096
_REQUIRED = ["iss", "aud", "sub", "sid", "org", "scope", "exp"]


@dataclass(frozen=True, slots=True)
class Granted:
    """What a genuine token for more claims says; ``expires_at`` is in seconds since 1970."""

    user: str
    org: str
    session: str
    client: str
    scope: str
    expires_at: int


def about(user: Account, org_name: str, scope: str) -> dict[str, str]:
    """The claims that a scope opens (OpenID Connect Core, section 5.4).

    ``profile`` tells the org and the role in it, too: what a person may do elsewhere often hangs
    on that.
    """
    claims = {"sub": user.id}
    wanted = scope.split()
    if "email" in wanted:
        claims["email"] = user.email
    if "profile" in wanted:
        claims |= {"name": user.name, "org": user.org, "org_name": org_name, "role": user.role}
    return claims


def id_token(
    keys: SigningKeys, code: Code, access_token: str, claims: Mapping[str, str], now: int
) -> str:
    """Sign who logged in (OpenID Connect Core, section 2).

    :param now: in seconds since 1970.
    """
    told: dict[str, Any] = {
        **claims,
        "iss": code.issuer,
        "aud": code.client,
        "iat": now,
        "exp": now + ACCESS_SECONDS,
        "auth_time": code.auth_time,
        "at_hash": _half_hash(access_token, code.algorithm),
    }
    if code.nonce:
        told["nonce"] = code.nonce
    return _signed(keys, told, "JWT", code.algorithm)


def access_token(keys: SigningKeys, code: Code, now: int) -> str:
    """A token with which the program may ask for more claims, for 15 minutes."""
    told = {
        "iss": keys.id,
        "aud": code.client,
        "sub": code.user,
        "org": code.org,
        "sid": code.session,
        "scope": code.scope,
        "iat": now,
        "exp": now + ACCESS_SECONDS,
        "jti": secrets.token_hex(8),
    }
    return _signed(keys, told, USERINFO_KIND, "EdDSA")


def read_access_token(keys: SigningKeys, token: str) -> Granted:
    """Check :func:`access_token`; its time and session are for the caller to look at.

    :raises Unauthenticated: ``token_invalid``.
    """
    public = keys.public(header_of(token).kid) if len(token) <= MAX_LENGTH else None
    if public is None:
        raise token_invalid()
    claims = genuine(token, public, USERINFO_KIND, issuer=keys.id, required=_REQUIRED)
    if claims is None:
        raise token_invalid()
    names = ("sub", "org", "sid", "aud", "scope")
    user, org, session, client, scope = (str(claims[name]) for name in names)
    return Granted(user, org, session, client, scope, int(claims["exp"]))


def _signed(keys: SigningKeys, claims: dict[str, Any], kind: str, algorithm: Algorithm) -> str:
    kid, private = keys.signer_for(algorithm)
    return sign(claims, private, kind, algorithm=algorithm, kid=kid)


def _half_hash(text: str, algorithm: Algorithm) -> str:
    """The left half of the hash that the algorithm uses (Core, section 3.1.3.6)."""
    hashed = hashlib.sha512 if algorithm == "EdDSA" else hashlib.sha256
    digest = hashed(text.encode()).digest()
    return base64url(digest[: len(digest) // 2])
