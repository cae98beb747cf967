"""A joined node without its hub, and clocks that are wrong."""

import jwt
import pytest

from tests.core.identity.federation.people import LOCAL, MEMBER, OTHER, code_of, known
from unibos.base.errors import Unauthenticated
from unibos.core.identity.federation.offline import DAY_MS
from unibos.core.identity.registry.membership import LIFE_MS
from unibos.core.identity.scope import Role
from unibos.core.store import accounts


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
