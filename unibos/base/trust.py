"""Which certificate the other end of an HTTPS connection may show: a public one, or a pinned one.

A pinned certificate is known by its bytes, so neither its names, nor a chain, nor its dates matter:
a board that boots without a clock still knows its hub.
"""

import hashlib
import ssl

_NO_CHECK_TIME = 0x200000
"""``X509_V_FLAG_NO_CHECK_TIME`` of OpenSSL (X509_VERIFY_PARAM_set_flags(3)), unknown to Python."""


def only(certificate: str) -> ssl.SSLContext:
    """A client's context that trusts this one certificate (PEM)."""
    context = ssl.create_default_context(cadata=certificate)
    context.check_hostname = False
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    # The last: flags that Python has no name for do not survive a change of others.
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN | ssl.VerifyFlags(_NO_CHECK_TIME)
    return context


def unchecked() -> ssl.SSLContext:
    """A client's context that takes any certificate: only to look at what is shown."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def fingerprint(certificate: str) -> str:
    """The SHA-256 of a certificate (PEM), as 64 hexadecimal digits."""
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert(certificate)).hexdigest()
