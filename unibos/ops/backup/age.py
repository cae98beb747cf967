"""The age file format, version 1 (age-encryption.org/v1, C2SP), with X25519 and scrypt recipients.

A header names, for each recipient, the random key of this file in wrapped form, and carries a MAC
under that key. The payload follows in chunks of 64 KiB, each sealed with ChaCha20-Poly1305 under a
counter and a mark of the last one (STREAM; Hoang, Reyhanitabar, Rogaway, Vizár 2015): no chunk can
be changed, moved, repeated or left out. The programs ``age`` and ``rage`` read what this writes.
"""

import base64
import binascii
import hashlib
import hmac
import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from unibos.base.errors import Damaged, Unauthenticated

CHUNK = 64 * 1024
_TAG = 16
_NONCE = 16
_VERSION = b"age-encryption.org/v1\n"
_LINE_LIMIT = 1024
_SCRYPT_MOST = 20
"""A header may ask for 1 GiB of memory at most."""


@dataclass(frozen=True, slots=True)
class Stanza:
    """One recipient's part of a header."""

    arguments: tuple[str, ...]
    body: bytes

    def encoded(self) -> bytes:
        """As it stands in a header."""
        text = _b64(self.body)
        lines = [text[at : at + 64] for at in range(0, len(text), 64)]
        if len(text) % 64 == 0:
            lines.append("")
        return f"-> {' '.join(self.arguments)}\n{chr(10).join(lines)}\n".encode()


class Secret(Protocol):
    """What a file is encrypted to and decrypted with."""

    def wrap(self, file_key: bytes) -> Stanza:
        """The file's key for the holder of this secret."""
        ...

    def unwrap(self, stanza: Stanza) -> bytes | None:
        """The file's key, or None when the stanza is not for this secret."""
        ...


class Key:
    """An X25519 key pair: fast, for keys of full strength."""

    def __init__(self, private: X25519PrivateKey) -> None:
        self._private = private
        self._public = private.public_key().public_bytes_raw()

    @classmethod
    def generate(cls) -> "Key":
        """A new one."""
        return cls(X25519PrivateKey.generate())

    @classmethod
    def from_raw(cls, raw: bytes) -> "Key":
        """The key pair of 32 secret bytes."""
        return cls(X25519PrivateKey.from_private_bytes(raw))

    @property
    def raw(self) -> bytes:
        """The 32 secret bytes."""
        return self._private.private_bytes_raw()

    def wrap(self, file_key: bytes) -> Stanza:
        """See :class:`Secret`."""
        ephemeral = X25519PrivateKey.generate()
        share = ephemeral.public_key().public_bytes_raw()
        shared = ephemeral.exchange(X25519PublicKey.from_public_bytes(self._public))
        body = _sealed(self._wrapping(shared, share), file_key)
        return Stanza(("X25519", _b64(share)), body)

    def unwrap(self, stanza: Stanza) -> bytes | None:
        """See :class:`Secret`."""
        if stanza.arguments[0] != "X25519" or len(stanza.arguments) != 2:
            return None
        share = _from_b64(stanza.arguments[1])
        if len(share) != 32:
            return None
        try:
            shared = self._private.exchange(X25519PublicKey.from_public_bytes(share))
        except ValueError:
            return None
        return _unsealed(self._wrapping(shared, share), stanza.body)

    def _wrapping(self, shared: bytes, share: bytes) -> bytes:
        return _hkdf(shared, share + self._public, b"age-encryption.org/v1/X25519")


class Passphrase:
    """A passphrase, through scrypt (RFC 7914) with r = 8 and p = 1.

    :param log_n: the cost; 16 takes 64 MiB and about a second on a small board.
    """

    def __init__(self, text: str, log_n: int = 16) -> None:
        self._text = text.encode()
        self._log_n = log_n

    def wrap(self, file_key: bytes) -> Stanza:
        """See :class:`Secret`."""
        salt = os.urandom(16)
        body = _sealed(self._wrapping(salt, self._log_n), file_key)
        return Stanza(("scrypt", _b64(salt), str(self._log_n)), body)

    def unwrap(self, stanza: Stanza) -> bytes | None:
        """See :class:`Secret`."""
        if stanza.arguments[0] != "scrypt" or len(stanza.arguments) != 3:
            return None
        salt, cost = _from_b64(stanza.arguments[1]), stanza.arguments[2]
        plain = cost.isascii() and cost.isdigit() and not cost.startswith("0")
        if len(salt) != 16 or not plain or len(cost) > 2 or int(cost) > _SCRYPT_MOST:
            raise damaged("its header asks for an unknown cost")
        return _unsealed(self._wrapping(salt, int(cost)), stanza.body)

    def _wrapping(self, salt: bytes, log_n: int) -> bytes:
        cost = 1 << log_n
        return hashlib.scrypt(
            self._text,
            salt=b"age-encryption.org/v1/scrypt" + salt,
            n=cost,
            r=8,
            p=1,
            maxmem=cost * 8 * 128 + (1 << 20),
            dklen=32,
        )


class Sink(Protocol):
    """Where encrypted bytes go."""

    def write(self, data: bytes, /) -> object:
        """Take all of ``data``."""
        ...


