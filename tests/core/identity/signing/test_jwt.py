import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import example, given
from hypothesis import strategies as st

from unibos.base.base64url import base64url
from unibos.core.identity.signing.jwt import Header, genuine, header_of, issuer_of, sign

KEY = Ed25519PrivateKey.generate()
PUBLIC = KEY.public_key()
CLAIMS = {"iss": "hub", "aud": "node", "sub": "x"}
TOKEN = sign(CLAIMS, KEY, "test+jwt", kid="one")


def test_what_was_signed_is_read():
    asked = {"issuer": "hub", "audience": "node", "required": ["sub"]}
    assert genuine(TOKEN, PUBLIC, "test+jwt", **asked) == CLAIMS
    assert genuine(TOKEN, PUBLIC, "test+jwt") == CLAIMS


@pytest.mark.parametrize(
    "asked", [{"issuer": "another"}, {"audience": "another"}, {"required": ["jti"]}]
)
def test_what_was_asked_for_has_to_be_there(asked):
    assert genuine(TOKEN, PUBLIC, "test+jwt", **asked) is None


def test_another_kind_and_another_key_are_refused():
    assert genuine(TOKEN, PUBLIC, "other+jwt") is None
    assert genuine(TOKEN, Ed25519PrivateKey.generate().public_key(), "test+jwt") is None


def test_time_is_not_asked_for():
    old = sign({"exp": 1, "iat": 1}, KEY, "test+jwt")
    assert genuine(old, PUBLIC, "test+jwt") == {"exp": 1, "iat": 1}


def test_what_it_says_of_itself_is_read_without_proof():
    assert header_of(TOKEN) == Header("test+jwt", "one")
    assert issuer_of(TOKEN) == "hub"


@given(st.text(max_size=200))
@example("." * 5)
@example(base64url(b"[" * 100_000))
@example(base64url(b'{"kid": 1}'))
@example(base64url(b'{"typ": ["test+jwt"]}') + ".e30.e30")
def test_garbage_says_nothing(text):
    assert header_of(text) == Header()
    assert header_of(f"{text}.{text}").kid == ""
    assert issuer_of(f"x.{text}") == ""
    assert genuine(text, PUBLIC, "test+jwt") is None
