"""Orgs of a hub: who may make, change, give away and delete them."""

import pytest
from msgspec import UNSET

from tests.core.identity.conftest import EMAIL, PASSWORD
from unibos.base.clock import iso
from unibos.base.errors import Conflict, Error, Forbidden, Invalid, NotFound, Unauthenticated
from unibos.core.identity.org_shapes import OrgChange, OrgNew
from unibos.core.identity.orgs import GRACE_DAYS
from unibos.core.identity.scope import Role, stands
from unibos.core.identity.users import UserChange
from unibos.core.store import accounts, orgs

LIMITS = {"max_users": 1, "max_nodes": 2, "max_storage_gb": 3, "enabled_modules": ["notes"]}


def refused(people, code, coroutine, kind=Error):
    with pytest.raises(kind) as caught:
        people.run(coroutine)
    assert caught.value.code == code
    return caught.value


@pytest.fixture
def smith(people):
    return people.org("Smith")


def role_of(people, scope):
    store = people.box.store
    return store.read(lambda view: accounts.get(view, scope.principal.id).role, scope.org)


def test_the_operator_makes_orgs_and_sees_them_all(people):
    own = people.box.first.user.org
    made = [people.org(name)[0] for name in ("Işık", "Smith")]
    assert [org.slug for org in made] == ["isik", "smith"]
    listed = people.run(people.identity.orgs.page(people.operator, 2))
    rest = people.run(people.identity.orgs.page(people.operator, 2, listed.next))
    assert [one.id for one in (*listed.items, *rest.items)] == [own, *(one.id for one in made)]
    assert rest.next is None


def test_an_owner_of_the_own_org_is_operator_wherever_they_log_in(people):
    assert people.scope(people.box.first).operator
    org, _ = people.org("Smith", owner=EMAIL)
    abroad = people.scope(people.box.login(org="smith"))
    assert (abroad.org, abroad.role, abroad.operator) == (org.id, Role.OWNER, False)


def test_nobody_else_makes_or_lists_orgs(people, smith):
    _, owner = smith
    admin = people.member(people.scope(people.box.first), "admin@example.org", Role.ADMIN)
    wanted = OrgNew(name="Mine", owner="x@example.org")
    for scope in (owner, admin):
        refused(people, "operator_required", people.identity.orgs.create(scope, wanted), Forbidden)
        refused(people, "operator_required", people.identity.orgs.page(scope), Forbidden)


@pytest.mark.parametrize(
    ("wanted", "code"),
    [
        (OrgNew(name=" ", owner="x@example.org"), "name_invalid"),
        (OrgNew(name="X", owner="x"), "email_invalid"),
        (OrgNew(name="X", owner="x@example.org", slug="Not A Slug"), "slug_invalid"),
        (OrgNew(name="X", owner="x@example.org", slug="home"), "slug_taken"),
    ],
)
def test_an_org_that_is_not_well_made_leaves_nothing(people, wanted, code):
    refused(people, code, people.identity.orgs.create(people.operator, wanted))
    assert len(people.run(people.identity.orgs.page(people.operator)).items) == 1


def test_members_read_their_org_and_admins_rename_it(people, smith):
    org, owner = smith
    viewer = people.member(owner, "viewer@example.org", Role.VIEWER)
    admin = people.member(owner, "admin@example.org", Role.ADMIN)
    read = people.run(people.identity.orgs.get(viewer, "smith"))
    assert (read.id, read.usage.users) == (org.id, 3)
    rename = OrgChange(name="The Smiths", type="family")
    refused(people, "role_required", people.identity.orgs.change(viewer, org.id, rename))
    changed = people.run(people.identity.orgs.change(admin, org.id, rename))
    assert (changed.name, changed.type, changed.slug) == ("The Smiths", "family", "smith")


@pytest.mark.parametrize(
    "change",
    [
        {"slug": "x"},
        {"plan": "free"},
        {"custom_domain": None},
        *({k: v} for k, v in LIMITS.items()),
    ],
    ids=lambda change: next(iter(change)),
)
def test_what_costs_the_operator_is_changed_by_the_operator(people, smith, change):
    org, owner = smith
    wanted = OrgChange(**change)
    refused(people, "operator_required", people.identity.orgs.change(owner, org.id, wanted))
    changed = people.run(people.identity.orgs.change(people.operator, "smith", wanted))
    ((name, value),) = change.items()
    assert getattr(changed, name) == value


