import asyncio
import json

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from unibos.base.errors import Conflict, Damaged, Invalid, Unauthenticated
from unibos.core.identity.keys import InstanceKey
from unibos.core.identity.signing.jwk import thumbprint
from unibos.core.identity.signing.keys import KnownKeys, SigningKeys
from unibos.core.identity.tokens import ACCESS_SECONDS, AccessReader, AccessTokens
from unibos.core.store import signing_keys
from unibos.core.store.store import Store

START = 1_767_225_600_000
MINUTE = 60_000
DAY = 86_400_000
WHO = ("user", "org", "session", "member", 1_767_225_600_000)


class Wall:
    def __init__(self):
        self.ms = START

    def __call__(self):
        return self.ms


class Hub:
    """A hub's keys and tokens, with a clock that the test turns."""

    def __init__(self, folder):
        self.folder = folder
        self.wall = Wall()
        self.start()

    def start(self):
        self.key = InstanceKey.open(self.folder)
        self.store = Store(self.folder, "hub", self.key.id, wall=self.wall)
        self.keys = SigningKeys(self.store, self.key, wall=self.wall)
        self.tokens = AccessTokens(self.keys, self.wall)

    def restart(self):
        self.store.close()
        self.start()

    def rotate(self, **how):
        return asyncio.run(self.keys.rotate(**how))

    def states(self):
        return [key.state for key in self.keys.listing()]

    def known(self):
        """What a node keeps that asks now."""
        return KnownKeys.from_jwks(self.keys.jwks(), self.key.id)


@pytest.fixture
def hub(tmp_path):
    made = Hub(tmp_path)
    yield made
    made.store.close()


def read(known, token):
    return AccessReader(known).read(token)


def refused(known, token):
    with pytest.raises(Unauthenticated) as error:
        read(known, token)
    return error.value.code


def test_first_start_makes_a_current_and_a_next_key(hub):
    assert hub.states() == ["current", "next"]
    current, following = hub.keys.listing()
    assert hub.keys.signer()[0] == current.kid
    assert current.sealed
    assert following.sealed


def test_keys_outlive_a_restart(hub):
    token, jwks = hub.tokens.issue(*WHO), hub.keys.jwks()
    hub.restart()
    assert hub.keys.jwks() == jwks
    assert hub.tokens.read(token).user == "user"


def test_jwks_is_what_the_standards_say(hub):
    hub.rotate()
    keys = json.loads(hub.keys.jwks())["keys"]
    assert [key["state"] for key in keys] == ["current", "next", "retired"]
    for key in keys:
        assert {name: key[name] for name in ("kty", "crv", "use", "alg")} == {
            "kty": "OKP",
            "crv": "Ed25519",
            "use": "sig",
            "alg": "EdDSA",
        }
        assert "d" not in key
        assert key["kid"] == thumbprint(jwt.PyJWK(key).key)


def test_thumbprint_is_that_of_the_rfc():
    # RFC 8037, appendices A.1 and A.3.
    private = Ed25519PrivateKey.from_private_bytes(
        bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
    )
    assert thumbprint(private.public_key()) == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"


def test_rsa_keys_are_made_when_they_are_wanted(hub):
    assert '"RSA"' not in hub.keys.jwks()
    kid, private = hub.keys.signer_for("RS256")
    assert hub.keys.make_rsa()[0] == kid
    keys = {key["kid"]: key for key in json.loads(hub.keys.jwks())["keys"]}
    assert [(key["alg"], key["state"]) for key in keys.values()] == [
        ("EdDSA", "current"),
        ("RS256", "current"),
        ("EdDSA", "next"),
        ("RS256", "next"),
    ]
    assert set(keys[kid]) == {"kty", "n", "e", "kid", "use", "alg", "state"}
    token = jwt.encode({"sub": "user"}, private, "RS256")
    assert jwt.decode(token, jwt.PyJWK(keys[kid]), algorithms=["RS256"])["sub"] == "user"
    hub.restart()
    assert hub.keys.signer_for("RS256")[0] == kid


def test_rsa_keys_change_with_the_others(hub):
    kid, _ = hub.keys.signer_for("RS256")
    hub.rotate()
    assert [key.state for key in hub.keys.listing() if key.algorithm == "RS256"] == [
        "current",
        "next",
        "retired",
    ]
    assert hub.keys.signer_for("RS256")[0] != kid
    hub.rotate(compromised=True)
    assert hub.states() == ["current", "current", "next", "next"]
    hub.rotate()
    hub.wall.ms += 30 * DAY
    assert hub.keys.rotate_by_age()
    assert hub.states() == ["current", "current", "next", "next"]


def test_rsa_keys_sign_no_access_token(hub):
    kid, private = hub.keys.signer_for("RS256")
    claims = jwt.decode(hub.tokens.issue(*WHO), options={"verify_signature": False})
    for known in (hub.keys, hub.known()):
        forged = jwt.encode(claims, private, "RS256", headers={"kid": kid, "typ": "at+jwt"})
        assert refused(known, forged) == "token_key_unknown"


