"""Signatures as minisign makes and checks them: Ed25519 over the BLAKE2b-512 of a file.

    minisign -G -W -p unibos.pub -s unibos.key     # makes a key pair, without a passphrase
    minisign -V -p unibos.pub -m checksums.sha256  # checks

Formats: https://jedisct1.github.io/minisign/ ("Signature format", "Secret key format").
"""

import base64
import hashlib
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

_PREHASHED = b"ED"
_UNENCRYPTED = b"\0\0"


def sign(file: Path, secret: Path, comment: str) -> Path:
    """Write ``<file>.minisig``.

    :param secret: a secret key without a passphrase.
    :param comment: is signed, too, and shown by whoever checks.
    :raises SystemExit: the key is none, or has a passphrase.
    """
    number, key = _secret(secret)
    signature = key.sign(_digest(file))
    line = base64.b64encode(_PREHASHED + number + signature).decode()
    over_all = base64.b64encode(key.sign(signature + comment.encode())).decode()
    target = file.with_name(f"{file.name}.minisig")
    target.write_text(
        f"untrusted comment: signature of {file.name}\n{line}\n"
        f"trusted comment: {comment}\n{over_all}\n"
    )
    return target


def verify(file: Path, public: Path) -> str:
    """Check ``<file>.minisig``; the trusted comment.

    :raises ValueError: it is not this file's signature by this key.
    """
    kind, number, point = _parts(public.read_text().splitlines()[1], 2, 8, 32)
    _, line, trusted, over_all = file.with_name(f"{file.name}.minisig").read_text().splitlines()
    algorithm, by, signature = _parts(line, 2, 8, 64)
    comment = trusted.removeprefix("trusted comment: ")
    if (kind, algorithm, by) != (b"Ed", _PREHASHED, number):
        raise ValueError(f"{file.name} was signed with another key")
    key = Ed25519PublicKey.from_public_bytes(point)
    try:
        key.verify(signature, _digest(file))
        key.verify(base64.b64decode(over_all), signature + comment.encode())
    except InvalidSignature as error:
        raise ValueError(f"{file.name} is not what was signed") from error
    return comment


def _secret(path: Path) -> tuple[bytes, Ed25519PrivateKey]:
    """The key's number and the key."""
    lines = path.read_text().splitlines()
    # algorithm, derivation, checksum, salt, two limits, number, seed and point, checksum
    parts = _parts(lines[1], 2, 2, 2, 32, 8, 8, 8, 64, 32)
    if parts[0] != b"Ed":
        raise SystemExit(f"{path} is no secret key of minisign.")
    if parts[1] != _UNENCRYPTED:
        raise SystemExit(f"{path} has a passphrase; make a key without one: minisign -G -W")
    return parts[6], Ed25519PrivateKey.from_private_bytes(parts[7][:32])


def _parts(line: str, *sizes: int) -> list[bytes]:
    data = base64.b64decode(line, validate=True)
    if len(data) != sum(sizes):
        raise ValueError("not minisign's format")
    ends = [sum(sizes[: index + 1]) for index in range(len(sizes))]
    return [data[end - size : end] for end, size in zip(ends, sizes, strict=True)]


def _digest(file: Path) -> bytes:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "blake2b").digest()
