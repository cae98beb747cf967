"""The verbs of orgs, accounts and sessions, on a database with two orgs."""

from dataclasses import replace

import pytest

from unibos.base.errors import Conflict, NotFound
from unibos.core.store import accounts
from unibos.core.store.store import Store

ONE, OTHER = "org-1", "org-2"
NOW = 1_767_225_600_000


@pytest.fixture
def store(tmp_path):
    opened = Store(tmp_path, "node", "origin", wall=lambda: NOW)

    def two_orgs(tx):
        for org in (ONE, OTHER):
            tx.connection.execute(
                "INSERT INTO orgs (id, name, type, created_at) VALUES (?, ?, 'family', 0)",
                (org, org),
            )

    opened.write(two_orgs)
    yield opened
    opened.close()


@pytest.fixture
def heard(store):
    """What listeners were told, as (org, id)."""
    told = []

    def listen(changes):
        told.extend((c.org, c.id) for c in changes if c.topic == "identity")

    store.listen(listen)
    return told


def make(store, name="owner", role="owner", org=ONE):
    email = f"{name}@example.org"
    return store.write(
        lambda tx: accounts.create(tx, email.title(), email, name.title(), "verifier", role), org
    )


def open_(store, account, expires_at=NOW + 1000):
    return store.write(
        lambda tx: accounts.open_session(tx, account.id, NOW, expires_at), account.org
    )


def ended(store, session):
    return store.read(lambda view: accounts.session(view, session.id), session.org).ended_because


def test_local_org_is_made_once(store, heard):
    assert store.read(accounts.local_org) is None
    org = store.write(lambda tx: accounts.make_local_org(tx, "Home", "family"))
    assert store.write(lambda tx: accounts.make_local_org(tx, "Other", "team")) == org
    assert store.read(accounts.local_org) == org
    assert heard == [(org, org)]


def test_account_is_found_by_address_and_by_id(store, heard):
    made = make(store)
    assert (made.email, made.email_key, made.role) == (
        "Owner@Example.Org",
        "owner@example.org",
        "owner",
    )
    assert made.created_at == NOW
    assert store.read(lambda view: accounts.get(view, made.id), ONE) == made
    assert store.read(lambda view: accounts.by_email(view, "owner@example.org")) == made
    assert store.read(lambda view: accounts.by_email(view, "Owner@Example.Org")) is None
    assert heard == [(ONE, made.id)]


def test_address_is_unique_in_all_orgs_and_nothing_of_the_second_is_kept(store, heard):
    made = make(store)
    with pytest.raises(Conflict) as refused:
        make(store, org=OTHER)
    assert refused.value.code == "email_taken"
    assert store.read(lambda view: accounts.page(view, "", 10), OTHER) == []
    assert heard == [(ONE, made.id)]


def test_another_org_reaches_nothing(store):
    account = make(store)
    session = open_(store, account)

    def look(view):
        assert accounts.find(view, account.id) is None
        assert accounts.page(view, "", 10) == []
        assert not accounts.has_other(view, "owner")
        assert accounts.session(view, session.id) is None

    store.read(look, OTHER)

    def change(tx):
        for verb in (
            lambda: accounts.save(tx, replace(account, name="Stolen")),
            lambda: accounts.set_verifier(tx, account.id, "stolen"),
            lambda: accounts.remove(tx, account.id),
            lambda: accounts.get(tx, account.id),
        ):
            with pytest.raises(NotFound) as refused:
                verb()
            assert refused.value.code == "user_not_found"
        accounts.move_session(tx, session, 9, 0)
        accounts.end_session(tx, session.id, NOW, "stolen")
        accounts.end_sessions(tx, account.id, NOW, "stolen")

    store.write(change, OTHER)
    assert store.read(lambda view: accounts.get(view, account.id), ONE) == account
    assert store.read(lambda view: accounts.session(view, session.id), ONE) == session
    assert store.read(lambda view: accounts.org_of_session(view, session.id)) == ONE
    assert store.read(lambda view: accounts.org_of_session(view, "unknown")) is None


def test_pages_follow_the_order_of_making(store):
    made = [make(store, f"user{number}", "member") for number in range(5)]
    make(store, "stranger", org=OTHER)
    first = store.read(lambda view: accounts.page(view, "", 3), ONE)
    rest = store.read(lambda view: accounts.page(view, first[-1].id, 3), ONE)
    assert first + rest == made


