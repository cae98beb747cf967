import hashlib
import ssl

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtensionOID

from unibos.base.errors import Damaged
from unibos.core.identity.certificate import Certificate

NOW = 1_767_225_600_000


def open_(folder, hostname="Shelf.Lan"):
    return Certificate.open(folder, "abcd-efgh", hostname=hostname, wall=lambda: NOW)


def test_certificate_is_made_once_and_kept_private(tmp_path):
    first = open_(tmp_path)

    assert open_(tmp_path, "renamed").fingerprint == first.fingerprint
    assert first.path == tmp_path / "tls.pem"
    assert first.path.stat().st_mode & 0o777 == 0o600
    assert first.fingerprint == hashlib.sha256(first.der).hexdigest()


def test_certificate_says_whose_it_is_and_lasts_ten_years(tmp_path):
    parsed = x509.load_der_x509_certificate(open_(tmp_path).der)
    names = parsed.extensions.get_extension_for_oid(ExtensionOID.SUBJECT_ALTERNATIVE_NAME).value

    assert set(names.get_values_for_type(x509.DNSName)) == {"localhost", "shelf.lan", "shelf.local"}
    assert {str(a) for a in names.get_values_for_type(x509.IPAddress)} == {"127.0.0.1", "::1"}
    assert isinstance(parsed.public_key().curve, ec.SECP256R1)
    assert parsed.not_valid_before_utc.timestamp() * 1000 < NOW
    assert parsed.not_valid_after_utc.year == 2035
    assert "abcd-efgh" in parsed.subject.rfc4514_string()


def test_client_that_trusts_it_gets_through(tmp_path):
    certificate = open_(tmp_path)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(certificate.path)
    client = ssl.create_default_context(cadata=certificate.der)

    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    ours = client.wrap_bio(to_client, to_server, server_hostname="localhost")
    theirs = server.wrap_bio(to_server, to_client, server_side=True)
    waiting = [ours, theirs]
    for _ in range(10):
        for side in list(waiting):
            try:
                side.do_handshake()
                waiting.remove(side)
            except ssl.SSLWantReadError:
                pass
    assert not waiting
    assert ours.getpeercert(binary_form=True) == certificate.der


def test_name_that_tls_cannot_hold_is_left_out(tmp_path):
    parsed = x509.load_der_x509_certificate(open_(tmp_path, "küche").der)
    names = parsed.extensions.get_extension_for_oid(ExtensionOID.SUBJECT_ALTERNATIVE_NAME).value
    assert names.get_values_for_type(x509.DNSName) == ["localhost"]


def test_machine_name_is_asked_of_the_system(tmp_path):
    assert Certificate.open(tmp_path, "abcd-efgh").fingerprint


@pytest.mark.parametrize("keep", [0, 100, 400])
def test_damaged_certificate_is_reported(tmp_path, keep):
    path = open_(tmp_path).path
    path.write_bytes(path.read_bytes()[:keep])

    with pytest.raises(Damaged) as reported:
        open_(tmp_path)
    assert reported.value.code == "tls_damaged"