def test_rsa_keys_wait_for_nobody(hub):
    """A program that was registered yesterday does not put off the rotation."""
    hub.wall.ms += 90 * DAY
    hub.keys.make_rsa()
    assert hub.keys.rotate_by_age()


def test_another_implementation_checks_our_tokens_by_the_jwks(hub):
    token = hub.tokens.issue(*WHO)
    kid = jwt.get_unverified_header(token)["kid"]
    key = jwt.PyJWKSet.from_json(hub.keys.jwks())[kid]
    options = {"verify_exp": False, "verify_iat": False}
    assert jwt.decode(token, key, audience="unibos", options=options)["sub"] == "user"


def test_a_node_that_is_cut_off_goes_through_a_rotation(hub):
    before = hub.tokens.issue(*WHO)
    kept = hub.known()
    hub.wall.ms += 5 * MINUTE
    hub.rotate()
    after = hub.tokens.issue(*WHO)
    assert jwt.get_unverified_header(before)["kid"] != jwt.get_unverified_header(after)["kid"]

    assert read(kept, before).user == "user"
    assert read(kept, after).user == "user"
    fresh = hub.known()
    assert read(fresh, before).user == "user"

    hub.wall.ms += 10 * MINUTE
    assert read(fresh, before).expires_at <= hub.wall.ms
    assert read(kept, after).user == "user"

    hub.rotate()
    assert refused(kept, hub.tokens.issue(*WHO)) == "token_key_unknown"
    assert read(hub.known(), hub.tokens.issue(*WHO)).user == "user"


def test_keys_of_another_hub_check_nothing(hub, tmp_path):
    other = Hub(tmp_path / "other")
    try:
        token = other.tokens.issue(*WHO)
        assert refused(hub.known(), token) == "token_invalid"
        kept = KnownKeys.from_jwks(other.keys.jwks(), hub.key.id)
        assert refused(kept, token) == "token_invalid"
    finally:
        other.store.close()


def test_version_changes_with_the_keys(hub):
    first = hub.keys.version
    hub.restart()
    assert hub.keys.version == first
    hub.rotate()
    assert hub.keys.version != first


def test_retired_key_keeps_no_private_half(hub):
    hub.rotate()
    assert [bool(key.sealed) for key in hub.keys.listing()] == [True, True, False]


def test_private_halves_are_sealed(hub, tmp_path):
    _, private = hub.keys.signer()
    hub.store.close()
    raw = private.private_bytes_raw()
    for path in tmp_path.glob("hub.db*"):
        assert raw not in path.read_bytes()
    hub.start()


def test_keys_of_another_instance_are_not_used(hub):
    hub.store.close()
    (hub.folder / "instance.key").unlink()
    key = InstanceKey.open(hub.folder)
    hub.store = Store(hub.folder, "hub", key.id)
    with pytest.raises(Damaged) as error:
        SigningKeys(hub.store, key)
    assert error.value.code == "signing_keys_sealed"


def test_a_sealed_half_fits_no_other_key(hub):
    current, following, *_ = hub.keys.listing()
    swap = "UPDATE signing_keys SET sealed = ? WHERE kid = ?"
    hub.store.write(lambda tx: tx.connection.execute(swap, (following.sealed, current.kid)))
    with pytest.raises(Damaged):
        SigningKeys(hub.store, hub.key)


def test_compromised_keys_are_forgotten_at_once(hub):
    hub.rotate()
    token = hub.tokens.issue(*WHO)
    known = {key.kid for key in hub.keys.listing()}
    hub.rotate(compromised=True)
    assert hub.states() == ["current", "next"]
    assert not known & {key.kid for key in hub.keys.listing()}
    assert refused(hub.keys, token) == "token_key_unknown"
    hub.restart()
    assert hub.states() == ["current", "next"]


def test_rotation_by_age(hub):
    before = hub.keys.version
    hub.wall.ms += 90 * DAY - 1
    assert not hub.keys.rotate_by_age()
    assert hub.keys.version == before
    hub.wall.ms += 1
    assert hub.keys.rotate_by_age()
    assert hub.states() == ["current", "next", "retired"]
    assert not hub.keys.rotate_by_age()


def test_no_key_signs_by_itself_that_was_not_told_for_a_day(hub):
    hub.wall.ms += 89 * DAY
    hub.rotate()
    hub.store.write(
        lambda tx: tx.connection.execute(
            "UPDATE signing_keys SET current_at = ? WHERE state = 'current'", (START,)
        )
    )
    hub.wall.ms += DAY - 1
    assert not hub.keys.rotate_by_age()
    hub.wall.ms += 1
    assert hub.keys.rotate_by_age()


def test_keys_that_a_wrong_clock_made_do_not_stay_for_years(hub):
    hub.wall.ms -= 400 * DAY
    assert hub.keys.rotate_by_age()
    assert not hub.keys.rotate_by_age()
    hub.wall.ms += 90 * DAY
    assert hub.keys.rotate_by_age()


