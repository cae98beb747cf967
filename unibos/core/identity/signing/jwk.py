"""Public keys as JSON Web Keys (RFC 7517; RFC 8037 for Ed25519, RFC 7518 for RSA)."""

import hashlib
import json
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from unibos.base.base64url import base64url, from_base64url

_X_LENGTH = 43


def public_jwk(key: Ed25519PublicKey | RSAPublicKey) -> dict[str, str]:
    """The members that make the key: ``crv``, ``kty`` and ``x``, or ``e``, ``kty`` and ``n``."""
    if isinstance(key, RSAPublicKey):
        numbers = key.public_numbers()
        return {"e": _number(numbers.e), "kty": "RSA", "n": _number(numbers.n)}
    return {"crv": "Ed25519", "kty": "OKP", "x": base64url(key.public_bytes_raw())}


def from_jwk(jwk: Any) -> Ed25519PublicKey | None:
    """The Ed25519 key of a JWK; None when it is of another kind, or none at all."""
    if not isinstance(jwk, dict) or (jwk.get("kty"), jwk.get("crv")) != ("OKP", "Ed25519"):
        return None
    x = jwk.get("x")
    if not isinstance(x, str) or len(x) != _X_LENGTH:
        return None
    try:
        return Ed25519PublicKey.from_public_bytes(from_base64url(x))
    except ValueError:
        return None


def thumbprint(key: Ed25519PublicKey | RSAPublicKey) -> str:
    """The SHA-256 of the key's members, base64url (RFC 7638)."""
    text = json.dumps(public_jwk(key), separators=(",", ":"), sort_keys=True)
    return base64url(hashlib.sha256(text.encode()).digest())


def _number(value: int) -> str:
    return base64url(value.to_bytes((value.bit_length() + 7) // 8))