def test_saving_changes_everything_but_the_verifier(store, heard):
    account = make(store)
    changed = replace(
        account, email="New@example.org", email_key="new@example.org", name="New", role="admin",
        disabled=True,
    )  # fmt: skip
    store.write(lambda tx: accounts.save(tx, replace(changed, verifier="ignored")), ONE)
    assert store.read(lambda view: accounts.get(view, account.id), ONE) == changed
    assert heard[1:] == [(ONE, account.id)]
    store.write(lambda tx: accounts.save(tx, changed), ONE)
    assert len(heard) == 2


def test_saving_refuses_an_address_that_is_taken(store):
    make(store, "other")
    account = make(store)
    with pytest.raises(Conflict) as refused:
        store.write(
            lambda tx: accounts.save(tx, replace(account, email_key="other@example.org")), ONE
        )
    assert refused.value.code == "email_taken"


def test_verifier_is_replaced(store, heard):
    account = make(store)
    store.write(lambda tx: accounts.set_verifier(tx, account.id, "new"), ONE)
    assert store.read(lambda view: accounts.get(view, account.id), ONE).verifier == "new"
    assert heard[-1] == (ONE, account.id)


def test_other_accounts_of_a_role_count_only_when_they_can_log_in(store):
    account = make(store)
    other = make(store, "other")

    def has_other(id_=""):
        return store.read(lambda view: accounts.has_other(view, "owner", id_), ONE)

    assert has_other(account.id)
    store.write(lambda tx: accounts.save(tx, replace(other, disabled=True)), ONE)
    assert has_other()
    assert not has_other(account.id)
    assert not store.read(lambda view: accounts.has_other(view, "viewer"), ONE)


def test_removed_account_leaves_nothing(store, heard):
    account = make(store)
    session = open_(store, account)
    store.write(lambda tx: accounts.remove(tx, account.id), ONE)

    assert heard[-1] == (ONE, account.id)
    assert store.read(lambda view: accounts.by_email(view, account.email_key)) is None
    assert store.read(lambda view: accounts.org_of_session(view, session.id)) is None
    assert make(store).id != account.id


def test_member_of_two_orgs_logs_in_to_the_older_and_survives_leaving_it(store):
    account = make(store)
    store.write(
        lambda tx: tx.connection.execute(
            "INSERT INTO members (org, user, role) VALUES (?, ?, 'viewer')", (OTHER, account.id)
        )
    )
    found = store.read(lambda view: accounts.by_email(view, account.email_key))
    assert (found.org, found.role) == (ONE, "owner")
    elsewhere = store.read(lambda view: accounts.get(view, account.id), OTHER)
    session = open_(store, elsewhere)

    store.write(lambda tx: accounts.remove(tx, account.id), ONE)
    found = store.read(lambda view: accounts.by_email(view, account.email_key))
    assert (found.org, found.role) == (OTHER, "viewer")
    assert ended(store, session) is None


def test_session_moves_and_ends_once(store, heard):
    account = make(store)
    session = open_(store, account)
    assert (session.generation, session.user, session.ended_because) == (1, account.id, None)
    moved = store.write(lambda tx: accounts.move_session(tx, session, 2, NOW + 2000), ONE)
    assert (moved.generation, moved.expires_at) == (2, NOW + 2000)
    assert store.read(lambda view: accounts.session(view, session.id), ONE) == moved

    for reason in ("logout", "later"):
        store.write(lambda tx, why=reason: accounts.end_session(tx, session.id, NOW, why), ONE)
    assert ended(store, session) == "logout"
    assert heard[1:] == [(ONE, session.id)] * 3


def test_all_sessions_of_one_user_end(store, heard):
    account, other = make(store), make(store, "other")
    mine = [open_(store, account) for _ in range(3)]
    theirs = open_(store, other)
    store.write(lambda tx: accounts.end_session(tx, mine[0].id, NOW, "logout"), ONE)
    heard.clear()
    store.write(lambda tx: accounts.end_sessions(tx, account.id, NOW, "revoked"), ONE)

    assert [ended(store, session) for session in mine] == ["logout", "revoked", "revoked"]
    assert ended(store, theirs) is None
    assert sorted(heard) == sorted((ONE, session.id) for session in mine[1:])


def test_old_sessions_are_forgotten_in_all_orgs(store):
    account, stranger = make(store), make(store, "stranger", org=OTHER)
    expired = open_(store, account, NOW - 1)
    over = open_(store, stranger)
    store.write(lambda tx: accounts.end_session(tx, over.id, NOW - 1, "logout"), OTHER)
    alive, just = open_(store, account), open_(store, account, NOW)

    assert store.write(lambda tx: accounts.forget_sessions(tx, NOW)) == 2
    known = [
        store.read(lambda view, id_=session.id: accounts.org_of_session(view, id_))
        for session in (expired, over, alive, just)
    ]
    assert known == [None, None, ONE, ONE]
