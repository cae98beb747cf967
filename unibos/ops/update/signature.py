"""Checks signatures in minisign's format: Ed25519 over the BLAKE2b-512 of a file.

Format: https://jedisct1.github.io/minisign/ ("Signature format", "Public key format"). Only what
is signed in this prehashed way (``ED``) is taken, never the older one.
"""

import base64
import binascii
import hashlib

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from unibos.base.errors import Damaged, Misconfigured

RELEASE_KEY = ""
"""The key of a project's own releases, in one line of base64: whoever builds for others sets it.
While it is empty, ``update.key`` has to name one."""

_COMMENT = "trusted comment: "


def public_key(configured: str) -> bytes:
    """Number and point of the key to check with, 40 bytes.

    :param configured: ``update.key``: the second line of minisign's ``.pub`` file, or empty.
    :raises Misconfigured: ``update_key_missing``.
    """
    text = configured or RELEASE_KEY
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        data = b""
    if len(data) != 42 or data[:2] != b"Ed":
        raise Misconfigured(
            "update_key_missing",
            "update.key is no public key of minisign." if text else "There is no update.key.",
            hint="Set update.key to the last line of the releaser's .pub file.",
        )
    return data[2:]


def verify(content: bytes, signature: str, key: bytes) -> str:
    """Check a detached signature; the comment that is signed with it.

    :param key: as :func:`public_key` gives it.
    :raises Damaged: ``update_signature_wrong``.
    """
    try:
        _, line, trusted, over_all = signature.splitlines()
        data = base64.b64decode(line, validate=True)
        last = base64.b64decode(over_all, validate=True)
    except ValueError:
        raise _wrong("is no signature of minisign") from None
    if len(data) != 74 or not trusted.startswith(_COMMENT):
        raise _wrong("is no signature of minisign")
    if data[:2] != b"ED" or data[2:10] != key[:8]:
        raise _wrong("is by another key")
    comment, point = trusted.removeprefix(_COMMENT), Ed25519PublicKey.from_public_bytes(key[8:])
    try:
        point.verify(data[10:], hashlib.blake2b(content).digest())
        point.verify(last, data[10:] + comment.encode())
    except InvalidSignature:
        raise _wrong("does not fit what was signed") from None
    return comment


def _wrong(why: str) -> Damaged:
    return Damaged(
        "update_signature_wrong",
        f"The signature of the list of releases {why}. Nothing was changed.",
        hint="Do not trust this source. Check update.source and update.key.",
        why=why,
    )
