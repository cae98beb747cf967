"""What a hub says of itself to a node that knows nothing but its id.

A node that joins compares the certificate which it was shown with the one in this statement, so a
self-signed certificate is as good as a public one: nobody else can sign for the hub's id.
"""

from dataclasses import dataclass
from typing import Any

from unibos.core.identity.keys import InstanceKey
from unibos.core.identity.signing.statement import (
    read_statement,
    sign_statement,
    statement_invalid,
)

KIND = "hub+jwt"
MAX_LENGTH = 8192


@dataclass(frozen=True, slots=True)
class HubStatement:
    """A hub, as it says itself.

    :param tls: the SHA-256 of its certificate as 64 hexadecimal digits; None where a public
        authority vouches for it, or where there is none (loopback).
    :param urls: where it is reached, best first.
    :param issued_at: in milliseconds since 1970.
    """

    hub: str
    tls: str | None
    urls: tuple[str, ...]
    issued_at: int


def issue_statement(key: InstanceKey, tls: str | None, urls: tuple[str, ...], now_ms: int) -> str:
    """Sign the statement (typ ``hub+jwt``) with the hub's instance key."""
    claims = {"sub": key.id, "tls": tls, "urls": list(urls), "iat": now_ms // 1000}
    return sign_statement(key, KIND, claims)


def verify_statement(token: str, hub_id: str) -> HubStatement:
    """Check a statement by nothing but the hub's id.

    :raises Unauthenticated: ``statement_invalid``.
    """
    claims = read_statement(token, KIND, hub_id, MAX_LENGTH)
    tls, urls, issued = claims.get("tls"), _texts(claims.get("urls")), claims.get("iat")
    if urls is None or type(issued) is not int:
        raise statement_invalid(KIND)
    if tls is not None and not isinstance(tls, str):
        raise statement_invalid(KIND)
    return HubStatement(hub_id, tls, urls, issued * 1000)


def _texts(value: Any) -> tuple[str, ...] | None:
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return tuple(value)
    return None
