"""The proof that who joins holds the private key of the public key that is to be registered."""

import hashlib
import hmac

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from unibos.base.errors import Unauthenticated
from unibos.core.identity.keys import InstanceKey
from unibos.core.identity.signing.jwk import base64url, from_base64url

KIND = "join+jwt"
_ALGORITHM = "EdDSA"
_RAW_LENGTH = 32


def prove(key: InstanceKey, hub_id: str, secret: str) -> str:
    """A node's proof for one join token at one hub; it says no time, for a node may not know it.

    :param secret: the join token's, ``<token id>.<secret>``.
    """
    import jwt

    claims = {"iss": key.id, "aud": hub_id, "jti": _digest(secret)}
    return jwt.encode(claims, key.private, _ALGORITHM, headers={"typ": KIND})


def public_text(key: InstanceKey) -> str:
    """The public key as :class:`unibos.core.identity.link.Enrollment` takes it."""
    return base64url(key.public.public_bytes_raw())


def check_proof(proof: str, public_key: str, hub_id: str, secret: str) -> bytes:
    """The raw public key, once its owner proved to hold the private half.

    :raises Unauthenticated: ``join_proof_invalid``.
    """
    import jwt

    try:
        raw = from_base64url(public_key)
        # One text for one key: its id is the hash of the bytes.
        if len(raw) != _RAW_LENGTH or base64url(raw) != public_key:
            raise _invalid()
        if jwt.get_unverified_header(proof).get("typ") != KIND:
            raise _invalid()
        claims = jwt.decode(
            proof,
            Ed25519PublicKey.from_public_bytes(raw),
            algorithms=[_ALGORITHM],
            audience=hub_id,
            options={
                "require": ["aud", "jti"],
                "verify_exp": False,
                "verify_iat": False,
                "verify_nbf": False,
            },
        )
    except (jwt.PyJWTError, ValueError, RecursionError):
        raise _invalid() from None
    if not hmac.compare_digest(str(claims["jti"]).encode(), _digest(secret).encode()):
        raise _invalid()
    return raw


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _invalid() -> Unauthenticated:
    return Unauthenticated(
        "join_proof_invalid",
        "The proof is not one of the key that wants to join this hub.",
        hint="Join again with the whole token.",
    )
