"""Tokens and answers that a joined node does not take."""

import asyncio

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from msgspec import structs

from tests.core.identity.federation.people import code_of
from unibos.base.errors import Error, Unauthenticated, Unavailable
from unibos.core.identity.federation import hub_calls
from unibos.core.identity.federation.offline import DAY_MS


def forged(node, **changes):
    """A token like the hub's; the member's, but for what changes."""
    now = node.world.now // 1000
    kid, private = node.hub.keys.signer()
    claims = {
        "iss": node.hub.key.id,
        "aud": "unibos",
        "sub": node.world.member,
        "org": node.hub.orgs["a"],
        "sid": "01936f8e-0000-7000-8000-000000000000",
        "role": "member",
        "iat": now,
        "exp": now + 900,
        "jti": "x",
    }
    headers = {"kid": changes.pop("kid", kid), "typ": changes.pop("typ", "at+jwt")}
    key = changes.pop("key", private)
    algorithm = changes.pop("algorithm", "EdDSA")
    return jwt.encode(claims | changes, key, algorithm, headers=headers)


def test_genuine_token_of_a_session_that_began_elsewhere_is_taken(node):
    assert node.scope(forged(node)).principal.id == node.world.member


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"org": "00000009-0000-7000-8000-000000000000"}, "token_invalid"),
        ({"aud": "another program"}, "token_invalid"),
        ({"iss": "a" * 52}, "token_invalid"),
        ({"typ": "machine+jwt"}, "token_invalid"),
        ({"typ": "JWT"}, "token_invalid"),
        ({"key": Ed25519PrivateKey.generate()}, "token_invalid"),
        ({"kid": "unknown"}, "token_key_unknown"),
        ({"role": "emperor"}, "token_invalid"),
        ({"sub": 7}, "token_invalid"),
        ({"offline": True}, "token_invalid"),
        ({"exp": 1}, "token_expired"),
    ],
)
def test_token_that_is_not_right_is_refused(node, changes, code):
    assert code_of(lambda: node.scope(forged(node, **changes))) == code


def test_public_key_is_no_secret_to_sign_with(node):
    _kid, private = node.hub.keys.signer()
    raw = private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    assert code_of(lambda: node.scope(forged(node, key=raw, algorithm="HS256"))) == "token_invalid"
    none = forged(node, key=None, algorithm="none")
    assert code_of(lambda: node.scope(none)) == "token_invalid"


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "." * 9, "é", "e30.e30.e30", "x" * 100_000])
def test_what_is_no_token_is_refused(node, token):
    assert code_of(lambda: node.scope(token)) == "token_invalid"


def test_nodes_own_token_is_not_taken_for_an_offline_one(node, world):
    own = node.identity.tools.access.issue(
        world.member, node.identity.org, "01936f8e-0000-7000-8000-000000000000", "owner", 0
    )
    assert code_of(lambda: node.scope(own)) == "session_ended"


def test_offline_token_without_its_session_is_refused(node, world):
    node.login()
    made = node.identity.tools.access.issue(
        world.member,
        node.identity.org,
        "01936f8e-0000-7000-8000-000000000000",
        "owner",
        0,
        offline=True,
    )
    assert code_of(lambda: node.scope(made)) == "session_ended"


def test_unknown_key_has_the_hub_asked_once_and_then_it_is_known(node, hub, world):
    login = node.login()
    world.run(hub.keys.rotate(compromised=True))
    fresh = hub.login()
    assert code_of(lambda: node.scope(fresh)) == "token_key_unknown"
    assert node.scope(fresh).principal.id == world.member
    assert code_of(lambda: node.scope(login)) == "token_key_unknown"
    kept = []
    node.line.check = lambda: kept.append(1) or node.check_async()
    for _ in range(5):
        code_of(lambda: node.scope(forged(node, kid="unknown")))
    assert len(kept) <= 1


def test_login_with_a_key_that_is_new_to_the_node_works_at_once(node, hub, world):
    world.run(hub.keys.rotate(compromised=True))
    assert node.scope(node.login()).principal.id == world.member


def test_login_on_a_node_whose_clock_is_wrong_works_at_once(node, world):
    for days in (-400, 400):
        node.skew = days * DAY_MS
        node.restart()
        assert node.scope(node.login()).principal.id == world.member


def test_hub_that_answers_nonsense_is_told_so(node, hub, world):
    login = node.login()
    made = structs.replace(login, access_token=forged(node, key=Ed25519PrivateKey.generate()))

    async def login_of_nobody(asked):
        return made

    node.cable.login = login_of_nobody
    assert code_of(node.login) == "hub_answer_unusable"


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (Unauthenticated("machine_token_invalid", ""), "hub_refuses_node"),
        (Unauthenticated("login_failed", ""), "login_failed"),
        (Unavailable("login_overloaded", ""), "login_failed"),
        (Error("internal_error", ""), "login_failed"),
    ],
)
def test_what_the_hub_refuses_means_here(node, error, code):
    node.cable.error = error
    assert code_of(node.login) == code


def test_hub_that_never_answers_is_away(node, monkeypatch):
    node.login()
    monkeypatch.setattr(hub_calls, "PATIENCE_S", 0.0)

    async def silence(asked):
        await asyncio.Event().wait()

    node.cable.login = silence
    assert node.login().offline
