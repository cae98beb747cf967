import pytest

from unibos.base.errors import Error
from unibos.core.identity.scope import Role
from unibos.core.identity.users import UserChange

PASSWORD = "four unrelated words"
OTHER = "another four words"
MEMBER = "member@example.org"
LOCAL = "local@example.org"


def code_of(call):
    with pytest.raises(Error) as refused:
        call()
    return refused.value.code


@pytest.fixture
def both(node):
    """A node with an account of its own; ``both.local`` is its id."""
    node.local = node.add_local(password=OTHER)
    return node


def link(node, scope, email, password):
    node.world.run(node.linking.link(scope, email, password, "192.0.2.1"))


def test_local_account_proves_the_hubs_and_both_are_one(both, hub, world):
    at_hub, here = both.login(), both.login(LOCAL, OTHER)
    assert both.scope(at_hub).principal.id == world.member
    link(both, both.scope(here), MEMBER, PASSWORD)
    for login in (at_hub, here, both.login(), both.login(LOCAL, OTHER)):
        assert both.scope(login).principal.id == both.local
        assert both.federation.me(both.scope(login)).linked
    assert both.login().user.id == both.local
    hub.up = False
    offline = both.login()
    assert offline.user.id == both.scope(offline).principal.id == both.local


def test_hubs_user_proves_the_local_account(both, world):
    scope = both.scope(both.login())
    link(both, scope, LOCAL, OTHER)
    assert both.scope(both.login()).principal.id == both.local


def test_role_stays_that_of_the_account_that_logged_in(both, world):
    boss = both.federation.local_scope(0)
    both.world.run(both.identity.users.change(boss, both.local, UserChange(role=Role.ADMIN)))
    link(both, both.scope(both.login()), LOCAL, OTHER)
    assert both.scope(both.login()).role is Role.MEMBER
    assert both.scope(both.login(LOCAL, OTHER)).role is Role.ADMIN


def test_session_that_only_proved_the_hubs_account_is_ended(both, hub):
    sessions = "SELECT count(*) FROM sessions WHERE ended_at IS NULL"
    link(both, both.scope(both.login(LOCAL, OTHER)), MEMBER, PASSWORD)
    (alive,) = hub.store.read(lambda view: view.connection.execute(sessions).fetchone())
    assert alive == 0


def test_both_have_to_be_proved(both, hub, world):
    local, at_hub = both.scope(both.login(LOCAL, OTHER)), both.scope(both.login())
    assert code_of(lambda: link(both, local, MEMBER, OTHER)) == "password_wrong"
    assert code_of(lambda: link(both, local, "nobody@example.org", OTHER)) == "password_wrong"
    assert code_of(lambda: link(both, at_hub, LOCAL, PASSWORD)) == "password_wrong"
    assert code_of(lambda: link(both, both.federation.local_scope(0), LOCAL, OTHER)) == (
        "user_required"
    )
    hub.up = False
    assert code_of(lambda: link(both, local, MEMBER, PASSWORD)) == "hub_unreachable"
    assert both.scope(both.login()).principal.id == world.member


def test_proving_is_slowed_like_a_login(both):
    local, at_hub = both.scope(both.login(LOCAL, OTHER)), both.scope(both.login())
    for scope, email in ((local, MEMBER), (at_hub, LOCAL)):
        codes = [code_of(lambda s=scope, e=email: link(both, s, e, "wrong")) for _ in range(6)]
        assert codes == ["password_wrong"] * 5 + ["too_many_attempts"]


def test_nobody_is_linked_twice(both, hub):
    hub.add("other@example.org")
    both.add_local("second@example.org", OTHER)
    link(both, both.scope(both.login()), LOCAL, OTHER)
    link(both, both.scope(both.login()), LOCAL, OTHER)
    second = both.scope(both.login("other@example.org"))
    assert code_of(lambda: link(both, second, LOCAL, OTHER)) == "already_linked"
    first = both.scope(both.login())
    assert code_of(lambda: link(both, first, "second@example.org", OTHER)) == "already_linked"
    third = both.scope(both.login("second@example.org", OTHER))
    assert code_of(lambda: link(both, third, MEMBER, PASSWORD)) == "already_linked"


@pytest.mark.parametrize("who", [(MEMBER, PASSWORD), (LOCAL, OTHER)])
def test_unlinked_accounts_are_two_again(both, world, who):
    link(both, both.scope(both.login()), LOCAL, OTHER)
    at_hub = both.login()
    world.run(both.linking.unlink(both.scope(both.login(*who))))
    assert both.scope(at_hub).principal.id == world.member
    assert both.scope(both.login(LOCAL, OTHER)).principal.id == both.local
    for one in (at_hub, both.login(LOCAL, OTHER)):
        assert code_of(lambda o=one: world.run(both.linking.unlink(both.scope(o)))) == "not_linked"


def test_disabled_account_of_the_node_shuts_its_linked_user_out(both, hub, world):
    link(both, both.scope(both.login()), LOCAL, OTHER)
    online = both.login()
    hub.up = False
    offline = both.login()
    streams = [both.scope(online), both.scope(offline)]
    boss = both.federation.local_scope(0)
    world.run(both.identity.users.change(boss, both.local, UserChange(disabled=True)))
    assert not any(both.stands(scope) for scope in streams)
    for login in (online, offline):
        assert code_of(lambda o=login: both.scope(o)) == "session_ended"
    assert code_of(both.login) == "login_failed"
    hub.up = True
    assert code_of(both.login) == "login_failed"
    assert code_of(lambda: both.refresh(online.refresh_token)) == "session_ended"


def test_removed_account_of_the_node_leaves_the_hubs_user(both, world):
    link(both, both.scope(both.login()), LOCAL, OTHER)
    boss = both.federation.local_scope(0)
    world.run(both.identity.users.remove(boss, both.local))
    assert both.scope(both.login()).principal.id == world.member


def test_logout_everywhere_ends_what_the_node_gave_to_both(both, hub, world):
    link(both, both.scope(both.login()), LOCAL, OTHER)
    here = both.login(LOCAL, OTHER)
    hub.up = False
    offline = both.login()
    world.run(both.federation.logout(both.scope(here), everywhere=True))
    for login in (here, offline):
        assert code_of(lambda o=login: both.scope(o)) == "session_ended"
