"""Tokens put together piece by piece, as no library would."""

import base64
import hashlib
import hmac
import json

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature


def text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def parts(token: str) -> tuple[dict, dict]:
    """Header and claims of a token."""
    header, claims, _ = token.split(".")
    return tuple(json.loads(base64.urlsafe_b64decode(part + "===")) for part in (header, claims))


def token(header: dict, claims: object, key: object = None) -> str:
    """A token signed with whatever the key is for: bytes for a MAC, None for nothing."""
    signed = ".".join(text(json.dumps(part).encode()) for part in (header, claims))
    return f"{signed}.{text(_signature(key, signed.encode()))}"


def changed(genuine: str, **claims: object) -> str:
    """A token with other claims and its old signature."""
    header, old = parts(genuine)
    return token(header, old | claims).rpartition(".")[0] + "." + genuine.rpartition(".")[2]


def _signature(key: object, data: bytes) -> bytes:
    if key is None:
        return b""
    if isinstance(key, bytes):
        return hmac.digest(key, data, hashlib.sha256)
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return key.sign(data)
    if isinstance(key, rsa.RSAPrivateKey):
        return key.sign(data, padding.PKCS1v15(), hashes.SHA256())
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    numbers = decode_dss_signature(key.sign(data, ec.ECDSA(hashes.SHA256())))
    return b"".join(number.to_bytes(32) for number in numbers)
