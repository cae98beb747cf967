"""What the hub takes back is over on the node."""

import pytest

from tests.core.identity.federation.people import MEMBER, OTHER, code_of, known
from unibos.core.store import accounts, revocations

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
    hub.write(lambda tx: revocations.revoke_session(tx, "x"))
    node.plugged = True
    node.heard()
    node.plugged = False
    assert known(node, world.member).verifier is None
    assert code_of(node.login) == "login_failed"


def test_token_from_before_the_hubs_clock_jumped_is_exchanged(node, hub, world):
    """The list may have forgotten what ended it while the clock was ahead."""
    login = node.login()
    world.advance(days=1)
    hub.write(lambda tx: revocations.revoke_session(tx, "x"))
    node.heard()
    world.advance(days=-1)
    node.heard()
    assert code_of(lambda: node.scope(login)) == "token_expired"
    assert node.scope(node.refresh(login.refresh_token))


def test_who_heard_often_keeps_old_logins(node, hub, world):
    node.offline_days = 60
    node.restart()
    node.login()
    for number in range(5):
        world.advance(days=10)
        hub.write(lambda tx, n=number: revocations.revoke_session(tx, f"x{n}"))
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
