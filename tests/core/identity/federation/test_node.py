"""What a joined node takes, and what it refuses, with the hub and without it."""

import asyncio
from dataclasses import replace

import argon2
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from msgspec import structs

from unibos.base.clock import iso
from unibos.base.errors import Error, Unauthenticated, Unavailable
from unibos.core.identity.federation import asking
from unibos.core.identity.federation.offline import DAY_MS
from unibos.core.identity.registry.membership import LIFE_MS
from unibos.core.identity.scope import Role
from unibos.core.identity.users import UserChange
from unibos.core.store import accounts, hub_users, revocations

PASSWORD = "four unrelated words"
OTHER = "another four words"
MEMBER = "member@example.org"
LOCAL = "local@example.org"


def code_of(call):
    with pytest.raises(Error) as refused:
        call()
    return refused.value.code


def known(node, id_):
    return node.store.read(lambda view: hub_users.find(view, id_), node.identity.org)


# Online


def test_hubs_user_gets_the_hubs_tokens_and_a_scope(node, hub, world):
    login = node.login()
    assert login.user.id == world.member
    assert hub.identity.authenticate(login.access_token).principal.id == world.member
    scope = node.scope(login)
    assert scope.org == node.identity.org == hub.orgs["a"]
    assert scope.principal.kind == "user"
    assert (scope.principal.id, scope.principal.email) == (world.member, MEMBER)
    assert scope.role is Role.MEMBER
    assert (scope.hub_user, scope.offline, scope.operator) == (world.member, False, False)


def test_token_that_was_seen_is_a_look_up(node, monkeypatch):
    login = node.login()
    scope = node.scope(login)
    monkeypatch.setattr(jwt, "decode", None)
    monkeypatch.setattr(node.store, "read", None)
    assert node.federation.authenticate(login.access_token) is scope


def test_own_accounts_go_on_without_asking_the_hub(node, hub):
    local = node.add_local()
    login = node.login(LOCAL)
    assert hub.asked == []
    assert login.user.id == local
    assert node.scope(login).hub_user == ""
    hub.up = False
    again = node.refresh(login.refresh_token)
    assert node.scope(again).principal.id == local
    changed = node.world.run(
        node.federation.change_password(node.scope(again), PASSWORD, OTHER, "")
    )
    assert code_of(lambda: node.scope(again)) == "session_ended"
    assert node.scope(changed)


def test_same_address_here_and_there_leads_by_the_password(node, world):
    local = node.add_local(MEMBER, OTHER)
    assert node.login(password=OTHER).user.id == local
    assert node.login(password=PASSWORD).user.id == world.member


def test_disabled_account_of_the_node_is_not_asked_for_at_the_hub(node, hub):
    local = node.add_local(MEMBER)
    boss = node.federation.local_scope(0)
    node.world.run(node.identity.users.change(boss, local, UserChange(disabled=True)))
    assert code_of(node.login) == "login_failed"
    assert hub.asked == []


def test_refresh_passes_on_and_brings_what_holds_now(node, hub, world):
    login = node.login()
    again = node.refresh(login.refresh_token)
    assert again.refresh_token != login.refresh_token
    assert node.scope(again).session == node.scope(login).session
    assert code_of(lambda: node.refresh(login.refresh_token)) == "refresh_reused"
    assert code_of(lambda: node.refresh(again.refresh_token)) == "session_ended"


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "0" * 5000, "\ud800"])
def test_what_is_no_refresh_token_never_reaches_the_hub(node, hub, token):
    assert code_of(lambda: node.refresh(token)) == "refresh_invalid"
    assert hub.asked == []


def test_refresh_at_another_node_of_the_org_works_and_of_another_org_does_not(node, world, hub):
    login = node.login()
    foreign = world.node("b")
    assert code_of(lambda: foreign.refresh(login.refresh_token)) == "session_ended"
    assert world.node("a").refresh(login.refresh_token)


def test_role_is_the_tokens_and_a_change_ends_the_old_one(node, hub, world):
    login = node.login()
    assert node.scope(login).role is Role.MEMBER
    world.advance(seconds=1)

    def promote(tx):
        accounts.save(tx, replace(accounts.get(tx, world.member), role="admin"))

    hub.write(promote)
    node.heard()
    assert code_of(lambda: node.scope(login)) == "session_ended"
    world.advance(seconds=1)
    assert node.scope(node.login()).role is Role.ADMIN


