"""A joined node with its hub: whose account is asked first, and what the tokens open."""

import asyncio
from dataclasses import replace

import jwt
import pytest

from tests.core.identity.federation.people import LOCAL, MEMBER, OTHER, PASSWORD, code_of
from unibos.base.clock import iso
from unibos.base.errors import Unauthenticated
from unibos.core.identity.federation.offline import DAY_MS
from unibos.core.identity.scope import Role
from unibos.core.identity.users import UserChange
from unibos.core.store import accounts


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
    node.federation._logouts._pause_s = 0.0
    login = node.login()
    hub.up = False
    scope = node.scope(login)
    world.run(node.federation.logout(scope))
    assert not node.stands(scope)
    assert code_of(lambda: node.scope(login)) == "session_ended"
    assert code_of(lambda: node.refresh(login.refresh_token)) == "session_ended"
    hub.up = True
    world.run(asyncio.wait_for(node.federation._logouts._task, 30))
    with pytest.raises(Unauthenticated):
        hub.identity.authenticate(login.access_token)


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