def test_retired_keys_go_after_30_days(hub):
    hub.rotate()
    before = hub.keys.version
    hub.wall.ms += 30 * DAY - 1
    assert not hub.keys.rotate_by_age()
    hub.wall.ms += 1
    assert hub.keys.rotate_by_age()
    assert hub.states() == ["current", "next"]
    assert hub.keys.version != before
    assert "retired" not in hub.keys.jwks()


def test_rotations_are_bounded(hub):
    for _ in range(10):
        hub.rotate()
    with pytest.raises(Conflict) as error:
        hub.rotate()
    assert error.value.code == "keys_rotated_too_often"
    assert len(hub.keys.listing()) == 12
    for _ in range(3):
        hub.wall.ms += 60 * MINUTE
        hub.rotate()
        assert len(hub.keys.listing()) == 12


def test_a_rotation_that_fails_changes_nothing(hub, monkeypatch):
    before = hub.keys.listing(), hub.keys.jwks(), hub.keys.signer()
    monkeypatch.setattr(signing_keys, "add", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        hub.rotate()
    assert (hub.keys.listing(), hub.keys.jwks(), hub.keys.signer()) == before


def test_nothing_is_written_when_nothing_is_due(hub):
    changes = hub.store.write(lambda tx: tx.connection.total_changes)
    hub.keys.rotate_by_age()
    hub.restart()
    hub.keys.rotate_by_age()
    assert changes
    assert hub.store.write(lambda tx: tx.connection.total_changes) == 0


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"keys": 7}', "[" * 100_000, '{"keys": []}' + " " * 70_000]
)
def test_what_is_no_jwks_is_refused(text):
    with pytest.raises(Invalid) as error:
        KnownKeys.from_jwks(text)
    assert error.value.code == "jwks_invalid"


@pytest.mark.parametrize(
    "key",
    [
        7,
        {},
        {"kid": "a", "kty": "RSA", "n": "AQAB", "e": "AQAB"},
        {"kid": "a", "kty": "OKP", "crv": "X25519", "x": "A" * 43},
        {"kid": "a", "kty": "OKP", "crv": "Ed25519", "x": "A" * 42},
        {"kid": "a", "kty": "OKP", "crv": "Ed25519", "x": "é" * 43},
        {"kid": 7, "kty": "OKP", "crv": "Ed25519", "x": "A" * 43},
        {"kty": "OKP", "crv": "Ed25519", "x": "A" * 43},
    ],
)
def test_keys_of_other_kinds_are_left_out(key):
    assert KnownKeys.from_jwks(json.dumps({"keys": [key]})).keys == {}


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("wait"), st.sampled_from([1, 7 * MINUTE, DAY, 31 * DAY, 91 * DAY])),
        st.tuples(st.just("wait"), st.sampled_from([-MINUTE, -2 * DAY])),
        st.tuples(st.just("rotate"), st.just(0)),
        st.tuples(st.just("look"), st.just(0)),
        st.tuples(st.just("restart"), st.just(0)),
        st.tuples(st.just("fetch"), st.just(0)),
        st.tuples(st.just("issue"), st.just(0)),
    ),
    max_size=25,
)


class Life:
    """A hub's life as a list of steps; remembers what was issued, and what nodes kept when."""

    def __init__(self, folder):
        self.hub = Hub(folder)
        self.rotations = 0
        self.issued = []
        self.kept = []
        self.fetch()

    def wait(self, length):
        self.hub.wall.ms += length

    def restart(self, _=0):
        self.hub.restart()

    def fetch(self, _=0):
        self.kept.append((self.rotations, self.hub.known()))

    def issue(self, _=0):
        self.issued.append((self.rotations, self.hub.wall.ms, self.hub.tokens.issue(*WHO)))

    def look(self, _=0):
        self.rotations += self._changed(self.hub.keys.rotate_by_age)

    def rotate(self, _=0):
        if self.rotations < 10:
            self.rotations += self._changed(self.hub.rotate)

    def _changed(self, rotation):
        before = self.hub.keys.signer()[0]
        rotation()
        return before != self.hub.keys.signer()[0]

    def good(self):
        """Tokens that have not expired, with all that nodes kept since a rotation before."""
        now = self.hub.wall.ms
        for signed, at, token in self.issued:
            if at <= now and now // 1000 < at // 1000 + ACCESS_SECONDS:
                yield from ((known, token) for when, known in self.kept if signed - 1 <= when)


@given(STEPS)
@settings(max_examples=40, deadline=None)
def test_every_token_checks_with_keys_from_one_rotation_before(tmp_path_factory, steps):
    """Rotations, clocks and restarts in any order."""
    life = Life(tmp_path_factory.mktemp("hub"))
    try:
        for step, length in steps:
            getattr(life, step)(length)
            assert life.hub.states()[:2] == ["current", "next"]
            assert len(life.hub.keys.listing()) <= 12
        for known, token in life.good():
            assert read(known, token).user == "user"
    finally:
        life.hub.store.close()
