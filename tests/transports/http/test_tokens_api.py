"""Access tokens over the wire: forged, damaged, expired, in the wrong place."""

import base64
import hashlib
import hmac
import json
import time

import httpx2
import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from unibos.core.identity.keys import InstanceKey

ME = "/api/v1/me"
KIND = "at+jwt"


def refused(answer, status, code):
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    if status == 401:
        assert answer.headers["www-authenticate"].startswith("Bearer")
    return answer.json()


@pytest.fixture(scope="module")
def claims(box):
    return jwt.decode(box.login["access_token"], options={"verify_signature": False})


@pytest.fixture(scope="module")
def key(box):
    return InstanceKey.open(box.folder)


def sign(key, claims, *, private=None, algorithm="EdDSA", **headers):
    private = key.private if private is None else private
    return jwt.encode(claims, private, algorithm, headers={"kid": key.id, "typ": KIND} | headers)


def ask(box, token):
    return box.client(token).get(ME)


def test_the_forgeries_below_would_pass_with_the_right_signature(box, key, claims):
    assert ask(box, sign(key, claims)).status_code == 200


def test_without_a_signature(box, key, claims):
    def part(value):
        return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")

    for algorithm in ("none", "None", "NONE", ""):
        head = part({"alg": algorithm, "typ": KIND, "kid": key.id})
        for signature in ("", "x", box.login["access_token"].rpartition(".")[2]):
            refused(ask(box, f"{head}.{part(claims)}.{signature}"), 401, "token_invalid")


def test_with_the_public_key_as_a_shared_secret(box, key, claims):
    raw = key.public.public_bytes_raw()
    pem = key.public.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    head = {"alg": "HS256", "typ": KIND, "kid": key.id}
    for secret in (raw, pem):
        parts = [
            base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=")
            for value in (head, claims)
        ]
        signature = hmac.digest(secret, b".".join(parts), hashlib.sha256)
        parts.append(base64.urlsafe_b64encode(signature).rstrip(b"="))
        refused(ask(box, b".".join(parts).decode()), 401, "token_invalid")


def test_of_another_instance(box, key, claims, tmp_path):
    other = InstanceKey.open(tmp_path)
    refused(ask(box, sign(other, claims | {"iss": other.id})), 401, "token_invalid")
    refused(ask(box, sign(key, claims, private=other.private)), 401, "token_invalid")
    mine = sign(key, claims, private=Ed25519PrivateKey.generate(), jku="https://x.test")
    refused(ask(box, mine), 401, "token_invalid")


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"exp": int(time.time()) - 1}, "token_expired"),
        ({"exp": "never"}, "token_invalid"),
        ({"exp": 1e300}, "token_invalid"),
        ({"aud": "somebody else"}, "token_invalid"),
        ({"iss": "somebody else"}, "token_invalid"),
        ({"sub": 1}, "token_invalid"),
        ({"sub": "somebody else"}, "session_ended"),
        ({"org": "somebody else"}, "session_ended"),
        ({"sid": "somebody else"}, "session_ended"),
        ({"sid": None}, "token_invalid"),
    ],
)
def test_with_claims_that_do_not_hold(box, key, claims, changed, code):
    refused(ask(box, sign(key, claims | changed)), 401, code)


@pytest.mark.parametrize("kind", ["JWT", "machine+jwt", "userinfo+jwt", "", None])
def test_of_another_kind(box, key, claims, kind):
    refused(ask(box, sign(key, claims, typ=kind)), 401, "token_invalid")


def test_with_a_key_that_is_not_known(box, key, claims):
    refused(ask(box, sign(key, claims, kid="newer")), 401, "token_key_unknown")


@pytest.mark.parametrize("missing", ["iss", "aud", "sub", "org", "sid", "iat", "exp", "jti"])
def test_with_a_claim_missing(box, key, claims, missing):
    fewer = {name: value for name, value in claims.items() if name != missing}
    refused(ask(box, sign(key, fewer)), 401, "token_invalid")


def test_a_role_in_a_token_gives_no_rights(box, key, claims):
    viewer = box.member("viewer", "token-viewer@example.org")
    own = viewer.headers["authorization"].removeprefix("Bearer ")
    said = jwt.decode(own, options={"verify_signature": False}) | {"role": "owner"}
    claimed = box.client(sign(key, said))
    assert claimed.get(ME).json()["role"] == "viewer"
    refused(claimed.get("/api/v1/users"), 403, "role_required")


@pytest.mark.parametrize(
    "header",
    [
        b"",
        b"Bearer",
        b"Basic b3duZXI6eA==",
        b"Bearer \xff\xfe\x00"[:-1],
        b"Bearer a.b.c",
        b"Bearer " + b"a" * 30_000,
        b"Bearer " + b"." * 3000,
        b"Bearer eyJhbGciOiJFZERTQSJ9.e30.",
        b"Bearer bnVsbA.bnVsbA.bnVsbA",
        b"Bearer W10.W10.W10",
        b"Token x",
        "Bearer ünïcode".encode(),
    ],
)
def test_an_authorization_that_is_none(box, header):
    answer = httpx2.get(box.url + ME, headers=[(b"authorization", header)])
    refused(answer, 401, "token_invalid")


def test_the_scheme_is_read_in_any_case(box):
    for scheme in ("bearer", "BEARER"):
        headers = {"authorization": f"{scheme} {box.login['access_token']}"}
        assert httpx2.get(box.url + ME, headers=headers).status_code == 200


def test_a_token_in_the_query_or_in_a_cookie_is_not_looked_at(box):
    token = box.login["access_token"]
    told = httpx2.get(box.url + ME, params={"access_token": token})
    refused(told, 401, "token_missing")
    told = httpx2.get(box.url + ME, headers={"cookie": f"access_token={token}"})
    refused(told, 401, "token_missing")
