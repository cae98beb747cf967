"""Where a role listens, and with which certificate."""

import logging
import socket
from dataclasses import dataclass
from pathlib import Path

from unibos.base.config import Config, Hub, Node
from unibos.base.errors import Misconfigured
from unibos.core.identity.certificate import Certificate
from unibos.core.identity.keys import InstanceKey
from unibos.transports.http.server import Listening

log = logging.getLogger(__name__)

_ANYWHERE = ("0.0.0.0", "::")  # noqa: S104 - compared, not bound


@dataclass(frozen=True, slots=True)
class Place:
    """Where a role listens.

    :param scheme: ``http`` or ``https``.
    :param fingerprint: the SHA-256 of the certificate that is shown, as 64 hexadecimal digits;
        None where there is none, and where a public authority vouches for it.
    """

    listening: Listening
    scheme: str
    fingerprint: str | None

    def address(self, port: int) -> str:
        """Where people on this machine and its neighbours reach it."""
        return f"{self.scheme}://{_shown(self.listening.host)}:{port}"


def place(
    config: Config, wanted: Node | Hub, key: InstanceKey, local: Path, *, private: bool = False
) -> Place:
    """Where a role listens, as its part of the settings wants it.

    :param local: the path of its local socket.
    :param private: see :class:`Listening`.
    :raises Damaged: ``tls_damaged``.
    :raises Misconfigured: ``certificate_unusable``.
    """
    files, fingerprint = None, None
    if wanted.tls:
        files, fingerprint = _certificate(config, wanted, key)
    listening = Listening(
        wanted.host,
        wanted.port,
        local,
        files,
        config.http.stop_seconds,
        wanted.proxies,
        private,
    )
    return Place(listening, "https" if wanted.tls else "http", fingerprint)


def _certificate(
    config: Config, wanted: Node | Hub, key: InstanceKey
) -> tuple[tuple[Path, Path], str | None]:
    if wanted.tls_cert is not None and wanted.tls_key is not None:
        return (wanted.tls_cert, wanted.tls_key), _own_word(wanted.tls_cert)
    own = Certificate.open(config.data, key.short)
    log.info("own certificate", extra={"sha256": own.fingerprint})
    return (own.path, own.path), own.fingerprint


def _own_word(chain: Path) -> str | None:
    """The fingerprint of a certificate that vouches for itself; None when another one does."""
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.x509 import load_pem_x509_certificate

    try:
        first = load_pem_x509_certificate(chain.read_bytes())
    except (OSError, ValueError) as error:
        raise Misconfigured(
            "certificate_unusable",
            f"{chain} holds no certificate: {error}.",
            hint="It is a PEM file with the certificate first.",
        ) from None
    return first.fingerprint(SHA256()).hex() if first.issuer == first.subject else None


def _shown(host: str) -> str:
    if host in _ANYWHERE:
        return socket.gethostname()
    return f"[{host}]" if ":" in host else host
