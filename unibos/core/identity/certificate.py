"""The node's own TLS certificate, which clients pin by its fingerprint.

ECDSA P-256, because browsers refuse Ed25519. It lasts ten years and is never renewed by itself:
a new one would break every pin, and the clock of a small board is no reason to make one.
"""

import socket
import ssl
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from ipaddress import ip_address
from pathlib import Path

from unibos.base.clock import Wall, wall_ms
from unibos.base.errors import Damaged
from unibos.core.store.system import System

CERTIFICATE_FILE = "tls.pem"
_LIFE = timedelta(days=3650)
_SLACK = timedelta(days=1)
_ADDRESSES = ("127.0.0.1", "::1")


class Certificate:
    """A private key and its self-signed certificate in one PEM file, ``<data>/tls.pem``.

    :ivar path: the file, mode 0600, for ``ssl.SSLContext.load_cert_chain``.
    :ivar der: the certificate.
    """

    def __init__(self, path: Path, der: bytes) -> None:
        self.path = path
        self.der = der

    @property
    def fingerprint(self) -> str:
        """The SHA-256 of the certificate as 64 hexadecimal digits."""
        return sha256(self.der).hexdigest()

    @classmethod
    def open(
        cls,
        folder: Path,
        short_id: str,
        *,
        hostname: str | None = None,
        wall: Wall = wall_ms,
    ) -> "Certificate":
        """Read the certificate, or make it when first asked for.

        :param short_id: what the certificate calls the instance.
        :param hostname: the machine's name; asked of the system when absent.
        :raises Damaged: ``tls_damaged``.
        """
        path = folder / CERTIFICATE_FILE
        if not path.exists():
            name = (hostname or socket.gethostname()).lower()
            System().replace_text(path, _make(short_id, name, wall()), 0o600)
        return cls(path, _read(path))


def _read(path: Path) -> bytes:
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(path)
        text = path.read_text()
        return ssl.PEM_cert_to_DER_cert(text[text.index("-----BEGIN CERTIFICATE-----") :])
    except (ssl.SSLError, ValueError) as error:
        raise Damaged(
            "tls_damaged",
            f"{path} does not hold a key and its certificate: {error}.",
            hint="Restore it from a backup, or remove it: clients must then trust a new one.",
        ) from error


def _make(short_id: str, hostname: str, now_ms: int) -> str:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.serialization import (
        Encoding,
        NoEncryption,
        PrivateFormat,
    )
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "UNIBOS"),
            x509.NameAttribute(NameOID.COMMON_NAME, f"UNIBOS {short_id}"),
        ]
    )
    now = datetime.fromtimestamp(now_ms / 1000, UTC)
    names: list[x509.GeneralName] = [x509.DNSName(name) for name in _dns_names(hostname)]
    names += [x509.IPAddress(ip_address(address)) for address in _ADDRESSES]
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _SLACK)
        .not_valid_after(now + _LIFE)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(key, SHA256())
    )
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return (private + certificate.public_bytes(Encoding.PEM)).decode()


def _dns_names(hostname: str) -> list[str]:
    """The names by which the machine is reached; one that TLS cannot hold is left out."""
    bare = hostname.removesuffix(".local")
    names = ["localhost", bare, f"{bare.split('.')[0]}.local"]
    return sorted({name for name in names if name.isascii() and name.strip(".")})
