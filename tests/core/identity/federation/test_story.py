"""The story of the hub's issue, at the core: one account on every node, also without the hub."""

import pytest

from unibos.base.errors import Error

PASSWORD = "four unrelated words"
OTHER = "another four words"
MEMBER = "member@example.org"


def code_of(call):
    with pytest.raises(Error) as refused:
        call()
    return refused.value.code


def test_one_account_on_every_node_with_and_without_the_hub(world, hub):
    hub.add()
    hub.add("other@example.org", "b")
    one, two, foreign = world.node("a"), world.node("a"), world.node("b")

    online = one.login()
    assert online.offline is False
    assert one.scope(online).principal.email == MEMBER
    assert code_of(lambda: one.login("other@example.org")) == "login_failed"

    hub.up = False
    offline = one.login()
    assert offline.offline is True
    assert offline.user == online.user
    assert one.scope(offline).offline is True
    assert one.scope(online).offline is False
    assert code_of(two.login) == "login_failed"
    assert code_of(lambda: one.login("other@example.org")) == "login_failed"
    assert code_of(foreign.login) == "login_failed"
    assert code_of(lambda: two.scope(offline)) == "token_invalid"
    assert two.scope(online).principal.id == online.user.id
    assert code_of(lambda: foreign.scope(online)) == "token_invalid"
    assert code_of(lambda: one.refresh(online.refresh_token)) == "hub_unreachable"
    offline = one.refresh(offline.refresh_token)

    hub.up = True
    hub.change_password()
    assert one.scope(offline)
    one.heard()
    assert code_of(lambda: one.scope(offline)) == "session_ended"
    assert code_of(lambda: one.scope(online)) == "session_ended"
    assert code_of(lambda: one.refresh(offline.refresh_token)) == "session_ended"
    assert code_of(lambda: one.refresh(online.refresh_token)) == "session_ended"
    hub.up = False
    assert code_of(one.login) == "login_failed"
    assert code_of(lambda: one.login(password=OTHER)) == "login_failed"
    hub.up = True
    assert one.login(password=OTHER).offline is False
    hub.up = False
    assert one.login(password=OTHER).offline is True
