"""Access tokens that nobody issued, at the hub and at a node that knows the hub's keys."""

import base64
import json
import time

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.attacks import forging
from tests.attacks.conftest import code, me, nobody
from unibos.core.identity.keys import InstanceKey
from unibos.core.identity.signing.jwk import from_jwk, public_jwk

INVALID = (401, "token_invalid")
UNKNOWN = (401, "token_key_unknown")


@pytest.fixture(scope="module")
def genuine(home):
    """The owner's token, which every forgery looks like; it works."""
    token = home.hub.login["access_token"]
    assert me(home.hub, token)[0] == me(home.one, token)[0] == 200
    return token


@pytest.fixture(params=["hub", "one"])
def door(request, home):
    return getattr(home, request.param)


def jwks(home):
    return home.hub.client().get("/.well-known/jwks.json").json()["keys"]


def public_forms(home):
    """Whatever a careless reader might take for the key of a MAC: all public keys of the hub."""
    key = InstanceKey.open(home.hub.folder).public
    publics = [from_jwk(jwk) for jwk in jwks(home) if jwk["kty"] == "OKP"]
    for public in [key, *publics]:
        raw = public.public_bytes_raw()
        yield from (raw, raw.hex().encode(), base64.b64encode(raw), forging.text(raw).encode())
        yield public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        yield public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        yield json.dumps(public_jwk(public)).encode()
    yield b""


@pytest.mark.parametrize("alg", ["none", "None", "NONE", "nOnE", "", None])
def test_no_algorithm_is_none(home, genuine, door, alg):
    header, claims = forging.parts(genuine)
    forged = forging.token(header | {"alg": alg}, claims)
    assert me(door, forged) == INVALID
    assert me(door, forged.rpartition(".")[0]) == INVALID
    assert me(door, f"{forged.rpartition('.')[0]}.{genuine.rpartition('.')[2]}") == INVALID


@pytest.mark.parametrize("alg", ["HS256", "EdDSA"])
def test_a_public_key_is_no_secret(home, genuine, door, alg):
    header, claims = forging.parts(genuine)
    for secret in public_forms(home):
        assert me(door, forging.token(header | {"alg": alg}, claims, secret)) == INVALID


def test_other_algorithms_with_keys_of_ones_own(home, genuine, door):
    header, claims = forging.parts(genuine)
    keys = {
        "RS256": rsa.generate_private_key(65537, 2048),
        "ES256": ec.generate_private_key(ec.SECP256R1()),
        "EdDSA": Ed25519PrivateKey.generate(),
    }
    for signed, key in keys.items():
        for said in ("RS256", "ES256", "EdDSA", "PS256", signed):
            assert me(door, forging.token(header | {"alg": said}, claims, key)) == INVALID


def test_a_key_of_ones_own_in_the_header(home, genuine, door):
    header, claims = forging.parts(genuine)
    key = Ed25519PrivateKey.generate()
    jwk = public_jwk(key.public_key()) | {"kid": header["kid"], "alg": "EdDSA"}
    for more in (
        {"jwk": jwk},
        {"jku": "https://attacker.example/keys"},
        {"x5u": "https://attacker.example/chain"},
        {"x5c": [forging.text(b"certificate")]},
        {"crit": ["exp"], "exp": 0},
        {"b64": False, "crit": ["b64"]},
        {"jwk": jwk, "kid": claims["iss"]},
    ):
        assert me(door, forging.token(header | more, claims, key)) in (INVALID, UNKNOWN)


@pytest.mark.parametrize(
    "kid",
    [
        "../../../../etc/passwd",
        "/dev/null",
        "' OR '1'='1",
        "x' UNION SELECT public FROM signing_keys --",
        "%00",
        "\x00",
        "",
        "a" * 2000,
        "https://attacker.example/key",
        "__class__",
        None,
        7,
        ["kid"],
        {"kid": "kid"},
        True,
    ],
)
def test_names_of_keys_are_looked_up_and_nothing_else(home, genuine, door, kid):
    header, claims = forging.parts(genuine)
    for key in (None, b"", b"\0", Ed25519PrivateKey.generate()):
        assert me(door, forging.token(header | {"kid": kid}, claims, key)) in (INVALID, UNKNOWN)