def test_null_takes_a_limit_away_and_what_is_left_out_stays(people, smith):
    org, _ = smith
    people.run(people.identity.orgs.change(people.operator, org.id, OrgChange(**LIMITS)))
    changed = people.run(
        people.identity.orgs.change(people.operator, org.id, OrgChange(max_users=None))
    )
    assert (changed.max_users, changed.max_nodes, changed.enabled_modules) == (None, 2, ["notes"])
    assert OrgChange().max_users is UNSET
    facts = people.identity.orgs.facts(org.id)
    assert (facts.slug, facts.max_nodes, facts.enabled_modules) == ("smith", 2, ["notes"])


@pytest.mark.parametrize(
    ("domain", "kept"),
    [
        ("Data.Example.ORG.", "data.example.org"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("example", None),
        ("192.0.2.1", None),
        ("a..example", None),
        ("-a.example", None),
        ("https://a.example", None),
        ("a.example/x", None),
        ("x" * 64 + ".example", None),
        (".".join(["abcdefgh"] * 30), None),
        ("", None),
    ],
)
def test_a_domain_is_one(people, smith, domain, kept):
    org, _ = smith
    asked = people.identity.orgs.change(people.operator, org.id, OrgChange(custom_domain=domain))
    if kept is None:
        refused(people, "domain_invalid", asked, Invalid)
    else:
        assert people.run(asked).custom_domain == kept


def test_another_org_does_not_exist(people, smith):
    org, _ = smith
    _, stranger = people.org("Other")
    asked = people.identity.orgs
    for name in (org.id, "smith", "nobody", ""):
        told = set()
        for call in (
            asked.get(stranger, name),
            asked.change(stranger, name, OrgChange(name="Mine")),
            asked.change(stranger, name, OrgChange(max_users=9)),
            asked.transfer(stranger, name, stranger.principal.id),
            asked.delete(stranger, name, "smith"),
            asked.restore(stranger, name),
        ):
            told.add(refused(people, "org_not_found", call, NotFound).detail)
        assert len(told) == 1
    assert people.run(asked.get(people.operator, "smith")).name == "Smith"


def test_an_owner_gives_the_org_away(people, smith):
    _, owner = smith
    member = people.member(owner, "member@example.org")
    pending = people.invite(owner, "x@example.org", Role.OWNER)
    people.run(people.identity.orgs.transfer(owner, "smith", member.principal.id))
    assert (role_of(people, owner), role_of(people, member)) == ("admin", "owner")
    # Those who are logged in have their new roles at once.
    assert people.run(people.identity.orgs.mine(owner)).items[0].role is Role.ADMIN
    with pytest.raises(NotFound):
        people.accept(pending)
    again = people.identity.orgs.transfer(
        people.identity.authenticate(people.box.login("owner@smith.example").access_token),
        "smith",
        owner.principal.id,
    )
    refused(people, "role_required", again)


def test_ownership_goes_to_members_only(people, smith):
    org, owner = smith
    member = people.member(owner, "member@example.org")
    _, stranger = people.org("Other")
    give = people.identity.orgs.transfer
    refused(people, "user_not_found", give(owner, org.id, stranger.principal.id))
    refused(people, "owner_already", give(owner, org.id, owner.principal.id))
    refused(people, "role_required", give(member, org.id, member.principal.id))
    people.run(people.identity.users.change(owner, member.principal.id, UserChange(disabled=True)))
    refused(people, "member_disabled", give(owner, org.id, member.principal.id))
    assert role_of(people, owner) == "owner"


def test_the_operator_gives_an_org_whose_owner_is_lost_to_another_member(people, smith):
    _, owner = smith
    member = people.member(owner, "member@example.org")
    second = people.member(owner, "second@example.org", Role.OWNER)
    people.run(people.identity.orgs.transfer(people.operator, "smith", member.principal.id))
    assert [role_of(people, one) for one in (owner, second, member)] == ["admin", "admin", "owner"]


def test_deletion_wants_the_slug_and_an_owner(people, smith):
    org, owner = smith
    admin = people.member(owner, "admin@example.org", Role.ADMIN)
    delete = people.identity.orgs.delete
    refused(people, "role_required", delete(admin, org.id, "smith"))
    refused(people, "confirmation_wrong", delete(owner, org.id, org.id))
    own = people.box.first.user.org
    operator = people.scope(people.box.first)
    refused(people, "own_org", delete(operator, own, "home"), Conflict)
    assert people.run(people.identity.orgs.get(owner, org.id)).delete_after is None


def test_in_the_time_of_grace_only_owners_get_in(people, smith):
    org, owner = smith
    people.box.clock.advance(seconds=1)
    member = people.accept(people.invite(owner, "member@example.org"))
    pending = people.invite(owner, "late@example.org")
    closed = people.run(people.identity.orgs.delete(owner, org.id, "smith"))
    assert closed.delete_after == iso(people.box.clock.ms + GRACE_DAYS * 86_400_000)
    for attempt in (
        lambda: people.scope(member),
        lambda: people.box.refresh(member.refresh_token),
        lambda: people.box.login("member@example.org"),
        lambda: people.accept(pending),
    ):
        with pytest.raises(Forbidden) as caught:
            attempt()
        assert caught.value.code == "org_closing"
    # Who does not know the password learns nothing.
    with pytest.raises(Unauthenticated):
        people.box.login("member@example.org", "not the password")
    people.box.clock.advance(seconds=60)
    again = people.box.login("owner@smith.example")
    assert people.run(people.identity.orgs.delete(people.scope(again), org.id, "smith")) == closed
    opened = people.run(people.identity.orgs.restore(people.scope(again), org.id))
    assert opened.delete_after is None
    assert people.scope(member).org == org.id
    people.box.refresh(member.refresh_token)


def test_what_still_streams_ends_when_the_org_closes(people, smith):
    org, owner = smith
    member = people.member(owner, "member@example.org")
    for closes in (False, True):
        if closes:
            people.run(people.identity.orgs.delete(owner, org.id, "smith"))
        assert member.store.read(lambda view: stands(view, member)) is not closes
        assert owner.store.read(lambda view: stands(view, owner))


def test_a_user_of_several_orgs_is_let_into_one_that_is_open(people, smith):
    org, owner = smith
    people.member(owner, "member@example.org")
    other, boss = people.org("Other")
    people.member(boss, "member@example.org")
    people.run(people.identity.orgs.delete(owner, org.id, "smith"))
    assert people.box.login("member@example.org").user.org == other.id
    with pytest.raises(Forbidden):
        people.box.login("member@example.org", org="smith")


def test_after_the_grace_an_org_is_gone_with_its_people(people, smith):
    org, owner = smith
    people.member(owner, "member@example.org")
    other, boss = people.org("Other")
    people.member(boss, "member@example.org")
    login = people.box.login("owner@smith.example")
    people.run(people.identity.orgs.delete(owner, org.id, "smith"))
    people.box.clock.advance(days=GRACE_DAYS, seconds=-1)
    assert people.identity.orgs.purge() == 0
    people.box.clock.advance(seconds=1)
    refused(people, "grace_over", people.identity.orgs.restore(people.operator, "smith"))
    with pytest.raises(Unauthenticated):
        people.box.login("owner@smith.example")
    with pytest.raises(Unauthenticated):
        people.box.refresh(login.refresh_token)
    assert people.identity.orgs.purge() == 1
    assert people.identity.orgs.purge() == 0
    store = people.box.store
    assert store.read(orgs.find, org.id) is None
    find = accounts.by_email
    assert store.read(lambda view: find(view, "owner@smith.example")) is None
    assert store.read(lambda view: find(view, "member@example.org")).org == other.id
    refused(people, "org_not_found", people.identity.orgs.get(people.operator, "smith"))
    assert people.org("Smith")[0].slug == "smith"


def test_an_owner_who_was_logged_in_is_out_when_the_purge_begins(people, smith):
    org, owner = smith
    people.run(people.identity.orgs.delete(owner, org.id, "smith"))
    people.box.clock.advance(days=GRACE_DAYS, seconds=-60)
    login = people.box.login("owner@smith.example")
    assert people.scope(login).org == org.id
    people.box.clock.advance(seconds=60)
    people.identity.orgs.purge()
    with pytest.raises(Unauthenticated):
        people.scope(login)


def test_everybody_lists_their_own_orgs(people, smith):
    org, owner = smith
    other, boss = people.org("Other")
    both = people.member(owner, "both@example.org", Role.ADMIN)
    people.accept(people.invite(boss, "both@example.org", Role.VIEWER))
    listed = people.run(people.identity.orgs.mine(both)).items
    assert [(one.id, one.role) for one in listed] == [
        (org.id, Role.ADMIN),
        (other.id, Role.VIEWER),
    ]
    people.run(people.identity.users.change(boss, both.principal.id, UserChange(disabled=True)))
    assert [one.id for one in people.run(people.identity.orgs.mine(both)).items] == [org.id]
    local = people.identity.local_scope(0, "other")
    assert [one.slug for one in people.run(people.identity.orgs.mine(local)).items] == ["other"]


def test_login_chooses_an_org_and_a_session_switches(people, smith):
    org, owner = smith
    other, boss = people.org("Other")
    people.member(owner, "both@example.org")
    people.accept(people.invite(boss, "both@example.org", Role.ADMIN))
    assert people.box.login("both@example.org").user.org == org.id
    for name in (other.id, "other"):
        login = people.box.login("both@example.org", org=name)
        assert (login.user.org, login.user.role) == (other.id, Role.ADMIN)
    here = people.scope(people.box.login("both@example.org"))
    there = people.run(people.identity.switch(here, "other"))
    assert people.scope(there).org == other.id
    assert people.scope(there).principal.id == here.principal.id
    for name in ("home", "nobody", people.box.first.user.org, ""):
        if name:
            refused(people, "org_not_found", people.identity.switch(here, name), NotFound)
            with pytest.raises(Unauthenticated):
                people.box.login("both@example.org", org=name)
    refused(people, "user_required", people.identity.switch(people.operator, "other"))


def test_shut_out_of_one_org_is_not_shut_out_of_another(people, smith):
    _, owner = smith
    other, boss = people.org("Other")
    both = people.member(owner, "both@example.org")
    there = people.accept(people.invite(boss, "both@example.org"))
    people.run(people.identity.users.change(owner, both.principal.id, UserChange(disabled=True)))
    assert people.scope(there).org == other.id
    assert people.box.login("both@example.org").user.org == other.id
    with pytest.raises(Unauthenticated):
        people.box.login("both@example.org", org="smith")
    refused(people, "org_not_found", people.identity.switch(people.scope(there), "smith"))
    people.run(people.identity.users.remove(boss, both.principal.id))
    with pytest.raises(Unauthenticated):
        people.scope(there)


def test_a_new_password_ends_the_sessions_in_all_orgs(people, smith):
    _, owner = smith
    _, boss = people.org("Other")
    people.member(owner, "both@example.org")
    people.accept(people.invite(boss, "both@example.org"))
    here, there = (people.box.login("both@example.org", org=name) for name in ("smith", "other"))
    new = "four other words entirely"
    people.run(people.identity.change_password(people.scope(here), PASSWORD, new, ""))
    for login in (here, there):
        with pytest.raises(Unauthenticated):
            people.scope(login)
        with pytest.raises(Unauthenticated):
            people.box.refresh(login.refresh_token)


def test_logout_everywhere_is_in_all_orgs(people, smith):
    _, owner = smith
    _, boss = people.org("Other")
    people.member(owner, "both@example.org")
    there = people.accept(people.invite(boss, "both@example.org"))
    here = people.scope(people.box.login("both@example.org"))
    people.run(people.identity.logout(here, everywhere=True))
    with pytest.raises(Unauthenticated):
        people.scope(there)


def test_the_local_socket_acts_in_the_org_that_it_names(people, smith):
    org, _ = smith
    for name in (org.id, "smith"):
        scope = people.identity.local_scope(0, name)
        assert (scope.org, scope.store.org, scope.operator) == (org.id, org.id, True)
    with pytest.raises(NotFound):
        people.identity.local_scope(0, "nobody")
    with pytest.raises(Forbidden) as caught:
        people.identity.local_scope(4321, "nobody")
    assert caught.value.code == "peer_refused"
