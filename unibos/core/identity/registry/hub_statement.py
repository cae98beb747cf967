"""What an instance says of itself to others that know nothing but its id.

A node that joins compares the certificate which it was shown with the one in this statement, so a
self-signed certificate is as good as a public one: nobody else can sign for the hub's id. A node
says the same of itself to others of its org, which learn its id from its membership.
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
NODE_KIND = "node+jwt"
"""A hub and a node in one process have one key, so the kind tells which of them says it."""
MAX_LENGTH = 8192


@dataclass(frozen=True, slots=True)
class Statement:
    """A hub or a node, as it says itself.

    :param tls: the SHA-256 of its certificate as 64 hexadecimal digits; None where a public
        authority vouches for it, or where there is none (loopback).
    :param urls: where it is reached, best first.
    :param issued_at: in milliseconds since 1970.
    """

    instance: str
    tls: str | None
    urls: tuple[str, ...]
    issued_at: int


def issue_statement(
    key: InstanceKey, tls: str | None, urls: tuple[str, ...], now_ms: int, kind: str = KIND
) -> str:
    """Sign the statement with the instance's key.

    :param kind: the header's ``typ``.
    """
    claims = {"sub": key.id, "tls": tls, "urls": list(urls), "iat": now_ms // 1000}
    return sign_statement(key, kind, claims)


def verify_statement(token: str, instance: str, kind: str = KIND) -> Statement:
    """Check a statement by nothing but the instance's id.

    :raises Unauthenticated: ``statement_invalid``.
    """
    claims = read_statement(token, kind, instance, MAX_LENGTH)
    tls, urls, issued = claims.get("tls"), _texts(claims.get("urls")), claims.get("iat")
    if urls is None or type(issued) is not int:
        raise statement_invalid(kind)
    if tls is not None and not isinstance(tls, str):
        raise statement_invalid(kind)
    return Statement(instance, tls, urls, issued * 1000)


def _texts(value: Any) -> tuple[str, ...] | None:
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return tuple(value)
    return None
