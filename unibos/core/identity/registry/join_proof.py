"""The proof that who joins holds the private key of the public key that is to be registered."""

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from unibos.base.base64url import base64url, from_base64url
from unibos.base.errors import Unauthenticated
from unibos.core.identity.keys import InstanceKey
from unibos.core.identity.secret import digest, matches
from unibos.core.identity.signing.jwt import genuine, sign

KIND = "join+jwt"


def prove(key: InstanceKey, hub_id: str, secret: str) -> str:
    """A node's proof for one join token at one hub; it says no time, for a node may not know it.

    :param secret: the join token's, ``<token id>.<secret>``.
    """
    claims = {"iss": key.id, "aud": hub_id, "jti": digest(secret)}
    return sign(claims, key.private, KIND)


def public_text(key: InstanceKey) -> str:
    """The public key as :class:`unibos.core.identity.link.Enrollment` takes it."""
    return base64url(key.public.public_bytes_raw())


def check_proof(proof: str, public_key: str, hub_id: str, secret: str) -> bytes:
    """The raw public key, once its owner proved to hold the private half.

    :raises Unauthenticated: ``join_proof_invalid``.
    """
    try:
        raw = from_base64url(public_key)
        public = Ed25519PublicKey.from_public_bytes(raw)
    except ValueError:
        raise _invalid() from None
    # One text for one key: its id is the hash of the bytes.
    if base64url(raw) != public_key:
        raise _invalid()
    claims = genuine(proof, public, KIND, audience=hub_id, required=["aud", "jti"])
    if claims is None or not matches(secret, str(claims["jti"])):
        raise _invalid()
    return raw


def _invalid() -> Unauthenticated:
    return Unauthenticated(
        "join_proof_invalid",
        "The proof is not one of the key that wants to join this hub.",
        hint="Join again with the whole token.",
    )
