"""What a hub does for users who came to a node: nothing beyond the node's own org."""

import pytest

from unibos.base.errors import Error
from unibos.core.identity.link import (
    FederatedLogin,
    FederatedLogout,
    FederatedPassword,
    FederatedRefresh,
)
from unibos.core.identity.scope import Principal, Role, Scope
from unibos.core.store import accounts, nodes

PASSWORD = "four unrelated words"
OTHER = "another four words"
MEMBER = "member@example.org"
STRANGER = "stranger@example.org"


def code_of(call):
    with pytest.raises(Error) as refused:
        call()
    return refused.value.code


class Door:
    """A node's calls, as the hub's door hands them on."""

    def __init__(self, hub, org, node="n" * 52):
        who = Principal("node", node, "Node")
        self.hub = hub
        hub.enlist(node, org)
        self.scope = Scope(hub.orgs[org], hub.store.org(hub.orgs[org]), who, Role.VIEWER)

    def login(self, email=MEMBER, password=PASSWORD, address="192.0.2.1"):
        asked = FederatedLogin(email=email, password=password, address=address)
        return self.hub.world.run(self.hub.federation.login(self.scope, asked))

    def refresh(self, token):
        asked = FederatedRefresh(refresh_token=token)
        return self.hub.world.run(self.hub.federation.refresh(self.scope, asked))

    def logout(self, session, everywhere=False):
        asked = FederatedLogout(session=session, everywhere=everywhere)
        return self.hub.world.run(self.hub.federation.logout(self.scope, asked))

    def password(self, email, current, new):
        asked = FederatedPassword(
            email=email, current_password=current, new_password=new, address="192.0.2.1"
        )
        return self.hub.world.run(self.hub.federation.password(self.scope, asked))


@pytest.fixture
def doors(hub):
    hub.member = hub.add()
    hub.stranger = hub.add(STRANGER, "b")
    return Door(hub, "a"), Door(hub, "b", "m" * 52)


def session_of(hub, login):
    return hub.identity.authenticate(login.access_token).session


def test_only_members_of_the_nodes_org_get_in(doors):
    a, b = doors
    assert a.login().user.org == a.scope.org
    assert b.login(STRANGER).user.org == b.scope.org
    assert code_of(lambda: b.login(MEMBER)) == "login_failed"
    assert code_of(lambda: a.login(STRANGER)) == "login_failed"


def test_member_of_both_gets_a_session_in_the_nodes_org(hub, doors):
    known = hub.store.read(lambda view: accounts.by_email(view, MEMBER))
    hub.write(lambda tx: accounts.join(tx, known, "viewer"), "b")
    for door in doors:
        assert door.login().user.org == door.scope.org


def test_session_of_another_org_is_neither_moved_nor_ended(hub, doors):
    a, b = doors
    login = a.login()
    assert code_of(lambda: b.refresh(login.refresh_token)) == "session_ended"
    b.logout(session_of(hub, login))
    b.logout(session_of(hub, login), everywhere=True)
    assert hub.identity.authenticate(login.access_token)
    again = a.refresh(login.refresh_token)
    assert code_of(lambda: b.refresh(login.refresh_token)) == "session_ended"
    assert a.refresh(again.refresh_token)


def test_logout_ends_one_session_or_all_of_the_org(hub, doors):
    a, _ = doors
    one, two, three = a.login(), a.login(), a.login()
    a.logout(session_of(hub, one))
    assert code_of(lambda: a.refresh(one.refresh_token)) == "session_ended"
    a.logout(session_of(hub, two), everywhere=True)
    assert code_of(lambda: a.refresh(three.refresh_token)) == "session_ended"
    a.logout("no session")


def test_password_is_changed_by_who_proves_it_in_the_nodes_org(hub, doors):
    a, b = doors
    login = a.login()
    assert code_of(lambda: a.password(MEMBER, OTHER, OTHER)) == "password_wrong"
    assert code_of(lambda: a.password("nobody@example.org", PASSWORD, OTHER)) == "password_wrong"
    assert code_of(lambda: b.password(MEMBER, PASSWORD, OTHER)) == "password_wrong"
    assert code_of(lambda: a.password(MEMBER, PASSWORD, "short")) == "password_too_short"
    assert a.refresh(login.refresh_token)
    fresh = a.password(MEMBER, PASSWORD, OTHER)
    assert hub.identity.authenticate(fresh.access_token).principal.id == hub.member
    assert code_of(a.login) == "login_failed"
    assert a.login(password=OTHER)


def test_guesses_count_against_the_account_whichever_node_passes_them_on(hub, doors):
    a, _ = doors
    elsewhere = Door(hub, "a", "k" * 52)
    for number in range(5):
        door = (a, elsewhere)[number % 2]
        assert code_of(lambda d=door, n=number: d.login(MEMBER, OTHER, f"192.0.2.{n}")) == (
            "login_failed"
        )
    assert code_of(hub.login) == "too_many_attempts"


def test_address_counts_for_each_node_by_itself(hub, doors):
    a, b = doors
    for number in range(20):
        code_of(lambda n=number: a.login(f"{n}@example.org", address="2001:db8::1"))
    assert code_of(lambda: a.login(address="2001:db8::2")) == "too_many_attempts"
    assert a.login(address="2001:db8:1::2")
    assert b.login(STRANGER, address="2001:db8::1")


def test_membership_that_ends_while_the_password_is_checked_begins_no_session(hub, doors):
    a, b = doors
    node = a.scope.principal.id
    scope = hub.identity.authenticate(a.login().access_token)
    hub.write(lambda tx: nodes.revoke(tx, node, hub.wall()))
    change = hub.identity.change_password(scope, PASSWORD, OTHER, "")
    assert code_of(a.login) == "node_revoked"
    assert code_of(lambda: hub.world.run(change)) == "node_revoked"
    assert a.scope.store.read(lambda view: accounts.session(view, scope.session)).node == node
    hub.write(lambda tx: nodes.remove(tx, node))
    assert code_of(a.login) == "node_revoked"
    assert hub.login()
    assert b.login(STRANGER)
