"""Pinned certificates: known by their bytes, whatever their names and dates say."""

import asyncio
import hashlib
import ssl
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from unibos.base.trust import fingerprint, only, unchecked

NOW = datetime.now(UTC)


def made(path, begins, ends):
    """A self-signed certificate for nobody's name; its PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "elsewhere.example.org")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(ends)
        .sign(key, hashes.SHA256())
    )
    pem = certificate.public_bytes(Encoding.PEM).decode()
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    path.write_text(secret + pem)
    return pem


async def shown(file, context):
    """What a client with this context gets from a server with this certificate."""
    server_context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server_context.load_cert_chain(file)

    async def answer(reader, writer):
        writer.write(b"hello\n")
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=server_context)
    async with server:
        port = server.sockets[0].getsockname()[1]
        reader, writer = await asyncio.open_connection(
            "127.0.0.1", port, ssl=context, server_hostname="hub.example.org"
        )
        line = await reader.readline()
        writer.close()
    return line


@pytest.mark.parametrize(
    ("begins", "ends"),
    [
        (NOW - timedelta(days=1), NOW + timedelta(days=1)),
        (NOW + timedelta(days=3000), NOW + timedelta(days=4000)),
        (NOW - timedelta(days=4000), NOW - timedelta(days=3000)),
    ],
    ids=["now", "a clock far behind", "a clock far ahead"],
)
def test_a_pinned_certificate_is_trusted(tmp_path, begins, ends):
    pem = made(tmp_path / "tls.pem", begins, ends)
    assert asyncio.run(shown(tmp_path / "tls.pem", only(pem))) == b"hello\n"


def test_another_certificate_of_the_same_name_is_not(tmp_path):
    span = NOW - timedelta(days=1), NOW + timedelta(days=1)
    pem = made(tmp_path / "one.pem", *span)
    made(tmp_path / "other.pem", *span)
    with pytest.raises(ssl.SSLCertVerificationError):
        asyncio.run(shown(tmp_path / "other.pem", only(pem)))
    assert asyncio.run(shown(tmp_path / "other.pem", unchecked())) == b"hello\n"


def test_the_fingerprint_is_of_the_certificate_s_bytes(tmp_path):
    pem = made(tmp_path / "tls.pem", NOW, NOW + timedelta(days=1))
    der = ssl.PEM_cert_to_DER_cert(pem)
    assert fingerprint(pem) == hashlib.sha256(der).hexdigest()