def test_password_changes_at_the_hub_through_the_node(node, hub, world):
    login = node.login()
    world.advance(seconds=1)
    scope = node.scope(login)

    def change(current, new):
        return world.run(node.federation.change_password(scope, current, new, "192.0.2.1"))

    assert code_of(lambda: change(OTHER, "yet another four")) == "password_wrong"
    assert code_of(lambda: change(PASSWORD, "short")) == "password_too_short"
    fresh = change(PASSWORD, OTHER)
    node.heard()
    assert code_of(lambda: node.scope(login)) == "session_ended"
    assert node.scope(fresh).principal.id == world.member
    hub.up = False
    assert code_of(node.login) == "login_failed"
    assert node.login(password=OTHER).offline
    assert code_of(lambda: change(OTHER, PASSWORD)) == "hub_unreachable"


def test_logout_ends_the_session_here_and_at_the_hub(node, hub):
    one, other = node.login(), node.login()
    node.world.run(node.federation.logout(node.scope(one)))
    assert code_of(lambda: node.scope(one)) == "session_ended"
    assert code_of(lambda: node.refresh(one.refresh_token)) == "session_ended"
    with pytest.raises(Unauthenticated):
        hub.identity.authenticate(one.access_token)
    assert node.scope(other)
    node.world.advance(seconds=1)
    node.world.run(node.federation.logout(node.scope(other), everywhere=True))
    assert code_of(lambda: node.refresh(other.refresh_token)) == "session_ended"


def test_logout_without_the_hub_is_told_to_it_later(node, hub, world):
    node.federation._departures._pause_s = 0.0
    login = node.login()
    hub.up = False
    scope = node.scope(login)
    world.run(node.federation.logout(scope))
    assert not node.stands(scope)
    assert code_of(lambda: node.scope(login)) == "session_ended"
    assert code_of(lambda: node.refresh(login.refresh_token)) == "session_ended"
    hub.up = True
    world.run(asyncio.wait_for(node.federation._departures._task, 30))
    with pytest.raises(Unauthenticated):
        hub.identity.authenticate(login.access_token)


# Refusals of tokens


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
        world.member, node.identity.org, "01936f8e-0000-7000-8000-000000000000", "owner"
    )
    assert code_of(lambda: node.scope(own)) == "session_ended"


