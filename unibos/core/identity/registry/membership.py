"""The membership: a node's credential, which its peers can check without asking anybody."""

from dataclasses import dataclass
from typing import Any

from unibos.base.base64url import base64url
from unibos.base.errors import Unauthenticated
from unibos.core.identity.keys import InstanceKey, instance_id
from unibos.core.identity.signing.jwk import from_jwk
from unibos.core.identity.signing.statement import (
    read_statement,
    sign_statement,
    statement_invalid,
)

KIND = "membership+jwt"
LIFE_MS = 90 * 86_400_000
RENEWED_MS = 60 * 86_400_000
"""A node gets a new one when less than this is left."""
MAX_LENGTH = 2048


@dataclass(frozen=True, slots=True)
class Membership:
    """That a node belongs to an org of a hub; times are in milliseconds since 1970.

    :param node: its instance id.
    :param public_key: its raw Ed25519 key, base64url without padding (``cnf``, RFC 7800).
    """

    hub: str
    node: str
    org: str
    public_key: str
    issued_at: int
    expires_at: int


def issue_membership(key: InstanceKey, org: str, public_key: bytes, now_ms: int) -> str:
    """A membership for 90 days from now.

    :param key: the hub's.
    :param public_key: the node's, raw.
    """
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    node = instance_id(Ed25519PublicKey.from_public_bytes(public_key))
    issued = now_ms // 1000
    claims = {
        "sub": node,
        "org": org,
        "iat": issued,
        "exp": issued + LIFE_MS // 1000,
        "cnf": {"jwk": {"crv": "Ed25519", "kty": "OKP", "x": base64url(public_key)}},
    }
    return sign_statement(key, KIND, claims)


def verify_membership(token: str, hub_id: str, now_ms: int) -> Membership:
    """Check a membership by nothing but the hub's id.

    :param now_ms: the time to compare with, in milliseconds since 1970.
    :raises Unauthenticated: ``statement_invalid``, ``membership_expired``.
    """
    found = _membership(read_statement(token, KIND, hub_id, MAX_LENGTH))
    if found is None:
        raise statement_invalid(KIND)
    if found.expires_at <= now_ms:
        raise membership_expired()
    return found


def membership_expired() -> Unauthenticated:
    """The answer to a membership whose time is over."""
    return Unauthenticated(
        "membership_expired",
        "The node's membership has expired.",
        hint="It renews itself when the node reaches its hub.",
    )


def _membership(claims: dict[str, Any]) -> Membership | None:
    """What genuine claims say; None when they are not a membership's."""
    cnf = claims.get("cnf")
    public = from_jwk(cnf.get("jwk")) if isinstance(cnf, dict) else None
    node, org, issued, expires = (claims.get(name) for name in ("sub", "org", "iat", "exp"))
    if public is None or instance_id(public) != node or not isinstance(org, str):
        return None
    if type(issued) is not int or type(expires) is not int:
        return None
    key = base64url(public.public_bytes_raw())
    return Membership(claims["iss"], node, org, key, issued * 1000, expires * 1000)