def test_the_hubs_instance_key_signs_no_access_tokens(home, genuine, door):
    header, claims = forging.parts(genuine)
    key = InstanceKey.open(home.hub.folder)
    assert me(door, forging.token(header, claims, key.private)) == INVALID
    named = forging.token(header | {"kid": key.id}, claims, key.private)
    assert me(door, named) == UNKNOWN


def test_a_nodes_key_signs_for_that_node_only(home, genuine):
    header, claims = forging.parts(genuine)
    key = InstanceKey.open(home.two.folder)
    for iss in (claims["iss"], key.id):
        forged = forging.token(header | {"kid": key.id}, claims | {"iss": iss}, key.private)
        for door in (home.hub, home.one):
            assert me(door, forged) in (INVALID, UNKNOWN)


@pytest.mark.parametrize(
    "claims",
    [
        {"role": "owner"},
        {"org": "other"},
        {"sub": "other"},
        {"exp": 2**40},
        {"aud": "another"},
        {"aud": ["unibos", "another"]},
        {"iss": "another"},
        {"operator": True},
        {"offline": True},
    ],
)
def test_a_changed_claim_breaks_the_signature(home, door, claims):
    genuine = home.login["access_token"]
    others = {"org": home.other.org, "sub": home.other.login["user"]["id"]}
    claims = {name: others.get(name, value) for name, value in claims.items()}
    assert me(door, forging.changed(genuine, **claims)) == INVALID


def test_signatures_have_one_spelling(home, genuine, door):
    head, _, signature = genuine.rpartition(".")
    raw = base64.urlsafe_b64decode(signature + "==")
    order = 2**252 + 27742317777372353535851937790883648493
    again = raw[:32] + (int.from_bytes(raw[32:], "little") + order).to_bytes(32, "little")
    for other in (again, raw[:-1], raw + b"\0", bytes(64), b"", raw[32:] + raw[:32]):
        assert me(door, f"{head}.{forging.text(other)}") == INVALID


@pytest.mark.parametrize(
    "claims", [[], "text", 7, None, {}, {"exp": {}}, {"iat": "now"}, {"sub": 7, "exp": []}]
)
def test_claims_that_are_none(home, genuine, door, claims):
    header, real = forging.parts(genuine)
    whole = real | claims if isinstance(claims, dict) and claims else claims
    key = InstanceKey.open(door.folder)
    for kid in (header["kid"], key.id, "unknown"):
        refused = me(door, forging.token(header | {"kid": kid}, whole, key.private))
        assert refused in (INVALID, UNKNOWN)


@pytest.mark.parametrize(
    "token",
    [
        ".",
        "..",
        "...",
        "a.b.c",
        "=.=.=",
        "e30.e30.e30",
        "e30.e30.",
        "\xff.\xff.\xff",
        "W10.W10.W10",
        "bnVsbA.bnVsbA.",
        "x" * 5000,
        forging.text(b"[" * 3000) + ".e30.",
        forging.text(b'{"kid":' * 400) + ".e30.",
    ],
)
def test_what_is_no_token_at_all(door, token):
    headers = {b"authorization": f"Bearer {token}".encode("latin-1")}
    assert code(nobody(door).get("/api/v1/me", headers=headers)) == INVALID


def test_times(home):
    """A node's own tokens, whose key this test has: what it would not issue, it does not take."""
    key = InstanceKey.open(home.one.folder)
    header, claims = forging.parts(home.one.log_in("owner@example.org")["access_token"])
    assert header["kid"] == key.id
    now = int(time.time())

    def asked(**changes):
        kept = {name: value for name, value in (claims | changes).items() if value is not None}
        return me(home.one, forging.token(header, kept, key.private))

    assert asked()[0] == 200
    assert asked(exp=now - 1) == (401, "token_expired")
    assert asked(exp=now) == (401, "token_expired")
    assert asked(nbf=now + 3600) == INVALID
    for exp in (None, "9999999999", float(now + 900), True, [now + 900]):
        assert asked(exp=exp) == INVALID
    for iat in (None, "0", True, [0]):
        assert asked(iat=iat) == INVALID
    for name in ("iss", "aud", "sub", "org", "sid", "role", "jti"):
        assert asked(**{name: None}) == INVALID
    assert asked(aud="another") == asked(iss="another") == INVALID
