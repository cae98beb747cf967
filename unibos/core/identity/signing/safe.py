"""How signing keys are made, and kept so that the database alone signs nothing."""

import json
import secrets
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_private_key,
)

from unibos.base.base64url import base64url, from_base64url
from unibos.base.errors import Damaged
from unibos.core.identity.signing.jwk import public_jwk, thumbprint
from unibos.core.store.signing_keys import Algorithm, SigningKey

RSA_BITS = 2048
_NONCE = 12


class Safe:
    """Seals private halves with AES-GCM (NIST SP 800-38D); each fits its own key's name only.

    :param secret: 32 bytes.
    """

    def __init__(self, secret: bytes) -> None:
        self._seal = AESGCM(secret)

    def make(self, algorithm: Algorithm, now: int) -> SigningKey:
        """A new key, to be the next one; its name is the thumbprint (RFC 7638)."""
        private: Ed25519PrivateKey | RSAPrivateKey
        if algorithm == "EdDSA":
            private = Ed25519PrivateKey.generate()
        else:
            private = generate_private_key(65537, RSA_BITS)
        public = private.public_key()
        kid, nonce = thumbprint(public), secrets.token_bytes(_NONCE)
        raw = private.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
        sealed = base64url(nonce + self._seal.encrypt(nonce, raw, kid.encode()))
        return SigningKey(kid, algorithm, "next", json.dumps(public_jwk(public)), sealed, now)

    def open(self, key: SigningKey) -> Any:
        """The private half of a key.

        :raises Damaged: ``signing_keys_sealed``.
        """
        try:
            whole = from_base64url(key.sealed)
            raw = self._seal.decrypt(whole[:_NONCE], whole[_NONCE:], key.kid.encode())
        except (InvalidTag, ValueError):
            raise Damaged(
                "signing_keys_sealed",
                "The signing keys in the database were sealed by another instance key.",
                hint="Restore instance.key and the database from the same backup.",
            ) from None
        return load_der_private_key(raw, None)
