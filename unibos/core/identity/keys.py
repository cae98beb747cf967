"""The instance's key pair."""

import base64
import hashlib
from pathlib import Path

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from unibos.base.errors import Damaged, Misconfigured
from unibos.core.store.system import System

KEY_FILE = "instance.key"
_OTHERS = 0o077


class InstanceKey:
    """An Ed25519 key pair (RFC 8032) in ``<data>/instance.key``; the instance's id comes from it.

    :ivar id: 52 characters, the lower-case base32 (RFC 4648, no padding) of the SHA-256 of the
        raw public key.
    :ivar public: the public half.
    :ivar private: the private half, for the signing of tokens.
    """

    def __init__(self, private: Ed25519PrivateKey) -> None:
        self.private = private
        self.public: Ed25519PublicKey = private.public_key()
        self.id = instance_id(self.public)

    @property
    def short(self) -> str:
        """The id's first eight characters, for people: ``abcd-efgh``."""
        return f"{self.id[:4]}-{self.id[4:8]}"

    @classmethod
    def open(cls, folder: Path, system: System | None = None) -> "InstanceKey":
        """Read the key, or make it at first start.

        :raises Damaged: ``instance_key_damaged``.
        :raises Misconfigured: ``instance_key_exposed`` when others than its owner may read or
            write the file, ``instance_key_unreadable``.
        """
        path = folder / KEY_FILE
        try:
            mode = path.stat().st_mode
        except FileNotFoundError:
            try:
                return cls._make(path, system or System())
            except FileExistsError:
                # Another first start was faster; the owner of the database is decided later.
                return cls.open(folder, system)
        if mode & _OTHERS:
            raise Misconfigured(
                "instance_key_exposed",
                f"{path} may be read or changed by other users (mode {mode & 0o777:o}).",
                hint=f"chmod 600 {path}; if others may have read it, make a new instance.",
            )
        try:
            text = path.read_bytes()
        except OSError as error:
            raise Misconfigured(
                "instance_key_unreadable",
                f"{path} cannot be read: {error.strerror}.",
                hint="The file must belong to the user that runs the service.",
            ) from error
        return cls(_parse(path, text))

    @classmethod
    def _make(cls, path: Path, system: System) -> "InstanceKey":
        path.parent.mkdir(parents=True, exist_ok=True)
        private = Ed25519PrivateKey.generate()
        pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        system.create_text(path, pem.decode(), 0o600)
        return cls(private)

    def secret(self, purpose: str) -> bytes:
        """32 secret bytes for one purpose, always the same (HKDF, RFC 5869)."""
        raw = self.private.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())
        return HKDF(hashes.SHA256(), 32, salt=None, info=f"unibos {purpose}".encode()).derive(raw)


def instance_id(public: Ed25519PublicKey) -> str:
    """The id of the instance with this public key."""
    digest = hashlib.sha256(public.public_bytes_raw()).digest()
    return base64.b32encode(digest).decode().rstrip("=").lower()


def _parse(path: Path, text: bytes) -> Ed25519PrivateKey:
    reason = "it holds no Ed25519 key"
    try:
        private = load_pem_private_key(text, password=None)
        if isinstance(private, Ed25519PrivateKey):
            return private
    except (ValueError, TypeError) as error:
        reason = str(error)
    raise Damaged(
        "instance_key_damaged",
        f"{path} is not the key that was written: {reason}.",
        hint="Restore it from a backup. Without it this becomes a new instance with a new id.",
    )
