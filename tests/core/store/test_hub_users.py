from dataclasses import replace

import pytest

from unibos.core.store import accounts, hub_users
from unibos.core.store.hub_users import HubUser
from unibos.core.store.store import Store

USER = HubUser("h1", "Member@example.org", "member@example.org", "Member", "member", "v1", 100, 900)


@pytest.fixture
def store(tmp_path):
    opened = Store(tmp_path, "node", "tester")
    yield opened
    opened.close()


@pytest.fixture
def org(store):
    id_ = store.write(lambda tx: accounts.make_local_org(tx, "Home", "family"))
    return store.org(id_)


def test_what_the_hub_said_is_kept_and_found(org):
    org.write(lambda tx: hub_users.save(tx, USER))
    assert org.read(lambda view: hub_users.find(view, "h1")) == USER
    assert org.read(lambda view: hub_users.by_email(view, "member@example.org")) == USER
    assert org.read(hub_users.with_verifier) == [USER]
    assert org.read(lambda view: hub_users.find(view, "h2")) is None


def test_no_other_org_sees_it(store, org):
    org.write(lambda tx: hub_users.save(tx, USER))
    other = store.org("other")
    assert other.read(lambda view: hub_users.find(view, "h1")) is None
    assert other.read(lambda view: hub_users.by_email(view, USER.email_key)) is None
    assert other.read(hub_users.with_verifier) == []
    other.write(hub_users.forget_all)
    other.write(lambda tx: hub_users.forget_verifier(tx, "h1"))
    assert org.read(hub_users.with_verifier) == [USER]


def test_link_stays_when_the_hub_says_something_new(org):
    local = org.write(lambda tx: accounts.create(tx, "a@x", "a@x", "Member", "v", "member")).id
    org.write(lambda tx: hub_users.save(tx, USER))
    org.write(lambda tx: hub_users.link(tx, "h1", local))
    org.write(lambda tx: hub_users.save(tx, replace(USER, role="admin")))
    linked = org.read(lambda view: hub_users.by_local_user(view, local))
    assert (linked.id, linked.role, linked.local_user) == ("h1", "admin", local)
    account = org.read(lambda view: accounts.get(view, local))
    org.write(lambda tx: accounts.save(tx, replace(account, disabled=True)))
    assert org.read(lambda view: hub_users.find(view, "h1")).local_disabled
    org.write(lambda tx: hub_users.link(tx, "h1", None))
    assert org.read(lambda view: hub_users.find(view, "h1")).local_user is None


def test_link_to_an_account_that_is_gone_is_none(org):
    local = org.write(lambda tx: accounts.create(tx, "a@x", "a@x", "Member", "v", "member")).id
    org.write(lambda tx: hub_users.save(tx, USER))
    org.write(lambda tx: hub_users.link(tx, "h1", local))
    org.write(lambda tx: accounts.remove(tx, local))
    assert org.read(lambda view: hub_users.find(view, "h1")).local_user is None


def test_address_that_the_hub_gave_to_another_user_takes_the_old_one_out(org):
    org.write(lambda tx: hub_users.save(tx, USER))
    session = org.write(lambda tx: accounts.open_session(tx, "h1", 1, 2)).id
    org.write(lambda tx: hub_users.save(tx, replace(USER, id="h2")))
    assert org.read(lambda view: hub_users.find(view, "h1")) is None
    assert org.read(lambda view: accounts.session(view, session)) is None
    assert org.read(hub_users.ids) == ["h2"]


def test_every_change_is_told_under_both_names(store, org):
    told = []
    store.listen(lambda changes: told.extend(change.id for change in changes))
    local = org.write(lambda tx: accounts.create(tx, "a@x", "a@x", "Member", "v", "member")).id
    org.write(lambda tx: hub_users.save(tx, USER))
    org.write(lambda tx: hub_users.link(tx, "h1", local))
    for change in (
        lambda tx: hub_users.save(tx, USER),
        lambda tx: hub_users.forget_verifier(tx, "h1"),
        lambda tx: hub_users.link(tx, "h1", None),
    ):
        told.clear()
        org.write(change)
        assert set(told) == {"h1", local}
    told.clear()
    org.write(hub_users.forget_all)
    assert told == ["h1"]


def test_nothing_is_told_where_nothing_was_to_forget(store, org):
    org.write(lambda tx: hub_users.save(tx, replace(USER, verifier=None)))
    told = []
    store.listen(told.append)
    org.write(lambda tx: hub_users.forget_verifier(tx, "h1"))
    org.write(lambda tx: hub_users.forget_verifier(tx, "h2"))
    assert told == []
