"""What an instance says and signs with its own key, for readers who know nothing but its id.

A statement is a JWT whose header carries the public key (``jwk``). The instance's id is the hash
of that key, so whoever knows the id can check the statement with nothing else: offline, and
however often other keys have changed since.
"""

from collections.abc import Mapping
from typing import Any

from unibos.base.errors import Unauthenticated
from unibos.core.identity.keys import InstanceKey, instance_id
from unibos.core.identity.signing.jwk import from_jwk, public_jwk
from unibos.core.identity.signing.jwt import genuine, header_of, sign


def sign_statement(key: InstanceKey, kind: str, claims: Mapping[str, Any]) -> str:
    """Sign ``claims``, and that the instance says them (``iss``).

    :param kind: the header's ``typ``, such as ``revocations+jwt``.
    """
    return sign({**claims, "iss": key.id}, key.private, kind, jwk=public_jwk(key.public))


def read_statement(token: str, kind: str, signer: str, limit: int) -> dict[str, Any]:
    """The claims of a statement of this kind by the instance with the id ``signer``.

    What the claims are made of, and whether their time is over, is for the caller to check.

    :param limit: the most characters.
    :raises Unauthenticated: ``statement_invalid``.
    """
    public = from_jwk(header_of(token).jwk) if len(token) <= limit else None
    if public is None or instance_id(public) != signer:
        raise statement_invalid(kind)
    claims = genuine(token, public, kind, issuer=signer, required=["iss"])
    if claims is None:
        raise statement_invalid(kind)
    return claims


def statement_invalid(kind: str) -> Unauthenticated:
    """The answer to what is not this kind of statement by that instance."""
    return Unauthenticated(
        "statement_invalid",
        f"This is not a {kind} of the instance that it is said to be from.",
        hint="Somebody may be between this node and its hub, or the hub was replaced.",
    )