def test_offline_token_without_its_session_is_refused(node, world):
    node.login()
    made = node.identity.tools.access.issue(
        world.member,
        node.identity.org,
        "01936f8e-0000-7000-8000-000000000000",
        "owner",
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
    monkeypatch.setattr(asking, "PATIENCE_S", 0.0)

    async def silence(asked):
        await asyncio.Event().wait()

    node.cable.login = silence
    assert node.login().offline


# Offline


def test_offline_login_is_a_session_of_the_node_alone(node, hub, world):
    node.login()
    hub.up = False
    login = node.login()
    scope = node.scope(login)
    assert (scope.principal.id, scope.hub_user) == (world.member, world.member)
    assert scope.role is Role.MEMBER
    assert jwt.decode(login.access_token, options={"verify_signature": False})["offline"] is True
    with pytest.raises(Unauthenticated):
        hub.identity.authenticate(login.access_token)
    again = node.refresh(login.refresh_token)
    assert again.offline
    assert code_of(lambda: node.refresh(login.refresh_token)) == "refresh_reused"
    assert code_of(lambda: node.scope(again)) == "session_ended"


def test_hubs_verifier_never_reaches_the_node(node, hub, world):
    node.login()
    theirs = hub.store.read(lambda view: accounts.by_email(view, MEMBER)).verifier
    assert known(node, world.member).verifier not in ("", None, theirs)


def test_offline_login_survives_a_restart_and_logs_out(node, hub, world):
    node.login()
    hub.up = False
    login = node.login()
    node.restart()
    scope = node.scope(login)
    assert node.stands(scope)
    world.run(node.federation.logout(scope))
    assert not node.stands(scope)
    assert code_of(lambda: node.scope(login)) == "session_ended"
    assert code_of(lambda: node.refresh(login.refresh_token)) == "session_ended"


def test_mistyping_does_not_take_the_offline_login_away(node, hub, world):
    node.login()
    for _ in range(4):
        assert code_of(lambda: node.login(password=OTHER)) == "login_failed"
    hub.up = False
    world.advance(seconds=60)
    assert node.login().offline


def test_offline_login_ends_after_its_days_and_not_before(node, hub, world):
    node.login()
    hub.up = False
    world.advance(days=29.9)
    login = node.login()
    world.advance(days=0.2)
    assert code_of(node.login) == "login_failed"
    assert code_of(lambda: node.scope(login)) in ("token_expired", "session_ended")
    assert code_of(lambda: node.refresh(login.refresh_token)) == "session_ended"


def test_refresh_at_the_hub_makes_it_last_longer(node, hub, world):
    token = node.login().refresh_token
    for _ in range(3):
        world.advance(days=15)
        node.heard()
        token = node.refresh(token).refresh_token
    hub.up = False
    world.advance(days=29)
    assert node.login().offline
    world.advance(days=2)
    assert code_of(node.login) == "login_failed"


def test_refreshes_are_not_written_down_each_time(node, hub, world):
    token = node.login().refresh_token
    token = node.refresh(token).refresh_token
    log = node.store.path.with_name("node.db-wal").stat().st_size
    for _ in range(5):
        world.advance(seconds=600)
        token = node.refresh(token).refresh_token
    assert node.store.path.with_name("node.db-wal").stat().st_size == log


def test_no_days_no_offline_login(node, hub, world):
    node.login()
    hub.up = False
    assert node.login().offline
    node.offline_days = 0
    node.restart()
    assert code_of(node.login) == "login_failed"
    hub.up = True
    node.login()
    assert known(node, world.member).verifier is None


def test_membership_that_is_over_ends_all_but_the_nodes_own_accounts(node, hub, world):
    node.add_local()
    node.offline_days = 365
    node.restart()
    hub.up = False
    hub.up = True
    login = node.login()
    hub.up = False
    world.now = world.hub.world.now + LIFE_MS + 1000
    assert code_of(node.login) == "hub_away_too_long"
    assert code_of(lambda: node.login("nobody@example.org")) == "hub_away_too_long"
    fresh = hub.login()
    assert code_of(lambda: node.scope(fresh)) == "hub_away_too_long"
    assert code_of(lambda: node.scope(login)) == "token_expired"
    assert node.login(LOCAL).user.email == LOCAL


def test_clock_set_back_revives_nothing(node, hub, world):
    node.login()
    hub.up = False
    login = node.login()
    world.advance(days=31)
    assert code_of(node.login) == "login_failed"
    assert code_of(lambda: node.scope(login)) == "token_expired"
    for cut in (False, True):
        node.skew = -60 * DAY_MS
        node.restart(cut=cut)
        assert code_of(node.login) == "login_failed"
        assert code_of(lambda: node.scope(login)) == "token_expired"
        assert code_of(lambda: node.refresh(login.refresh_token)) == "session_ended"


def test_expired_hub_token_stays_expired_after_a_power_cut_with_the_clock_set_back(node, world):
    login = node.login()
    node.heard()
    world.advance(seconds=901)
    assert code_of(lambda: node.scope(login)) == "token_expired"
    node.skew = -DAY_MS
    node.restart(cut=True)
    assert code_of(lambda: node.scope(login)) == "token_expired"


def test_clock_that_ran_far_ahead_does_no_lasting_harm(node, hub, world):
    node.login()
    node.skew = 4000 * DAY_MS
    node.restart()
    hub.up = False
    assert code_of(node.login) == "hub_away_too_long"
    node.skew = 0
    node.restart()
    assert code_of(node.login) == "hub_away_too_long"
    hub.up = True
    node.heard()
    hub.up = False
    assert node.login().offline
    node.restart()
    assert node.login().offline


# Revocations


ENDS = {
    "password": lambda hub: hub.change_password(),
    "disabled": lambda hub: hub.write(
        lambda tx: accounts.end_sessions(tx, hub.world.member, hub.wall(), "disabled")
    ),
    "removed": lambda hub: hub.write(lambda tx: accounts.remove(tx, hub.world.member)),
}


@pytest.mark.parametrize("end", ENDS)
def test_what_the_hub_revokes_is_over_once_the_node_has_heard_of_it(node, hub, world, end):
    online = node.login()
    hub.up = False
    offline = node.login()
    streams = [node.scope(online), node.scope(offline)]
    assert all(node.stands(scope) for scope in streams)
    world.advance(seconds=1)
    rung = []
    node.store.listen(rung.extend)
    ENDS[end](hub)
    assert node.login().offline
    hub.up = True
    node.heard()
    hub.up = False
    assert not any(node.stands(scope) for scope in streams)
    assert {change.org for change in rung} == {node.identity.org}
    for login in (online, offline):
        assert code_of(lambda gone=login: node.scope(gone)) == "session_ended"
    assert code_of(lambda: node.refresh(offline.refresh_token)) == "session_ended"
    assert code_of(node.login) == "login_failed"
    node.restart()
    assert code_of(node.login) == "login_failed"
    assert code_of(lambda: node.scope(online)) == "session_ended"


def test_streams_are_woken_though_nothing_of_the_user_is_kept(node, hub, world):
    elsewhere = world.node("a")
    scope = elsewhere.scope(node.login())
    rung = []
    elsewhere.store.listen(rung.extend)
    world.advance(seconds=1)
    hub.change_password()
    elsewhere.heard()
    assert world.member in {change.id for change in rung}
    assert not elsewhere.stands(scope)


def test_stream_of_a_hubs_user_ends_with_its_token(node, world):
    scope = node.scope(node.login())
    world.advance(seconds=899)
    assert node.stands(scope)
    world.advance(seconds=1)
    assert not node.stands(scope)


def test_revocation_that_was_kept_before_a_power_cut_takes_effect_at_the_start(node, hub, world):
    node.login()
    world.advance(seconds=1)
    hub.change_password()
    node.state._listeners.clear()
    node.heard()
    assert known(node, world.member).verifier is not None
    node.restart(cut=True)
    assert known(node, world.member).verifier is None


def test_revocation_during_the_login_leaves_no_verifier(node, hub, world, monkeypatch):
    hashing = node.identity.tools.passwords.hash

    async def slowly(password):
        world.advance(seconds=1)
        hub.write(lambda tx: accounts.end_sessions(tx, world.member, hub.wall(), "revoked"))
        await node.check_async()
        return await hashing(password)

    monkeypatch.setattr(node.identity.tools.passwords, "hash", slowly)
    login = node.login()
    assert code_of(lambda: node.scope(login)) == "session_ended"
    assert known(node, world.member).verifier is None


def test_who_heard_nothing_for_as_long_as_revocations_are_kept_takes_old_logins_for_revoked(
    node, hub, world
):
    node.offline_days = 60
    node.restart()
    node.heard()
    node.login()
    world.advance(seconds=1)
    hub.change_password()
    node.plugged = False
    world.now += revocations.USER_KEPT_MS
    assert node.login().offline
    hub.write(lambda tx: revocations.revoke_session(tx, "x", hub.wall()))
    node.plugged = True
    node.heard()
    node.plugged = False
    assert known(node, world.member).verifier is None
    assert code_of(node.login) == "login_failed"


def test_who_heard_often_keeps_old_logins(node, hub, world):
    node.offline_days = 60
    node.restart()
    node.login()
    for number in range(5):
        world.advance(days=10)
        hub.write(lambda tx, n=number: revocations.revoke_session(tx, f"x{n}", hub.wall()))
        node.heard()
    hub.up = False
    assert node.login().offline


def test_kill_switch_ends_all_offline_logins(node, hub, world):
    hub.add("other@example.org")
    online = [node.login(), node.login("other@example.org")]
    hub.up = False
    logins = [node.login(), node.login("other@example.org")]
    owner = node.federation.local_scope(0)
    assert code_of(lambda: world.run(node.federation.forget_logins(node.scope(logins[0])))) == (
        "role_required"
    )
    assert world.run(node.federation.forget_logins(owner)) == 2
    assert world.run(node.federation.forget_logins(owner)) == 0
    for email in (MEMBER, "other@example.org"):
        assert code_of(lambda who=email: node.login(who)) == "login_failed"
    for login in logins:
        assert code_of(lambda gone=login: node.scope(gone)) == "session_ended"
        assert code_of(lambda gone=login: node.refresh(gone.refresh_token)) == "session_ended"
    assert all(node.scope(login) for login in online)
    hub.up = True
    node.login()
    hub.up = False
    assert node.login().offline


def test_offline_session_of_an_old_password_ends_though_the_new_one_was_used_here(node, hub, world):
    node.login()
    hub.up = False
    old = node.login()
    stream = node.scope(old)
    hub.up = True
    hub.change_password()
    node.login(password=OTHER)
    assert node.scope(old)
    node.heard()
    assert not node.stands(stream)
    assert code_of(lambda: node.scope(old)) == "session_ended"
    assert code_of(lambda: node.refresh(old.refresh_token)) == "session_ended"
    hub.up = False
    assert node.login(password=OTHER).offline


# Guesses


@pytest.mark.parametrize("away", [False, True])
def test_unknown_and_known_get_the_same_answer_for_the_same_work(
    node, hub, world, away, monkeypatch
):
    hub.add("stranger@example.org", "b")
    hub.add("fresh@example.org")
    node.add_local()
    node.login()
    if away:
        hub.up = False
    spent = []
    verify = argon2.PasswordHasher.verify

    def spy(self, verifier, password):
        spent.append(argon2.extract_parameters(verifier))
        return verify(self, verifier, password)

    monkeypatch.setattr(argon2.PasswordHasher, "verify", spy)
    answers = []
    emails = [MEMBER, LOCAL, "nobody@example.org", "stranger@example.org", "fresh@example.org"]
    for number, email in enumerate(emails):
        spent.clear()
        with pytest.raises(Error) as refused:
            node.login(email, OTHER, f"192.0.2.{number}")
        error = refused.value
        answers.append((error.code, error.detail, error.hint, error.facts, len(spent)))
    assert all(answer == answers[0] for answer in answers)
    assert answers[0][0] == "login_failed"
    assert answers[0][-1] == 2


@pytest.mark.parametrize("away", [False, True])
@pytest.mark.parametrize("email", [MEMBER, LOCAL, "nobody@example.org"])
def test_guesses_are_slowed_for_all_alike(node, hub, world, away, email):
    node.add_local()
    node.login()
    hub.up = not away
    codes = [code_of(lambda: node.login(email, OTHER)) for _ in range(7)]
    assert codes == ["login_failed"] * 5 + ["too_many_attempts"] * 2


def test_guesses_at_once_are_slowed_as_well(node, hub, world):
    node.login()
    for up in (True, False):
        hub.up = up
        world.advance(days=1)
        hub.asked.clear()
        outcomes = world.all(
            *(node.federation.login(MEMBER, OTHER, "192.0.2.1") for _ in range(30))
        )
        assert {outcome.code for outcome in outcomes} == {"login_failed", "too_many_attempts"}
        assert sum(outcome.code == "login_failed" for outcome in outcomes) == 5
        assert len(hub.asked) == (5 if up else 0)


def test_logins_that_succeed_slow_nobody(node, hub):
    for up in (True, False):
        hub.up = up
        for _ in range(25):
            node.login()


def test_guesses_at_many_accounts_slow_the_address_at_the_hub_by_node(node, world):
    second = world.node("a")
    for number in range(20):
        code_of(lambda n=number: node.login(f"{n}@example.org"))
    node.restart()
    assert code_of(node.login) == "too_many_attempts"
    assert node.login(address="198.51.100.9")
    assert second.login()


# Who asks


def test_me_tells_where_the_account_is_and_how_long_it_lasts(node, hub, world):
    node.add_local()
    local = node.federation.me(node.scope(node.login(LOCAL)))
    assert (local.origin, local.offline, local.offline_until) == ("local", False, None)
    online = node.federation.me(node.scope(node.login()))
    assert (online.origin, online.online, online.offline) == ("hub", True, False)
    assert online.offline_until == iso(world.now + 30 * DAY_MS)
    hub.up = False
    node.line.online = False
    offline = node.federation.me(node.scope(node.login()))
    assert (offline.origin, offline.online, offline.offline) == ("hub", False, True)
    assert offline.offline_until == iso(world.now + 30 * DAY_MS)
    node.offline_days = 365
    node.restart()
    hub.up = True
    longest = node.federation.me(node.scope(node.login()))
    assert longest.offline_until == iso(node.federation.until)
    assert node.federation.me(node.federation.local_scope(0)).origin == "local"
