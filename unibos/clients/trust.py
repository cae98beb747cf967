"""Which certificate an HTTPS address may show: a public one, or one confirmed by its user."""

import ssl
from urllib.parse import urlsplit

from unibos.base.trust import only
from unibos.clients.problems import unreachable


def context(address: str, certificate: str = "") -> ssl.SSLContext | bool:
    """What an HTTP client is to verify with.

    :param certificate: PEM of the only one to trust; empty: the public ones.
    """
    if not address.startswith("https:"):
        return False
    if not certificate:
        return True
    return only(certificate)


def certificate_of(url: str) -> str:
    """The certificate (PEM) that the server at ``url`` shows, unchecked.

    :raises Unavailable: ``unreachable``.
    """
    target = urlsplit(url)
    try:
        return ssl.get_server_certificate((target.hostname or "", target.port or 443), timeout=5)
    except (OSError, ValueError) as error:
        raise unreachable(url, str(error)) from error


def is_public(url: str) -> bool:
    """Whether the certificate that the server at ``url`` shows is good without further ado.

    :raises Unavailable: ``unreachable``.
    """
    import socket

    target = urlsplit(url)
    address = (target.hostname or "", target.port or 443)
    try:
        with (
            socket.create_connection(address, timeout=5) as plain,
            ssl.create_default_context().wrap_socket(plain, server_hostname=address[0]),
        ):
            return True
    except ssl.SSLCertVerificationError:
        return False
    except (OSError, ValueError) as error:
        raise unreachable(url, str(error)) from error
