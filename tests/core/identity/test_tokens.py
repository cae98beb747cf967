import base64
import json

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from unibos.base.errors import Unauthenticated
from unibos.base.ids import new_id
from unibos.core.identity.keys import InstanceKey
from unibos.core.identity.tokens import ACCESS_SECONDS, AccessTokens, OwnIssuer, RefreshTokens

NOW = 1_767_225_600_000
REFRESH = RefreshTokens(b"s" * 32)
SESSION = "019b7c00-0000-7000-8000-000000000000"


class Wall:
    ms = NOW

    def __call__(self):
        return self.ms


@pytest.fixture
def wall():
    return Wall()


@pytest.fixture
def key(tmp_path):
    return InstanceKey.open(tmp_path / "key")


@pytest.fixture
def access(key, wall):
    return AccessTokens(OwnIssuer(key), wall)


def claims(key, **changes):
    whole = {
        "iss": key.id,
        "aud": "unibos",
        "sub": "user",
        "org": "org",
        "sid": "session",
        "role": "member",
        "iat": NOW // 1000,
        "exp": NOW // 1000 + 60,
        "jti": "1",
    } | changes
    return {name: value for name, value in whole.items() if value is not None}


def signed(key, payload, *, kid=None, headers=None):
    return jwt.encode(
        payload,
        key.private,
        "EdDSA",
        headers={"kid": kid or key.id, "typ": "at+jwt"} | (headers or {}),
    )


def refused(access, token):
    with pytest.raises(Unauthenticated) as error:
        access.read(token)
    return error.value.code


def test_token_says_who_and_for_how_long(access, key):
    token = access.issue("user", "org", "session", "admin", NOW)
    read = access.read(token)

    assert (read.user, read.org, read.session, read.role) == ("user", "org", "session", "admin")
    assert read.expires_at == NOW + ACCESS_SECONDS * 1000
    assert jwt.get_unverified_header(token) == {"alg": "EdDSA", "typ": "at+jwt", "kid": key.id}
    assert token != access.issue("user", "org", "session", "admin", NOW)


def test_only_access_tokens_are_taken(access, key):
    for kind in ("JWT", "machine+jwt", "revocations+jwt", None):
        token = signed(key, claims(key), headers={"typ": kind})
        assert refused(access, token) == "token_invalid"


def test_token_says_that_it_was_issued_offline(access):
    token = access.issue("user", "org", "session", "admin", NOW, offline=True)
    assert access.read(token).offline


def test_time_of_issue_is_told_to_the_millisecond_and_is_not_the_wall_clocks(access):
    for issued_at in (NOW - 86_400_001, NOW + 1234, NOW + 999_999_999):
        read = access.read(access.issue("u", "o", "s", "member", issued_at))
        assert read.issued_at == issued_at
        assert read.expires_at == NOW + ACCESS_SECONDS * 1000


def test_time_of_issue_that_is_no_time_is_long_ago(access, key):
    for value in (1e300, float("nan"), float("inf"), -1e300):
        assert access.read(signed(key, claims(key, iat=value))).issued_at == 0


def test_token_dies_with_its_time(access, wall):
    token = access.issue("user", "org", "session", "admin", NOW)
    wall.ms = NOW + ACCESS_SECONDS * 1000 - 1
    access.read(token)
    wall.ms += 1
    assert refused(access, token) == "token_expired"


def test_clock_that_went_back_does_not_lock_out(access, wall):
    token = access.issue("user", "org", "session", "admin", NOW)
    wall.ms -= 86_400_000
    assert access.read(token).user == "user"


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "other"},
        {"aud": "other"},
        {"aud": None},
        {"iss": None},
        {"sub": None},
        {"org": None},
        {"sid": None},
        {"role": None},
        {"iat": None},
        {"exp": None},
        {"jti": None},
        {"org": 7},
        {"sid": ["session"]},
        {"exp": "tomorrow"},
        {"exp": True},
        {"exp": 1e300},
        {"iat": "now"},
        {"iat": True},
        {"offline": "yes"},
    ],
)
def test_claims_must_be_whole_and_ours(access, key, changes):
    assert refused(access, signed(key, claims(key, **changes))) == "token_invalid"


def test_only_our_key_signs(access, key, tmp_path):
    other = InstanceKey.open(tmp_path / "other")
    assert refused(access, signed(other, claims(key), kid=key.id)) == "token_invalid"
    assert refused(access, signed(key, claims(key), kid="other")) == "token_key_unknown"
    foreign = signed(other, claims(other), kid=other.id)
    assert refused(access, foreign) == "token_invalid"
    assert access.read(signed(key, claims(key))).user == "user"


def part(value):
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def test_other_algorithms_are_refused(access, key):
    body = part(claims(key))
    unsigned = f"{part({'alg': 'none', 'kid': key.id, 'typ': 'at+jwt'})}.{body}."
    assert refused(access, unsigned) == "token_invalid"
    shared = jwt.encode(claims(key), key.id, "HS256", headers={"kid": key.id, "typ": "at+jwt"})
    assert refused(access, shared) == "token_invalid"


@pytest.mark.parametrize(
    "token",
    [
        "",
        ".",
        "a.b.c",
        "ğ.ü.ş",
        "\ud800",
        "x" * 5000,
        base64.urlsafe_b64encode(b"[" * 2900).decode() + ".e30.e30",
    ],
)
def test_garbage_is_refused(access, token):
    assert refused(access, token) == "token_invalid"


@given(st.data())
def test_changed_token_is_refused(tmp_path_factory, data):
    key = InstanceKey.open(tmp_path_factory.getbasetemp() / "changed")
    access = AccessTokens(OwnIssuer(key), lambda: NOW)
    token = access.issue("user", "org", "session", "viewer", NOW)
    place = data.draw(st.integers(0, len(token) - 1))
    letter = data.draw(st.characters(codec="ascii").filter(lambda c: c != token[place]))
    changed = token[:place] + letter + token[place + 1 :]
    try:
        read = access.read(changed)
    except Unauthenticated:
        return
    # The last letter of base64 has bits that mean nothing.
    assert place == len(token) - 1
    assert read.role == "viewer"


def test_refresh_token_names_session_and_generation():
    session = new_id()
    token = REFRESH.issue(session, 41)
    assert token.startswith(f"{session}.41.")
    assert REFRESH.read(token) == (session, 41)


@given(
    st.text(max_size=120)
    | st.builds("{}.{}.{}".format, st.just(SESSION), st.text(max_size=12), st.text(max_size=44))
    | st.builds(lambda n: RefreshTokens(b"o" * 32).issue(SESSION, n), st.integers(1, 10**9))
    | st.builds(lambda n: REFRESH.issue(SESSION, n), st.integers(-5, 0))
    | st.builds(lambda tail: REFRESH.issue(SESSION, 1) + tail, st.text(min_size=1))
    | st.just(REFRESH.issue(SESSION, 1) + "x" * 10_000)
    | st.just(REFRESH.issue(SESSION.upper(), 1))
    | st.just(REFRESH.issue(SESSION, 1).replace(".1.", ".01."))
    | st.just(REFRESH.issue(SESSION, 1) + "\ud800")
)
def test_refresh_token_that_is_not_genuine_is_refused(token):
    with pytest.raises(Unauthenticated) as error:
        REFRESH.read(token)
    assert error.value.code == "refresh_invalid"
