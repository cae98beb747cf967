"""JSON Web Tokens (RFC 7519): the one place that signs and checks them.

The header's ``typ`` tells kinds of tokens apart and is always checked, as is the one algorithm
(RFC 8725, sections 3.1 and 3.11). Whether a token's time is over is not asked here: each kind has
a clock of its own that decides.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from unibos.base.base64url import from_base64url

ALGORITHM = "EdDSA"


class Header(msgspec.Struct, frozen=True):
    """What of a header says which token this is, and who signed it (RFC 7515, section 4.1)."""

    typ: str = ""
    kid: str = ""
    jwk: Any = None


class _Issuer(msgspec.Struct, frozen=True):
    iss: str = ""


def sign(
    claims: Mapping[str, Any],
    private: Ed25519PrivateKey | RSAPrivateKey,
    kind: str,
    *,
    algorithm: str = ALGORITHM,
    **header: Any,
) -> str:
    """A signed token.

    :param kind: the header's ``typ``.
    :param header: more of its header, such as ``kid``.
    """
    import jwt

    return jwt.encode(dict(claims), private, algorithm, headers={"typ": kind, **header})


def header_of(token: str) -> Header:
    """The header, proved by nothing; an empty one where there is none that can be read."""
    try:
        return msgspec.json.decode(from_base64url(token.partition(".")[0]), type=Header)
    except (ValueError, RecursionError):
        return Header()


def issuer_of(token: str) -> str:
    """Whom a token says it is from, proved by nothing; empty where that cannot be read."""
    try:
        body = token.partition(".")[2].partition(".")[0]
        return msgspec.json.decode(from_base64url(body), type=_Issuer).iss
    except (ValueError, RecursionError):
        return ""


def genuine(
    token: str,
    public: Ed25519PublicKey,
    kind: str,
    *,
    issuer: str | None = None,
    audience: str | None = None,
    required: Sequence[str] = (),
) -> dict[str, Any] | None:
    """The claims of a token of this kind that the owner of the key signed; None of any other.

    Apart from issuer and audience, what the claims are made of is for the caller to check.

    :param issuer: who has to be named as ``iss``; None: anybody.
    :param audience: who has to be named as ``aud``; None: anybody.
    :param required: claims that must not be missing.
    """
    import jwt

    try:
        decoded = jwt.decode_complete(
            token,
            public,
            algorithms=[ALGORITHM],
            issuer=issuer,
            audience=audience,
            options={
                "require": list(required),
                "verify_aud": audience is not None,
                "verify_exp": False,
                "verify_iat": False,
                "verify_nbf": False,
            },
        )
    except (jwt.PyJWTError, ValueError, RecursionError):
        return None
    claims: dict[str, Any] = decoded["payload"]
    return claims if decoded["header"].get("typ") == kind else None
