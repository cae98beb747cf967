"""Memberships and the hub's statement: whoever knows the hub's id can check them."""

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from tests.core.identity.registry.hubs import T0, refusal
from unibos.core.identity.keys import InstanceKey
from unibos.core.identity.registry import hub_statement, membership
from unibos.core.identity.registry.hub_statement import issue_statement, verify_statement
from unibos.core.identity.registry.membership import issue_membership, verify_membership
from unibos.core.identity.signing.jwk import public_jwk
from unibos.core.identity.signing.statement import sign_statement

DAY = 86_400_000
HUB, NODE, OTHER = (InstanceKey(Ed25519PrivateKey.generate()) for _ in range(3))
MEMBER = issue_membership(HUB, "org-a", NODE.public.public_bytes_raw(), T0)
SAID = issue_statement(HUB, "ab" * 32, ("https://hub.example.org",), T0)


def signed(kind=membership.KIND, key=HUB, **changed):
    """A statement with the claims of a membership, some of them changed."""
    claims = {
        "sub": NODE.id,
        "org": "org-a",
        "iat": T0 // 1000,
        "exp": T0 // 1000 + 60,
        "cnf": {"jwk": public_jwk(NODE.public)},
    }
    wanted = {name: value for name, value in (claims | changed).items() if value is not ...}
    return sign_statement(key, kind, wanted)


def test_a_membership_says_who_belongs_where():
    found = verify_membership(MEMBER, HUB.id, T0)
    assert (found.hub, found.node, found.org) == (HUB.id, NODE.id, "org-a")
    assert found.public_key == public_jwk(NODE.public)["x"]
    assert (found.issued_at, found.expires_at) == (T0, T0 + 90 * DAY)


def test_it_ends_after_90_days():
    verify_membership(MEMBER, HUB.id, T0 + 90 * DAY - 1)
    assert refusal(lambda: verify_membership(MEMBER, HUB.id, T0 + 90 * DAY)) == "membership_expired"


def test_another_hub_has_another_id():
    assert refusal(lambda: verify_membership(MEMBER, OTHER.id, T0)) == "statement_invalid"


def test_signed_by_somebody_else_under_the_hubs_name():
    claims = jwt.decode(MEMBER, options={"verify_signature": False})
    for jwk in (public_jwk(HUB.public), public_jwk(OTHER.public), None):
        headers = {"typ": membership.KIND, "jwk": jwk}
        forged = jwt.encode(claims, OTHER.private, "EdDSA", headers=headers)
        assert refusal(lambda text=forged: verify_membership(text, HUB.id, T0))


@pytest.mark.parametrize("algorithm", ["none", "HS256"])
def test_other_algorithms_are_refused(algorithm):
    claims = jwt.decode(MEMBER, options={"verify_signature": False})
    headers = {"typ": membership.KIND, "jwk": public_jwk(HUB.public)}
    key = None if algorithm == "none" else HUB.public.public_bytes_raw()
    forged = jwt.encode(claims, key, algorithm, headers=headers)
    assert refusal(lambda: verify_membership(forged, HUB.id, T0)) == "statement_invalid"


@pytest.mark.parametrize(
    "changed",
    [
        {"kind": "revocations+jwt"},
        {"kind": "at+jwt"},
        {"sub": OTHER.id},
        {"sub": ...},
        {"org": 7},
        {"iat": "now"},
        {"exp": True},
        {"exp": ...},
        {"cnf": ...},
        {"cnf": {}},
        {"cnf": {"jwk": public_jwk(OTHER.public)}},
        {"cnf": {"jwk": {"kty": "oct", "k": "AAAA"}}},
    ],
)
def test_what_is_no_membership_is_refused(changed):
    assert refusal(lambda: verify_membership(signed(**changed), HUB.id, T0)) == "statement_invalid"


def swapped(token, place, letter):
    """The token with another letter somewhere; None where it says the same bytes as before."""
    place %= len(token)
    changed = token[:place] + letter + token[place + 1 :]
    unused_bits = place == len(token) - 1
    return None if changed == token or unused_bits else changed


@given(st.integers(0), st.characters(codec="latin-1"))
def test_no_changed_letter_passes(place, letter):
    for token, check in (
        (MEMBER, lambda text: verify_membership(text, HUB.id, T0)),
        (SAID, lambda text: verify_statement(text, HUB.id)),
    ):
        changed = swapped(token, place, letter)
        if changed is not None:
            assert refusal(lambda text=changed, check=check: check(text)) == "statement_invalid"


@given(st.text(max_size=200))
def test_no_text_is_a_membership(text):
    assert refusal(lambda: verify_membership(text, HUB.id, T0)) == "statement_invalid"


def test_a_statement_says_where_the_hub_is_and_what_it_shows():
    said = verify_statement(SAID, HUB.id)
    assert (said.instance, said.tls, said.urls) == (HUB.id, "ab" * 32, ("https://hub.example.org",))
    assert said.issued_at == T0
    assert verify_statement(issue_statement(HUB, None, (), T0), HUB.id).tls is None


def test_a_statement_is_the_hubs_own():
    assert refusal(lambda: verify_statement(SAID, OTHER.id)) == "statement_invalid"
    assert refusal(lambda: verify_statement(MEMBER, HUB.id)) == "statement_invalid"


@pytest.mark.parametrize(
    "changed", [{"urls": "https://a"}, {"urls": [1]}, {"tls": 5}, {"iat": None}]
)
def test_a_statement_of_another_shape_is_refused(changed):
    claims = {"tls": None, "urls": [], "iat": T0 // 1000} | changed
    text = sign_statement(HUB, hub_statement.KIND, claims)
    assert refusal(lambda: verify_statement(text, HUB.id)) == "statement_invalid"