class Sealing:
    """Encrypts to ``sink`` what is written; :meth:`finish` ends it."""

    def __init__(self, sink: Sink, secret: Secret) -> None:
        file_key = os.urandom(16)
        head = _VERSION + secret.wrap(file_key).encoded() + b"---"
        nonce = os.urandom(_NONCE)
        sink.write(head + b" " + _b64(_mac(file_key, head)).encode() + b"\n" + nonce)
        self._sink = sink
        self._cipher = ChaCha20Poly1305(_hkdf(file_key, nonce, b"payload"))
        self._waiting = bytearray()
        self._count = 0

    def write(self, data: bytes) -> None:
        """Encrypt more bytes."""
        self._waiting += data
        # A full chunk waits until it is known whether it is the last.
        while len(self._waiting) > CHUNK:
            self._put(bytes(self._waiting[:CHUNK]), last=False)
            del self._waiting[:CHUNK]

    def finish(self) -> None:
        """Write the last chunk."""
        self._put(bytes(self._waiting), last=True)

    def _put(self, chunk: bytes, *, last: bool) -> None:
        self._sink.write(self._cipher.encrypt(_counter(self._count, last=last), chunk, None))
        self._count += 1


def opened(source: BinaryIO, secret: Secret) -> Iterator[bytes]:
    """Decrypt, in chunks; nothing that is given out was changed, but its end may be missing until
    the iterator ends by itself.

    :raises Unauthenticated: ``backup_secret_wrong``.
    :raises Damaged: ``backup_damaged``.
    """
    file_key = _file_key(source, secret)
    nonce = source.read(_NONCE)
    if len(nonce) != _NONCE:
        raise damaged("it ends too early")
    cipher = ChaCha20Poly1305(_hkdf(file_key, nonce, b"payload"))
    count = 0
    sealed = source.read(CHUNK + _TAG)
    while True:
        following = source.read(CHUNK + _TAG)
        try:
            chunk = cipher.decrypt(_counter(count, last=not following), sealed, None)
        except (InvalidTag, ValueError):
            raise damaged("its bytes are not those that were written") from None
        if not chunk and count:
            raise damaged("its last chunk is empty")
        yield chunk
        if not following:
            return
        sealed = following
        count += 1


def sealed_size(size: int) -> int:
    """How many bytes ``size`` bytes take when encrypted to one :class:`Key`."""
    chunks = max(1, -(-size // CHUNK))
    return _HEADER + _NONCE + size + chunks * _TAG


def damaged(why: str) -> Damaged:
    """The error of a file that is not as it was written."""
    return Damaged(
        "backup_damaged",
        f"A file of the backup is damaged: {why}.",
        hint="unibos backup verify --deep tells what else is.",
    )


def _file_key(source: BinaryIO, secret: Secret) -> bytes:
    if _line(source) != _VERSION:
        raise damaged("it is no age file")
    head, stanzas = _VERSION, []
    line = _line(source)
    while line.startswith(b"-> "):
        stanza = _stanza(line, source)
        stanzas.append(stanza)
        head += stanza.encoded()
        line = _line(source)
    if not stanzas or not line.startswith(b"--- ") or not line.endswith(b"\n"):
        raise damaged("its header is broken")
    file_key = next((key for one in stanzas if (key := secret.unwrap(one)) is not None), None)
    if file_key is None:
        raise Unauthenticated(
            "backup_secret_wrong",
            "The passphrase or key is not that of this backup.",
            hint="Nothing was touched. Try again; without it, nobody can read the backup.",
        )
    said = _from_b64(line[4:-1].decode("latin-1"))
    if not hmac.compare_digest(_mac(file_key, head + b"---"), said):
        raise damaged("its header was changed")
    return file_key


def _stanza(line: bytes, source: BinaryIO) -> Stanza:
    try:
        arguments = tuple(line[3:-1].decode("ascii").split(" "))
    except UnicodeDecodeError:
        raise damaged("its header is broken") from None
    text = b""
    while True:
        part = _line(source).removesuffix(b"\n")
        text += part
        if len(part) > 64 or len(text) > _LINE_LIMIT:
            raise damaged("its header is broken")
        if len(part) < 64:
            break
    return Stanza(arguments, _from_b64(text.decode("latin-1")))


def _line(source: BinaryIO) -> bytes:
    return source.readline(_LINE_LIMIT)


def _mac(file_key: bytes, head: bytes) -> bytes:
    return hmac.digest(_hkdf(file_key, None, b"header"), head, "sha256")


def _hkdf(secret: bytes, salt: bytes | None, info: bytes) -> bytes:
    return HKDF(hashes.SHA256(), 32, salt=salt, info=info).derive(secret)


def _sealed(key: bytes, file_key: bytes) -> bytes:
    return ChaCha20Poly1305(key).encrypt(bytes(12), file_key, None)


def _unsealed(key: bytes, body: bytes) -> bytes | None:
    if len(body) != 32:
        return None
    try:
        return ChaCha20Poly1305(key).decrypt(bytes(12), body, None)
    except InvalidTag:
        return None


def _counter(count: int, *, last: bool) -> bytes:
    return count.to_bytes(11, "big") + bytes([last])


def _b64(raw: bytes) -> str:
    return base64.b64encode(raw).decode().rstrip("=")


def _from_b64(text: str) -> bytes:
    """Decode base64 without padding, in its one canonical form only."""
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise damaged("its header is broken") from None
    if _b64(raw) != text:
        raise damaged("its header is broken")
    return raw


_HEADER = len(_VERSION) + len(f"-> X25519 {'x' * 43}\n{'x' * 43}\n--- {'x' * 43}\n")
